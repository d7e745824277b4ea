// What a wall bench has found so far, kept in a file, one JSON object a line, so that it can go on another time. The first line says
// what was asked for and on which machine; a record of anything else is refused, never mixed in.

import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { OutriderError } from '../basics/errors.ts';
import type { WallRun } from './bench-modes-wall-run.ts';

const format = 'outrider-bench-modes-wall';
const formatVersion = 1;

/** What the windows are predicted from. */
export interface PilotFigures {
  readonly draftMs: number;
  readonly acceptance: number;
}

export type RecordLine =
  /** What the edge writes alone. */
  | { readonly kind: 'reference'; readonly prompt: string; readonly tokens: readonly number[] }
  | ({ readonly kind: 'figures' } & PilotFigures)
  /** The window that was quickest in a pilot. */
  | { readonly kind: 'window'; readonly cell: string; readonly gamma: number }
  | ({ readonly kind: 'run' } & WallRun);

export class WallRecord {
  readonly #path: string | null;
  readonly #lines: RecordLine[];

  private constructor(path: string | null, lines: RecordLine[]) {
    this.#path = path;
    this.#lines = lines;
  }

  /**
   * @param path null: kept in memory only
   * @param asked all that the figures depend on, as plain data
   * @throws OutriderError `bad-argument` for a file that holds something else
   */
  static async open(path: string | null, asked: object): Promise<WallRecord> {
    if (path === null) return new WallRecord(null, []);
    // As it will be read back.
    const header = JSON.parse(JSON.stringify({ format, version: formatVersion, asked })) as object;
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null || text === '') {
      await write(path, `${JSON.stringify(header)}\n`);
      return new WallRecord(path, []);
    }
    // A line that was cut short is made again.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [first, ...lines] = parse(path, whole);
    checkHeader(path, first, header);
    if (whole !== text) await write(path, whole);
    return new WallRecord(path, lines as RecordLine[]);
  }

  get runs(): WallRun[] {
    return this.#lines.filter((line) => line.kind === 'run');
  }

  get figures(): PilotFigures | undefined {
    return this.#lines.find((line) => line.kind === 'figures');
  }

  reference(prompt: string): readonly number[] | undefined {
    return this.#lines.filter((line) => line.kind === 'reference').find((line) => line.prompt === prompt)?.tokens;
  }

  window(cell: string): number | undefined {
    return this.#lines.filter((line) => line.kind === 'window').find((line) => line.cell === cell)?.gamma;
  }

  async add(line: RecordLine): Promise<void> {
    this.#lines.push(line);
    if (this.#path !== null) await appendFile(this.#path, `${JSON.stringify(line)}\n`);
  }
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new OutriderError('bad-argument', `${path} can't be written`, 'give another file', { cause: error });
  }
}

function parse(path: string, text: string): unknown[] {
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  } catch {
    throw new OutriderError('bad-argument', `${path} is no record of a bench`, 'give another file');
  }
}

function checkHeader(path: string, found: unknown, wanted: object): void {
  if (isDeepStrictEqual(found, wanted)) return;
  const isRecord = typeof found === 'object' && found !== null && 'format' in found && found.format === format;
  if (!isRecord) throw new OutriderError('bad-argument', `${path} is no record of a bench`, 'give another file');
  const keys = differingKeys((found as { asked?: object }).asked ?? {}, (wanted as { asked: object }).asked);
  const cause = `${path} was begun with other settings (${keys.join(', ') || 'its version'})`;
  throw new OutriderError('bad-argument', cause, 'repeat the command that began it, or give another file');
}

function differingKeys(one: object, other: object): string[] {
  const [first, second] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...new Set([...first.keys(), ...second.keys()])].filter(
    (key) => !isDeepStrictEqual(first.get(key), second.get(key)),
  );
}
