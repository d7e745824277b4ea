// A text of token ids as an immutable value. Appending costs O(1) per token, because a text and its extensions share storage.

import { invariant } from '../basics/invariant.ts';
import { RunningCounts, type TokenCounts } from './token-counts.ts';

/** What a text and its extensions share. */
interface Storage {
  readonly ids: number[];
  /** How often ids occur from `start` on, up to some length; the next reader moves it to the length of its own text. */
  counts: { readonly start: number; readonly running: RunningCounts } | null;
}

/** Appending to the newest value of a storage reuses the storage; appending to an older value copies it. */
export class TokenText {
  readonly #storage: Storage;
  readonly length: number;

  private constructor(storage: Storage, length: number) {
    this.#storage = storage;
    this.length = length;
  }

  static of(ids: readonly number[]): TokenText {
    return new TokenText({ ids: [...ids], counts: null }, ids.length);
  }

  at(position: number): number {
    const id = position < this.length ? this.#storage.ids[position] : undefined;
    invariant(id !== undefined, () => `no token at ${position} of ${this.length}`);
    return id;
  }

  append(ids: readonly number[]): TokenText {
    if (ids.length === 0) return this;
    const isNewest = this.#storage.ids.length === this.length;
    const storage = isNewest ? this.#storage : { ids: this.#storage.ids.slice(0, this.length), counts: null };
    for (const id of ids) storage.ids.push(id);
    return new TokenText(storage, storage.ids.length);
  }

  /** Whether `other` begins with this text; O(1) if they share storage. */
  isPrefixOf(other: TokenText): boolean {
    if (this.length > other.length) return false;
    if (this.#storage === other.#storage) return true;
    const [ids, others] = [this.#storage.ids, other.#storage.ids];
    for (let position = 0; position < this.length; position += 1) {
      if (ids[position] !== others[position]) return false;
    }
    return true;
  }

  /** Number of tokens from the start that equal those of `ids`, at most `limit`. @param known so many are known to be equal */
  sharedWith(ids: readonly number[], limit: number, known = 0): number {
    const own = this.#storage.ids;
    const until = Math.min(ids.length, this.length, limit);
    let length = Math.min(known, until);
    while (length < until && ids[length] === own[length]) length += 1;
    return length;
  }

  slice(from: number, to: number = this.length): number[] {
    return this.#storage.ids.slice(from, Math.min(to, this.length));
  }

  /**
   * How often the text has each id from `start` on. It is a function of this value alone, whatever is appended later; for the newest
   * value of a storage it costs O(1) for each token that was appended since the last call.
   */
  countsFrom(start: number): TokenCounts {
    const storage = this.#storage;
    if (storage.counts?.start !== start) storage.counts = { start, running: new RunningCounts() };
    const { running } = storage.counts;
    const count = Math.max(0, this.length - start);
    return {
      get(id: number): number | undefined {
        running.truncate(count);
        while (running.length < count) running.push(storage.ids[start + running.length] as number);
        return running.get(id);
      },
    };
  }
}
