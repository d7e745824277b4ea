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

export class NgramIndex {
  readonly #shortestMatch: number;
  readonly #longestMatch: number;
  readonly #hashSeed: number;
  #ids = new Int32Array(firstCapacity);
  #length = 0;
  /** For each run length, the last occurrence of each run. */
  readonly #tables: readonly RunTable[];
  /** For each position and run length: the end of the earlier occurrence of the run that ends there; 0: none. */
  #earlier: Int32Array;

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
    this.#earlier = new Int32Array(firstCapacity * runs.length);
  }

  get length(): number {
    return this.#length;
  }

  /** Size of the arrays. */
  get bytes(): number {
    const tables = this.#tables.reduce((sum, table) => sum + table.bytes, 0);
    return this.#ids.byteLength + this.#earlier.byteLength + tables;
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
    this.#ids[this.#length] = id;
    const end = ++this.#length;
    const runCount = this.#tables.length;
    this.#eachRun(end, (table, index, hash) => {
      this.#earlier[end * runCount + index] = table.put(this.#ids, end, hash, this.#hashSeed);
    });
  }

  truncate(length: number): void {
    const runCount = this.#tables.length;
    for (; this.#length > length; this.#length--) {
      const end = this.#length;
      this.#eachRun(end, (table, index, hash) => {
        table.remove(this.#ids, end, hash, this.#earlier[end * runCount + index] as number, this.#hashSeed);
      });
    }
  }

  /** The most recent continuation of the longest run that occurred before; undefined without one. */
  next(): number | undefined {
    return this.match()?.id;
  }

  /** The same, with the length of the match. */
  match(): NgramMatch | undefined {
    const end = this.#length;
    const first = end * this.#tables.length;
    for (let run = Math.min(this.#longestMatch, end); run >= this.#shortestMatch; run--) {
      const earlier = this.#earlier[first + run - this.#shortestMatch] as number;
      if (earlier !== 0) return { id: this.#ids[earlier] as number, length: run };
    }
    return undefined;
  }

  /** Calls back for each run that ends at `end`, from the shortest. */
  #eachRun(end: number, act: (table: RunTable, index: number, hash: number) => void): void {
    let hash = this.#hashSeed;
    for (let run = 1; run <= this.#longestMatch && run <= end; run++) {
      hash = hashMore(hash, this.#ids[end - run] as number);
      const table = this.#tables[run - this.#shortestMatch];
      if (table !== undefined) act(table, run - this.#shortestMatch, hash);
    }
  }

  #makeRoom(): void {
    // One row more than tokens: rows are counted by the end of a run, from 1.
    if (this.#length + 2 <= this.#ids.length) return;
    const capacity = Math.ceil(1.5 * this.#ids.length);
    this.#ids = grown(this.#ids, capacity);
    this.#earlier = grown(this.#earlier, capacity * this.#tables.length);
  }
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
