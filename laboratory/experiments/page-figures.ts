// Numbers and tables within pages that people write, taken from the documents in bench/ and from their pages in docs/results:
//
//     <!--= bench-felt summary.rankedPolicies 0 -->17<!--/-->                      a number with so many decimals
//     <!--= bench-modes-wall rows[mode=ar,roundTripMs=0].msPerToken 1 -->66.3<!--/-->    the first row whose fields have these values
//     <!-- table bench-felt: Heading of the result page -->                       the first table below this heading
//     <!-- /table -->
//
// `npm run results` fills them, and a test compares them.

const numberForm = /<!--= (\S+) (\S+) (\d+) -->[^<]*<!--\/-->/g;
const tableForm = /<!-- table (\S+?): ([^\n]+?) -->\n[\s\S]*?<!-- \/table -->/g;

/** What the pages take numbers from. */
export interface FigureSource {
  /** Document of this name in bench/; undefined where there is none. */
  document(name: string): unknown;
  /** Text of its page in docs/results; undefined where there is none. */
  page(name: string): string | undefined;
}

/** @returns the page with all its numbers and tables as they are now @throws Error that names what a marker asks for and nobody has */
export function withFigures(page: string, source: FigureSource): string {
  return page
    .replace(numberForm, (_, name: string, path: string, decimals: string) => {
      const value = valueAt(source.document(name), path);
      if (typeof value !== 'number') throw new Error(`no number at ${name} ${path}`);
      return `<!--= ${name} ${path} ${decimals} -->${value.toFixed(Number(decimals))}<!--/-->`;
    })
    .replace(tableForm, (_, name: string, heading: string) => {
      const table = tableBelow(source.page(name) ?? '', heading);
      if (table === undefined) throw new Error(`no table below "${heading}" in ${name}`);
      return `<!-- table ${name}: ${heading} -->\n\n${table}\n\n<!-- /table -->`;
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
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[field] : undefined;
}

function tableBelow(page: string, heading: string): string | undefined {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line));
  const section = end < 0 ? rest : rest.slice(0, end);
  const first = section.findIndex((line) => line.startsWith('|'));
  if (first < 0) return undefined;
  const after = section.slice(first).findIndex((line) => !line.startsWith('|'));
  return section.slice(first, after < 0 ? undefined : first + after).join('\n');
}
