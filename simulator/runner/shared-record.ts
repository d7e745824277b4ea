// A record of a run that several machines share, in a fleet store. Each unit has a lease: who takes it measures the unit, and writes what it
// found over the lease; all others read that. A lease that stays as it is for too long may be taken by another machine, so a unit can be
// measured twice, but it is found once: the first one written counts for all. The second must be equal, but for the times of its machine;
// otherwise the unit is marked, and every machine that reads it ends.
//
// Keys: `record`, the mark of such a store; `asked.HASH` of the experiment's name, its settings; `unit.HASH` of name and unit, a lease or a
// finding; `part.HASH.N`, pieces of a finding that is too long for one value, under the hash of the whole.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type FleetRecord,
  type FleetStore,
  type Found,
  mostValueLength,
  type Written,
} from '../../src/allocation/fleet/fleet-store.ts';
import type { Clock } from '../../src/core/basics/clock.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';
import { demandRecord, headerOf, type RunRecord } from './run-record.ts';

/** A store with this key holds such records. */
export const recordMark = 'record';

export interface SharedRecordSettings {
  readonly store: FleetStore;
  readonly clock: Clock;
  /** Its address, for people. */
  readonly place: string;
  /** Unique for each process. */
  readonly me: string;
  /** Aborted when the run is to end: a store that does not answer is not waited for any more. */
  readonly signal: AbortSignal;
}

/** A lease is renewed so often, ms. */
const renewEveryMs = 5000;
/**
 * A lease that has not changed for so long may be taken, by the taker's clock, ms. A unit that keeps its process from renewing for longer is
 * measured by others as well, where they have nothing else to do.
 */
const takeOverAfterMs = 30_000;
/** Between two reads of a unit that another machine measures, ms. */
const pauseMs = 1000;
/** What another machine has written may be missing in a copy for so many pauses. */
const readAgainTimes = 20;
/** A request without an answer counts as lost, ms. */
const lostAfterMs = 5000;
/** The store may be out of reach for so long, ms. */
const patienceMs = 120_000;
/** Characters of a text that fits into one value: as JSON each may take two, and its field a few. */
const partLength = mostValueLength / 2 - 48;

/** A text in one value, or in parts. */
type Kept = { readonly found: string } | { readonly hash: string; readonly parts: number };
/** A unit in the store: a lease, what was found, or that several things were found. */
type Stored = { readonly by: string } | Kept | { readonly differs: true };

interface Lease {
  revision: number;
  readonly stop: () => void;
}

export class SharedRecord implements RunRecord {
  readonly place: string;
  readonly #settings: SharedRecordSettings;
  readonly #experiment: string;
  readonly #found = new Map<string, unknown>();
  readonly #mine = new Map<string, Lease>();
  readonly #claimed = new Set<string>();
  /** Leases of others, as they were seen last, and since when. */
  readonly #seen = new Map<string, { readonly revision: number; readonly sinceMs: number }>();

  private constructor(settings: SharedRecordSettings, experiment: string) {
    this.#settings = settings;
    this.#experiment = experiment;
    this.place = settings.place;
  }

