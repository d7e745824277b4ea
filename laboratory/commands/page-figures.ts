// Numbers within pages that people write, taken from the documents in bench/:
//
//     <!--= bench-felt summary.rankedPolicies 0 -->17<!--/-->                      a number with so many decimals
//     <!--= bench-controller summary.processorShare 0 x200 -->165<!--/-->          the same, 200 times as large: an estimate
//     <!--= bench-modes-wall rows[mode=ar,roundTripMs=0].msPerToken 1 -->66.3<!--/-->    the first row whose fields have these values
//
// `npm run results` fills them, and a test compares them.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const numberForm = /<!--= (\S+) (\S+) (\d+)(?: x(\S+))? -->[^<]*<!--\/-->/g;

const root = fileURLToPath(new URL('../../', import.meta.url));

function textOf(path: string): string | undefined {
  return existsSync(root + path) ? readFileSync(root + path, 'utf8') : undefined;
}

/** The document in bench/ of a name. */
const kept = (name: string): unknown => JSON.parse(textOf(`bench/${name}.json`) ?? 'null');

/** @param document of a name @returns the page with its numbers as they are now @throws Error that names a number without a value */
export function withFigures(page: string, document: (name: string) => unknown): string {
  return page.replace(numberForm, (_, name: string, path: string, decimals: string, times?: string) => {
    const value = valueAt(document(name), path);
    if (typeof value !== 'number') throw new Error(`no number at ${name} ${path}`);
    const factor = times === undefined ? '' : ` x${times}`;
    const filled = (value * Number(times ?? 1)).toFixed(Number(decimals));
    return `<!--= ${name} ${path} ${decimals}${factor} -->${filled}<!--/-->`;
  });
}

/** @param path fields with dots between them; `rows[a=1,b=x]` is the first row with these values */
function valueAt(document: unknown, path: string): unknown {
  let value = document;
  for (const [, field = '', conditions] of path.matchAll(/([^.[\]]+)(?:\[([^\]]*)\])?\.?/g)) {
    value = fieldOf(value, field);
    if (conditions === undefined) continue;
    const wanted = conditions.split(',').map((condition) => condition.split('='));
    const rows = Array.isArray(value) ? (value as readonly unknown[]) : [];
    value = rows.find((row) => wanted.every(([name = '', text]) => String(fieldOf(row, name)) === text));
  }
  return value;
}

function fieldOf(value: unknown, field: string): unknown {
  return (Object(value) as Readonly<Record<string, unknown>>)[field];
}

/**
 * README.md and docs/: the path from the root of the clone, the text, and the text with the numbers of bench/.
 * @throws Error as {@link withFigures}, with the page's name
 */
export function pagesWithFigures(): { page: string; text: string; filled: string }[] {
  const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })];
  return pages.toSorted().map((page) => {
    const text = textOf(page) ?? '';
    try {
      return { page, text, filled: withFigures(text, kept) };
    } catch (error) {
      throw new Error(`${page}: ${(error as Error).message}`);
    }
  });
}
