// Prompt look-up decoding (Saxena 2023): the continuation of the last earlier occurrence of the text's end. No model; right where
// texts repeat themselves (code, summaries). Pure. About 100 bytes a token, in typed arrays; appending and removing a token cost the same
// at any length of the text, but for a table that grows: it is copied, one table at a time.

import { hashMore, RunTable } from './run-table.ts';
import type { TokenList } from './token-list.ts';

export interface NgramMatch {
  /** The token that followed. */
  readonly id: number;
  /** Length of the match, in tokens. */
  readonly length: number;
}

const firstCapacity = 64;
/** Rows of a piece of {@link NgramIndex}'s largest array: it grows by pieces, because a copy of all of it would take too long. */
const pieceRows = 512;
/** The first piece begins with so many and doubles: most texts are short. */
const firstRows = 64;

export class NgramIndex {
  readonly #shortestMatch: number;
  readonly #longestMatch: number;
  readonly #hashSeed: number;
  #ids = new Int32Array(firstCapacity);
  #length = 0;
  /** For each run length, the last occurrence of each run. */
  readonly #tables: readonly RunTable[];
  /** For each position and run length: the end of the earlier occurrence of the run that ends there; 0: none. */
  readonly #earlier: Int32Array[] = [];

  /**
   * @param longestMatch runs of this many tokens are looked up first, then shorter ones down to `shortestMatch`
   * @param hashSeed 32 bits; matches do not depend on it. A seed that a writer of texts cannot know keeps him from making slow ones.
   */
  constructor(shortestMatch = 2, longestMatch = 4, hashSeed = 0) {
    this.#shortestMatch = shortestMatch;
    this.#longestMatch = longestMatch;
    this.#hashSeed = hashSeed;
    const runs = Array.from({ length: longestMatch - shortestMatch + 1 }, (_, index) => shortestMatch + index);
    this.#tables = runs.map((run, index) => new RunTable(run, index));
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#ids[index] as number;
  }

  get bytes(): number {
    const tables = this.#tables.reduce((sum, table) => sum + table.bytes, 0);
    const earlier = this.#earlier.reduce((sum, piece) => sum + piece.byteLength, 0);
    return this.#ids.byteLength + earlier + tables;
  }

  /** How many tokens of `ids`, from the first, the index holds. @param known so many are known to be equal */
  sharedPrefix(ids: TokenList, known = 0): number {
    const until = Math.min(ids.length, this.#length);
    let length = Math.min(known, until);
    while (length < until && ids.at(length) === this.#ids[length]) length += 1;
    return length;
  }

  append(id: number): void {
    this.#makeRoom();
    const ids = this.#ids;
    ids[this.#length] = id;
    const end = ++this.#length;
    const earlier = this.#earlier[Math.floor(end / pieceRows)] as Int32Array;
    const row = (end % pieceRows) * this.#tables.length;
    let hash = this.#hashSeed;
    for (let run = 1; run <= this.#longestMatch && run <= end; run++) {
      hash = hashMore(hash, ids[end - run] as number);
      const index = run - this.#shortestMatch;
      if (index < 0) continue;
      earlier[row + index] = (this.#tables[index] as RunTable).put(ids, end, hash, this.#hashSeed);
    }
  }

  truncate(length: number): void {
    const ids = this.#ids;
    for (; this.#length > length; this.#length--) {
      const end = this.#length;
      const earlier = this.#earlier[Math.floor(end / pieceRows)] as Int32Array;
      const row = (end % pieceRows) * this.#tables.length;
      let hash = this.#hashSeed;
      for (let run = 1; run <= this.#longestMatch && run <= end; run++) {
        hash = hashMore(hash, ids[end - run] as number);
        const index = run - this.#shortestMatch;
        if (index < 0) continue;
        (this.#tables[index] as RunTable).remove(ids, end, hash, earlier[row + index] as number, this.#hashSeed);
      }
    }
  }

  /** The most recent continuation of the longest run that occurred before; undefined without one. */
  next(): number | undefined {
    return this.match()?.id;
  }

  /** The same, with the length of the match. */
  match(): NgramMatch | undefined {
    const end = this.#length;
    const pieces = this.#earlier[Math.floor(end / pieceRows)];
    const row = (end % pieceRows) * this.#tables.length;
    for (let run = Math.min(this.#longestMatch, end); run >= this.#shortestMatch; run--) {
      const earlier = pieces?.[row + run - this.#shortestMatch] ?? 0;
      if (earlier !== 0) return { id: this.#ids[earlier] as number, length: run };
    }
    return undefined;
  }

  #makeRoom(): void {
    // Rows are counted by the end of a run, from 1.
    this.#makeRow(this.#length + 1);
    if (this.#length < this.#ids.length) return;
    const ids = new Int32Array(Math.ceil(1.5 * this.#ids.length));
    ids.set(this.#ids);
    this.#ids = ids;
  }
  #makeRow(row: number): void {
    const width = this.#tables.length;
    const piece = Math.floor(row / pieceRows);
    const before = this.#earlier[piece];
    if (before === undefined) {
      this.#earlier.push(new Int32Array((piece === 0 ? firstRows : pieceRows) * width));
    } else if ((row % pieceRows) * width >= before.length) {
      const larger = new Int32Array(2 * before.length);
      larger.set(before);
      this.#earlier[piece] = larger;
    }
  }
}
