// A queue of items for one reader, as an async iterable. A reader who leaves early (break, return, an exception in the loop) is noticed.

import { badArgument } from '../../core/basics/errors.ts';

export class EmissionQueue<Item> implements AsyncIterable<Item> {
  readonly #items: Item[] = [];
  readonly #left: () => void;
  #wake: (() => void) | null = null;
  #ended = false;
  #error: Error | null = null;
  #isTaken = false;

  /** @param left called when the reader leaves before the end */
  constructor(left: () => void) {
    this.#left = left;
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The reader still gets the items that were pushed before, then the error. */
  fail(error: Error): void {
    this.#error = error;
    this.end();
  }

  /** @throws OutriderError `bad-argument` the second time: the items are gone */
  [Symbol.asyncIterator](): AsyncIterator<Item> {
    if (this.#isTaken) {
      throw badArgument(
        'an answer is iterated a second time',
        'Keep what the first iteration gave, read the text from its report, or ask again.',
      );
    }
    this.#isTaken = true;
    let isOver = false;
    const done = { done: true, value: undefined } as const;
    return {
      next: async () => {
        const item = isOver ? null : await this.#next();
        if (item !== null) return { done: false, value: item.value };
        isOver = true;
        return done;
      },
      return: async () => {
        isOver = true;
        if (!this.#ended) this.#left();
        return done;
      },
    };
  }

  /** Null at the end. @throws the failure, once */
  async #next(): Promise<{ readonly value: Item } | null> {
    for (;;) {
      if (this.#items.length > 0) return { value: this.#items.shift() as Item };
      const error = this.#error;
      this.#error = null;
      if (error !== null) throw error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}