  /**
   * @param asked all that the units depend on, as plain data
   * @throws OutriderError `bad-argument` for a record of other settings; `store-unreachable`: the store does not answer
   */
  static async open(settings: SharedRecordSettings, experiment: string, asked: object): Promise<SharedRecord> {
    const record = new SharedRecord(settings, experiment);
    const header = headerOf(experiment, asked);
    const name = `asked.${hashOf(experiment)}`;
    await record.#write(recordMark, 'outrider', 0);
    await record.#write(name, JSON.stringify(await record.#store(JSON.stringify(header))), 0);
    let first = storedIn(await record.#read(name));
    // A copy of the store may lag behind.
    for (let time = 0; time < readAgainTimes && first === null; time += 1) {
      await record.#lag();
      first = storedIn(await record.#read(name));
    }
    demandRecord(settings.place, isFound(first) ? await record.#whole(first) : null, header);
    return record;
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

  async claim(key: string): Promise<boolean> {
    // In this process, a unit with this key is asked for or measured already.
    if (this.#claimed.has(key)) return false;
    this.#claimed.add(key);
    const isMine = await this.#claim(key).catch((error: unknown) => {
      this.#claimed.delete(key);
      throw error;
    });
    if (!isMine) this.#claimed.delete(key);
    return isMine;
  }

  async #claim(key: string): Promise<boolean> {
    const { clock, me } = this.#settings;
    const name = this.#unitName(key);
    const there = await this.#read(name);
    const stored = this.#unitIn(key, there);
    if (isFound(stored)) {
      this.#found.set(key, await this.#whole(stored));
      return false;
    }
    if (there !== null && isLease(stored) && stored.by !== me) {
      const seen = this.#seen.get(key);
      if (seen?.revision !== there.revision) {
        this.#seen.set(key, { revision: there.revision, sinceMs: clock.nowMs() });
        return false;
      }
      if (clock.nowMs() - seen.sinceMs < takeOverAfterMs) return false;
    }
    const revision = await this.#write(name, JSON.stringify({ by: me }), there?.revision ?? 0);
    if (revision === null) return false;
    this.#hold(key, name, revision);
    return true;
  }

  async add(key: string, found: unknown, mayDiffer: readonly string[] = []): Promise<unknown> {
    const name = this.#unitName(key);
    const lease = this.#mine.get(key);
    lease?.stop();
    this.#mine.delete(key);
    try {
      const counts = await this.#keep(key, name, lease?.revision ?? 0, found, mayDiffer);
      this.#found.set(key, counts);
      return counts;
    } finally {
      this.#claimed.delete(key);
    }
  }

  async #keep(
    key: string,
    name: string,
    revision: number,
    found: unknown,
    mayDiffer: readonly string[],
  ): Promise<unknown> {
    const text = JSON.stringify(found ?? null);
    const value = JSON.stringify(await this.#store(text));
    // As the others read it.
    const own: unknown = JSON.parse(text);
    let over = revision;
    while ((await this.#write(name, value, over)) === null) {
      const there = await this.#read(name);
      const stored = this.#unitIn(key, there);
      over = there?.revision ?? 0;
      if (!isFound(stored)) continue;
      const first = await this.#whole(stored);
      if (isDeepStrictEqual(without(mayDiffer, own), without(mayDiffer, first))) return first;
      await this.#patiently<Written>((answered) =>
        this.#settings.store.put(name, JSON.stringify({ differs: true }), answered),
      );
      throw this.#differing(key);
    }
    return own;
  }

  /** @throws OutriderError `findings-differ` */
  #unitIn(key: string, there: FleetRecord | null): Exclude<Stored, { differs: true }> | null {
    const stored = storedIn(there);
    if (stored !== null && 'differs' in stored) throw this.#differing(key);
    return stored;
  }

  #differing(key: string): OutriderError {
    return new OutriderError(
      'findings-differ',
      `"${key}" of ${this.#experiment} was measured twice for ${this.place}, and found differently`,
      'take machines with one Node and one kind of processor, and a record of another name; if it happens again, report it',
    );
  }

  async release(key: string): Promise<void> {
    const lease = this.#mine.get(key);
    if (lease === undefined) return;
    lease.stop();
    this.#mine.delete(key);
    this.#claimed.delete(key);
    const name = this.#unitName(key);
    const release = (revision: number): Promise<Written | null> =>
      this.#ask<Written>((answer) => this.#settings.store.release(name, revision, answer));
    if ((await release(lease.revision))?.kind !== 'refused') return;
    // A renewal may have been on its way.
    const there = await this.#read(name);
    const stored = storedIn(there);
    if (there !== null && isLease(stored) && stored.by === this.#settings.me) await release(there.revision);
  }

  pause(): Promise<void> {
    return this.#wait(pauseMs);
  }

  #unitName(key: string): string {
    return `unit.${hashOf(`${this.#experiment}\n${key}`)}`;
  }

  /** What another one has written is not seen yet. @throws the reason of the signal */
  async #lag(): Promise<void> {
    this.#settings.signal.throwIfAborted();
    await this.pause();
  }

