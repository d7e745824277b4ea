// A text of token ids as an immutable value. Appending costs O(1) per token, because a text and its extensions share storage.

import { invariant } from '../basics/invariant.ts';

/** Appending to the newest value of a storage reuses the storage; appending to an older value copies it. */
export class TokenText {
  readonly #storage: number[];
  readonly length: number;

  private constructor(storage: number[], length: number) {
    this.#storage = storage;
    this.length = length;
  }

  static of(ids: readonly number[]): TokenText {
    return new TokenText([...ids], ids.length);
  }

  at(position: number): number {
    const id = position < this.length ? this.#storage[position] : undefined;
    invariant(id !== undefined, () => `no token at ${position} of ${this.length}`);
    return id;
  }

  append(ids: readonly number[]): TokenText {
    if (ids.length === 0) return this;
    const isNewest = this.#storage.length === this.length;
    const storage = isNewest ? this.#storage : this.#storage.slice(0, this.length);
    for (const id of ids) storage.push(id);
    return new TokenText(storage, storage.length);
  }

  /** Whether `other` begins with this text; O(1) if they share storage. */
  isPrefixOf(other: TokenText): boolean {
    if (this.length > other.length) return false;
    if (this.#storage === other.#storage) return true;
    for (let position = 0; position < this.length; position += 1) {
      if (this.#storage[position] !== other.#storage[position]) return false;
    }
    return true;
  }

  slice(from: number, to: number = this.length): number[] {
    return this.#storage.slice(from, Math.min(to, this.length));
  }
}
