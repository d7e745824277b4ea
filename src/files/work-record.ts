// What long work has found so far, kept in a file, one JSON object a line, so that it can go on another time. The first line says what
// was asked for; a record of anything else is refused, never mixed in.

import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { OutriderError } from '../basics/errors.ts';

const formatVersion = 1;
const anotherFile = 'give another file';

export interface WorkRecordKind {
  /** Of the first line: "outrider-bench-modes-wall". */
  readonly format: string;
  /** What messages call the file: "record of a bench". */
  readonly name: string;
  /** How to begin anew; default "give another file". */
  readonly elsewhere?: string;
}

export class WorkRecord<Line extends object> {
  readonly #path: string | null;
  readonly #lines: Line[];

  private constructor(path: string | null, lines: Line[]) {
    this.#path = path;
    this.#lines = lines;
  }

  /**
   * @param path null: kept in memory only
   * @param asked all that the lines depend on, as plain data
   * @throws OutriderError `bad-argument` for a file that holds something else
   */
  static async open<Line extends object>(
    path: string | null,
    kind: WorkRecordKind,
    asked: object,
  ): Promise<WorkRecord<Line>> {
    if (path === null) return new WorkRecord<Line>(null, []);
    // As it will be read back.
    const header = JSON.parse(JSON.stringify({ format: kind.format, version: formatVersion, asked })) as object;
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null || text === '') {
      await write(path, kind, `${JSON.stringify(header)}\n`);
      return new WorkRecord<Line>(path, []);
    }
    // A line that was cut short is made again.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [first, ...lines] = parse(path, whole, kind);
    checkHeader(path, first, header, kind);
    if (whole !== text) await write(path, kind, whole);
    return new WorkRecord(path, lines as Line[]);
  }

  get lines(): readonly Line[] {
    return this.#lines;
  }

  async add(line: Line): Promise<void> {
    this.#lines.push(line);
    if (this.#path !== null) await appendFile(this.#path, `${JSON.stringify(line)}\n`);
  }
}

async function write(path: string, { elsewhere = anotherFile }: WorkRecordKind, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new OutriderError('bad-argument', `${path} can't be written`, elsewhere, { cause: error });
  }
}

function parse(path: string, text: string, { name, elsewhere = anotherFile }: WorkRecordKind): unknown[] {
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  } catch {
    throw new OutriderError('bad-argument', `${path} is no ${name}`, elsewhere);
  }
}

function checkHeader(
  path: string,
  found: unknown,
  wanted: object,
  { format, name, elsewhere = anotherFile }: WorkRecordKind,
): void {
  if (isDeepStrictEqual(found, wanted)) return;
  const isRecord = typeof found === 'object' && found !== null && 'format' in found && found.format === format;
  if (!isRecord) throw new OutriderError('bad-argument', `${path} is no ${name}`, elsewhere);
  const keys = differingKeys((found as { asked?: object }).asked ?? {}, (wanted as { asked: object }).asked);
  const cause = `${path} was begun with other settings (${keys.join(', ') || 'its version'})`;
  throw new OutriderError('bad-argument', cause, `repeat the command that began it, or ${elsewhere}`);
}

function differingKeys(one: object, other: object): string[] {
  const [first, second] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...new Set([...first.keys(), ...second.keys()])].filter(
    (key) => !isDeepStrictEqual(first.get(key), second.get(key)),
  );
}
