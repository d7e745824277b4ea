// How often the answer contains each token, for penalties. At a row: the committed ids of the answer and the drafts before that
// row; never the prompt.

import type { Sampling } from './sampling.ts';

/** The input of penalties; a `Map` is one. */
export interface TokenCounts {
  /** Occurrences of `id`; undefined or 0 if there are none. */
  get(id: number): number | undefined;
}

/** Without a penalty no counts are needed. */
export function penaltiesActive(sampling: Sampling): boolean {
  return sampling.presencePenalty !== 0 || sampling.frequencyPenalty !== 0 || sampling.repetitionPenalty !== 1;
}

/** Counts that follow a text: push a token when it is drafted or committed, truncate on a rollback. */
export class RunningCounts implements TokenCounts {
  readonly #ids: number[] = [];
  readonly #counts = new Map<number, number>();

  constructor(ids: Iterable<number> = []) {
    for (const id of ids) this.push(id);
  }

  get length(): number {
    return this.#ids.length;
  }

  get(id: number): number | undefined {
    return this.#counts.get(id);
  }

  push(id: number): void {
    this.#ids.push(id);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** Forgets the tokens from `length` on. */
  truncate(length: number): void {
    while (this.#ids.length > length) {
      const id = this.#ids.pop() as number;
      const count = (this.#counts.get(id) as number) - 1;
      if (count === 0) this.#counts.delete(id);
      else this.#counts.set(id, count);
    }
  }
}

/** The counts of a text and the first `draftCount` drafts after it, as a view without a copy. For few drafts. */
export function countsWithDrafts(base: TokenCounts, drafts: readonly number[], draftCount: number): TokenCounts {
  if (draftCount === 0) return base;
  return {
    get(id: number): number {
      let count = base.get(id) ?? 0;
      for (let index = 0; index < draftCount; index++) if (drafts[index] === id) count++;
      return count;
    },
  };
}
