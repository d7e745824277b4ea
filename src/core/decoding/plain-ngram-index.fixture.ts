// The plain way to find matches: a map from each run of tokens, as text, to its occurrences. Tests compare NgramIndex with it.

import type { NgramMatch } from './ngram-index.ts';

export class PlainNgramIndex {
  readonly #shortestMatch: number;
  readonly #longestMatch: number;
  readonly #ids: number[] = [];
  /** For each length, the end positions of each run of tokens, ascending, so truncating pops them. */
  readonly #endsOfRuns: readonly Map<string, number[]>[];

  /** @param longestMatch runs of this many tokens are looked up first, then shorter ones down to `shortestMatch` */
  constructor(shortestMatch = 2, longestMatch = 4) {
    this.#shortestMatch = shortestMatch;
    this.#longestMatch = longestMatch;
    this.#endsOfRuns = Array.from({ length: longestMatch + 1 }, () => new Map<string, number[]>());
  }

  get length(): number {
    return this.#ids.length;
  }

  append(id: number): void {
    this.#ids.push(id);
    const end = this.#ids.length;
    for (let run = this.#shortestMatch; run <= Math.min(this.#longestMatch, end); run++) {
      const ends = this.#endsOfRuns[run] as Map<string, number[]>;
      const key = this.#keyAt(end, run);
      const known = ends.get(key);
      if (known === undefined) ends.set(key, [end]);
      else known.push(end);
    }
  }

  truncate(length: number): void {
    for (; this.#ids.length > length; this.#ids.pop()) {
      const end = this.#ids.length;
      for (let run = this.#shortestMatch; run <= Math.min(this.#longestMatch, end); run++) {
        const ends = this.#endsOfRuns[run] as Map<string, number[]>;
        const key = this.#keyAt(end, run);
        const known = ends.get(key) as number[];
        known.pop();
        if (known.length === 0) ends.delete(key);
      }
    }
  }

  /** The most recent continuation of the longest run that occurred before, and the length of that run; undefined without one. */
  match(): NgramMatch | undefined {
    const end = this.#ids.length;
    for (let run = Math.min(this.#longestMatch, end); run >= this.#shortestMatch; run--) {
      // The last occurrence is the text's own end; the one before it has a continuation.
      const earlier = this.#endsOfRuns[run]?.get(this.#keyAt(end, run))?.at(-2);
      if (earlier !== undefined) return { id: this.#ids[earlier] as number, length: run };
    }
    return undefined;
  }

  #keyAt(end: number, runLength: number): string {
    return this.#ids.slice(end - runLength, end).join(' ');
  }
}