  #hold(key: string, name: string, revision: number): void {
    const { store, clock, me } = this.#settings;
    const lease = { revision, stop: (): void => cancel() };
    const renew = (): void => {
      cancel = clock.after(renewEveryMs, renew);
      store.renew(name, JSON.stringify({ by: me }), lease.revision, (answer) => {
        if (answer.kind === 'done') lease.revision = answer.revision;
      });
    };
    let cancel = clock.after(renewEveryMs, renew);
    this.#mine.set(key, lease);
  }

  /** A long text goes into parts, which are there before anything names them. */
  async #store(text: string): Promise<Kept> {
    if (text.length <= partLength) return { found: text };
    const hash = hashOf(text);
    const parts = Math.ceil(text.length / partLength);
    for (let part = 0; part < parts; part += 1) {
      const value = text.slice(part * partLength, (part + 1) * partLength);
      await this.#patiently((answer) => this.#settings.store.put(`part.${hash}.${part}`, value, answer));
    }
    return { hash, parts };
  }

  async #whole(stored: Kept): Promise<unknown> {
    if ('found' in stored) return JSON.parse(stored.found);
    const { hash, parts } = stored;
    let text = await this.#joined(hash, parts);
    for (let time = 0; time < readAgainTimes && hashOf(text) !== hash; time += 1) {
      await this.#lag();
      text = await this.#joined(hash, parts);
    }
    if (hashOf(text) !== hash) {
      const cause = `a finding in ${this.place} is not what was written there`;
      throw new OutriderError('bad-argument', cause, 'begin a record of another name');
    }
    return JSON.parse(text);
  }

  async #joined(hash: string, parts: number): Promise<string> {
    let text = '';
    for (let part = 0; part < parts; part += 1) text += (await this.#read(`part.${hash}.${part}`))?.value ?? '';
    return text;
  }

  async #read(name: string): Promise<FleetRecord | null> {
    const answer = await this.#patiently<Found>((answered) => this.#settings.store.get(name, answered));
    return answer.kind === 'found' ? answer.record : null;
  }

  /** @param over as of the store @returns the revision; null: something else is there. A write whose answer was lost counts as done. */
  async #write(name: string, value: string, over: number): Promise<number | null> {
    const answer = await this.#patiently<Written>((answered) =>
      this.#settings.store.acquire(name, value, over, answered),
    );
    if (answer.kind === 'done') return answer.revision;
    const there = await this.#read(name);
    return there?.value === value ? there.revision : null;
  }

  /** Asks again while the store is out of reach. @throws OutriderError its failure, after two minutes */
  async #patiently<Answer extends Written | Found>(ask: (answered: (answer: Answer) => void) => void): Promise<Answer> {
    const { clock } = this.#settings;
    const untilMs = clock.nowMs() + patienceMs;
    for (;;) {
      const answer = await this.#ask(ask);
      if (answer !== null && answer.kind !== 'failed') return answer;
      this.#settings.signal.throwIfAborted();
      if (clock.nowMs() > untilMs) throw lost(this.place, answer?.error);
      await this.#wait(pauseMs);
    }
  }

  /** @returns null: no answer came */
  #ask<Answer>(ask: (answered: (answer: Answer) => void) => void): Promise<Answer | null> {
    return new Promise((resolve) => {
      const cancel = this.#settings.clock.after(lostAfterMs, () => resolve(null));
      ask((answer) => {
        cancel();
        resolve(answer);
      });
    });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#settings.clock.after(ms, resolve));
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Null: there is nothing, or its lease is released. */
function storedIn(record: FleetRecord | null): Stored | null {
  return record === null || record.value === '' ? null : (parsed(record.value) as Stored);
}

function isLease(stored: Stored | null): stored is { readonly by: string } {
  return stored !== null && 'by' in stored;
}

function isFound(stored: Stored | null): stored is Kept {
  return stored !== null && ('found' in stored || 'hash' in stored);
}

function without(keys: readonly string[], found: unknown): unknown {
  if (typeof found !== 'object' || found === null || keys.length === 0) return found;
  return Object.fromEntries(Object.entries(found).filter(([key]) => !keys.includes(key)));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param failure the last answer; undefined: none has come */
function lost(place: string, failure: OutriderError | undefined): OutriderError {
  const {
    code = 'store-unreachable',
    message = `${place} does not answer`,
    remedy = 'start the store',
  } = failure ?? {};
  return new OutriderError(code, message, `${remedy}; then give the same command again: what was found stays there`);
}
