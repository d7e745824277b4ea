// The usage of keys on disk: what an edge must not forget, however it ends. Read when it starts, and replaced whole while it runs. It holds
// no time: a quota comes back only while its edge runs, so a clock that is wrong, or jumps, changes nothing.

import { readFile, realpath, rename, stat } from 'node:fs/promises';
import type { Clock } from '../core/basics/clock.ts';
import { asOutriderError, badArgument, type ErrorCode, OutriderError } from '../core/basics/errors.ts';
import { type KeptKey, RowQuotas } from '../core/protocol/edge/row-quotas.ts';
import { replaceFile } from './private-file.ts';

export interface UsageSettings {
  readonly clock: Clock;
  /** Keys whose rows are counted, by id. */
  readonly isCounted: (id: string) => boolean;
  /** Called with each new cause why usage is not kept, and with null when it is again. */
  readonly onState: (error: OutriderError | null) => void;
  /** Default 5,000. */
  readonly everyMs?: number;
}

const format = 'outrider-usage';
const formatVersion = 1;
const usualEveryMs = 5000;

/** @returns null: there is no such file @throws OutriderError `usage-unreadable`, `version-mismatch`, `bad-argument` */
export async function readUsage(path: string): Promise<readonly KeptKey[] | null> {
  const ifThere = ({ code }: NodeJS.ErrnoException): null => {
    if (code === 'ENOENT') return null;
    throw badArgument(`${path} can't be read: ${code}`, 'check its permissions, or name another file');
  };
  // A pipe would never end.
  const status = await stat(path).catch(ifThere);
  if (status?.isFile() === false) throw badArgument(`${path} is no file`, 'name a file, or one that is not there yet');
  const text = status === null ? null : await readFile(path, 'utf8').catch(ifThere);
  if (text === null) return null;
  const refuse = (code: ErrorCode, why: string): OutriderError =>
    new OutriderError(code, `${path} ${why}`, 'put back a copy, use the outrider that wrote it, or go on from zero');
  let file: Readonly<Record<string, unknown>>;
  try {
    file = Object(JSON.parse(text));
  } catch {
    throw refuse('usage-unreadable', 'is no file of usage: not JSON');
  }
  const { keys } = file;
  if (file['format'] !== format)
    throw badArgument(`${path} is no file of usage: its format is not "${format}"`, 'name another file');
  if (file['version'] !== formatVersion)
    throw refuse(
      'version-mismatch',
      `has version ${file['version']} of the format; this outrider reads ${formatVersion}`,
    );
  if (!Array.isArray(keys) || !keys.every(isKept))
    throw refuse('usage-unreadable', 'is no file of usage: its keys are not as they were written');
  return keys;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isKept(value: unknown): value is KeptKey {
  const { key, rows, quota } = Object(value) as Partial<KeptKey>;
  if (typeof key !== 'string' || !isCount(rows)) return false;
  if (quota === undefined) return true;
  const { rowsPerMinute, leftRows, unsentRows } = Object(quota) as NonNullable<KeptKey['quota']>;
  return isCount(rowsPerMinute) && rowsPerMinute > 0 && Number.isSafeInteger(leftRows) && isCount(unsentRows);
}

/** Follows what the keys of one edge use. */
export class UsageFile implements AsyncDisposable {
  readonly quotas: RowQuotas;
  readonly #path: string;
  readonly #settings: UsageSettings;
  #stamp: string;
  #written = '';
  #failure: OutriderError | null = null;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, settings: UsageSettings, kept: readonly KeptKey[], stamp: string) {
    this.#path = path;
    this.#settings = settings;
    this.#stamp = stamp;
    this.quotas = new RowQuotas(settings.isCounted, kept, settings.clock.nowMs());
  }

  /**
   * Begins a file that is not there. A damaged one, or one of another version, is put aside under another name: `onState` gets the error,
   * and usage begins at zero. A full disk is no reason not to start.
   * @throws OutriderError `bad-argument`: the file can't be read or written
   */
  static async open(named: string, settings: UsageSettings): Promise<UsageFile> {
    const path = await realpath(named).catch(() => named);
    const stamp = await stampOf(path);
    const kept = await readUsage(path).catch(async (error: OutriderError) => {
      if (error.code === 'bad-argument') throw error;
      const aside = await freeName(`${path}.unreadable`);
      await rename(path, aside).catch(({ code }: NodeJS.ErrnoException) => {
        throw badArgument(`${path} can't be put aside: ${code}`, 'check the folder and its permissions');
      });
      const cause = `${error.message}; it is ${aside} now, and usage begins at zero`;
      settings.onState(new OutriderError(error.code, cause, error.remedy));
      return null;
    });
    const usage = new UsageFile(path, settings, kept ?? [], stamp);
    const failure = await usage.#write().then(() => null, asOutriderError);
    if (failure?.code === 'bad-argument') throw failure;
    usage.#note(failure);
    usage.#schedule();
    return usage;
  }

  /** Writes what has been used until now, the first time. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    await this.#keep();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#writing = this.#keep().then(() => {
        if (this.#timer !== undefined) this.#schedule();
      });
    }, this.#settings.everyMs ?? usualEveryMs).unref();
  }

  async #keep(): Promise<void> {
    this.#note(await this.#write().then(() => null, asOutriderError));
  }

  #note(failure: OutriderError | null): void {
    if (failure?.message !== this.#failure?.message) this.#settings.onState(failure);
    this.#failure = failure;
  }

  async #write(): Promise<void> {
    const { clock } = this.#settings;
    const text = `${JSON.stringify({ format, version: formatVersion, keys: this.quotas.kept(clock.nowMs()) })}\n`;
    if (text === this.#written) return;
    const stamp = await stampOf(this.#path);
    // Somebody may delete it: it is begun again.
    if (stamp !== '' && stamp !== this.#stamp)
      throw badArgument(`${this.#path} was written by another process`, 'give each edge a file of its own (--usage)');
    await replaceFile(this.#path, text);
    this.#stamp = await stampOf(this.#path);
    this.#written = text;
  }
}

/** @returns a path where nothing is: the given one, or with a number after it */
async function freeName(path: string): Promise<string> {
  let free = path;
  for (let count = 2; (await stampOf(free)) !== ''; count += 1) free = `${path}.${count}`;
  return free;
}

/** Another for each replacement; '' while there is none. */
async function stampOf(path: string): Promise<string> {
  const status = await stat(path, { bigint: true }).catch(() => null);
  return status === null ? '' : `${status.ino} ${status.mtimeNs}`;
}
