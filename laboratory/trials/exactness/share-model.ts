// A part of a model's sequences, for one of several users who do not know of each other.

import { edgeFull } from '../../../src/models/port/item-rules.ts';
import type { LanguageModel, ModelSequence } from '../../../src/models/port/model.ts';

/** Holds so many of the model's sequences at most, and refuses a further one as an engine does. Closing it closes nothing. */
export function shareModel(model: LanguageModel, sequences: number): LanguageModel {
  let openCount = 0;
  return {
    identity: model.identity,
    tokenizer: model.tokenizer,
    limits: { ...model.limits, maxSequences: sequences },
    ...(model.exactness === undefined ? {} : { exactness: model.exactness }),
    openSequence: () => {
      if (openCount >= sequences) throw edgeFull(sequences);
      const opened = new SharedSequence(model.openSequence(), () => {
        openCount -= 1;
      });
      openCount += 1;
      return opened;
    },
    evaluate: (items) => model.evaluate(items.map((item) => ({ ...item, sequence: innerOf(item.sequence) }))),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

class SharedSequence implements ModelSequence {
  readonly inner: ModelSequence;
  readonly copyFrom?: (other: ModelSequence, length: number) => Promise<void>;
  readonly #onRelease: () => void;

  constructor(inner: ModelSequence, onRelease: () => void) {
    this.inner = inner;
    this.#onRelease = onRelease;
    const copy = inner.copyFrom?.bind(inner);
    if (copy !== undefined) this.copyFrom = (other, length) => copy(innerOf(other), length);
  }

  get length(): number {
    return this.inner.length;
  }

  truncate(length: number): Promise<void> {
    return this.inner.truncate(length);
  }

  async release(): Promise<void> {
    await this.inner.release();
    this.#onRelease();
  }
}

function innerOf(sequence: ModelSequence): ModelSequence {
  return sequence instanceof SharedSequence ? sequence.inner : sequence;
}
