// What an experiment has found so far, so that it need not be measured again: the port, and a file. The file has one JSON object a line: the
// first holds the settings of the run, each other one has the key of a unit and what the unit found. A record of anything else is refused,
// never mixed in.

import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { badArgument, type OutriderError } from '../../src/core/basics/errors.ts';

const format = 'outrider-record';
const formatVersion = 2;
const anotherFile = 'give another file, directory or record';

/** Where findings are kept. */
export interface RunRecord {
  /** For people; null: nowhere. */
  readonly place: string | null;
  /** Units that it is known to have. */
  readonly size: number;
  has(key: string): boolean;
  get(key: string): unknown;
  /** @returns whether the caller is to measure the unit; false: `has` is true now, or another process measures it */
  claim(key: string): Promise<boolean>;
  /**
   * For a claimed unit.
   * @param mayDiffer keys of what was found that another process may find otherwise
   * @returns what counts: where another process was sooner, its finding
   * @throws OutriderError `findings-differ`: another process has found something else
   */
  add(key: string, found: unknown, mayDiffer?: readonly string[]): Promise<unknown>;
  /** A claimed unit is not measured after all. */
  release(key: string): Promise<void>;
  /** The time until it is worth asking again for a unit that another process measures. */
  pause(): Promise<void>;
}

/** Opens the record of an experiment. @param asked all that the units depend on, as plain data */
export type OpenRecord = (experiment: string, asked: object) => Promise<RunRecord>;

export interface Header {
  readonly format: string;
  readonly version: number;
  readonly experiment: string;
  readonly asked: object;
}

interface Line {
  readonly key: string;
  readonly found: unknown;
}

export class FileRecord implements RunRecord {
  readonly place: string | null;
  readonly #found: Map<string, unknown>;

  private constructor(path: string | null, lines: readonly Line[]) {
    this.place = path;
    this.#found = new Map(lines.map(({ key, found }) => [key, found]));
  }

  /**
   * @param path null: kept in memory only
   * @param asked all that the units depend on, as plain data
   * @throws OutriderError `bad-argument` for a file that holds something else
   */
  static async open(path: string | null, experiment: string, asked: object): Promise<FileRecord> {
    if (path === null) return new FileRecord(null, []);
    const header = headerOf(experiment, asked);
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text === '') {
      await write(path, `${JSON.stringify(header)}\n`);
      return new FileRecord(path, []);
    }
    // A line that was cut short is measured again.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [first, ...lines] = parse(path, whole);
    demandRecord(path, first, header);
    if (whole !== text) await write(path, whole);
    return new FileRecord(path, lines as Line[]);
  }

  get size(): number {
    return this.#found.size;
  }

  has(key: string): boolean {
    return this.#found.has(key);
  }

  get(key: string): unknown {
    return this.#found.get(key);
  }

  claim(key: string): Promise<boolean> {
    return Promise.resolve(!this.has(key));
  }

  async add(key: string, found: unknown): Promise<unknown> {
    const line = this.place === null ? null : JSON.stringify({ key, found });
    // As it will be read back: JSON has null in the place of NaN.
    const kept = line === null ? found : (JSON.parse(line) as { readonly found: unknown }).found;
    this.#found.set(key, kept);
    if (this.place !== null) await appendFile(this.place, `${line}\n`);
    return kept;
  }

  async release(): Promise<void> {}

  async pause(): Promise<void> {}
}

/** As it will be read back. */
export function headerOf(experiment: string, asked: object): Header {
  return JSON.parse(JSON.stringify({ format, version: formatVersion, experiment, asked })) as Header;
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw badArgument(`${path} can't be written`, anotherFile, { cause: error });
  }
}

function parse(path: string, text: string): unknown[] {
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  } catch {
    throw noRecord(path, '');
  }
}

/** @param place for the message @throws OutriderError `bad-argument`: what was found begins another record, or none */
export function demandRecord(place: string, found: unknown, wanted: Header): void {
  if (isDeepStrictEqual(found, wanted)) return;
  const header = (typeof found === 'object' ? found : null) as Partial<Header> | null;
  if (header?.format !== format || header.experiment !== wanted.experiment) throw noRecord(place, wanted.experiment);
  demandSameSettings(place, header.asked ?? {}, wanted.asked);
  throw begunOtherwise(place, ['its version']);
}

/** @param what for the message @throws OutriderError `bad-argument` that names the settings that differ */
export function demandSameSettings(what: string, before: object, now: object): void {
  // As they are read back.
  const keys = differingKeys(before, JSON.parse(JSON.stringify(now)) as object);
  if (keys.length > 0) throw begunOtherwise(what, keys);
}

function begunOtherwise(what: string, keys: readonly string[]): OutriderError {
  const cause = `${what} was begun with other settings (${keys.join(', ')})`;
  // What the command can't repeat.
  const isElsewhere = keys.every((key) => key === 'version' || key === 'machine');
  return badArgument(cause, isElsewhere ? anotherFile : `repeat the command that began it, or ${anotherFile}`);
}

function noRecord(path: string, experiment: string): OutriderError {
  const of = experiment === '' ? '' : ` of "${experiment}"`;
  return badArgument(`${path} is no record${of}`, anotherFile);
}

function differingKeys(one: object, other: object): string[] {
  const [first, second] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...new Set([...first.keys(), ...second.keys()])].filter(
    (key) => !isDeepStrictEqual(first.get(key), second.get(key)),
  );
}
