// A model whose calls take time, fail, hang, or return too few rows, as a script sets. For tests and trials: with an engine that answers
// at once, no message can arrive during a step.

import type { Candidates } from '../../src/core/decoding/candidates.ts';
import type { EvaluateItem, LanguageModel, ModelSequence } from '../../src/models/port/model.ts';

/** Called around the work of the inner model. What a function throws, or rejects with, is the model's failure. */
export interface ModelScript {
  /** The work begins when this has resolved: it takes time, or hangs, as long as this does. @param call number of the call, from 1 */
  readonly beforeEvaluate?: (items: readonly EvaluateItem[], call: number) => Promise<void> | void;
  /** The work is done, so the sequences have the tokens. @returns what the model gives as its result */
  readonly afterEvaluate?: (results: Candidates[][], items: readonly EvaluateItem[], call: number) => Candidates[][];
  readonly openSequence?: () => void;
  readonly truncate?: (sequence: ModelSequence, length: number) => Promise<void> | void;
  readonly release?: (sequence: ModelSequence) => Promise<void> | void;
}

/** Everything but the script is the inner model's; closing closes it. */
export function scriptModel(inner: LanguageModel, script: ModelScript): LanguageModel {
  const innerOf = new Map<ModelSequence, ModelSequence>();
  const toInner = (item: EvaluateItem): EvaluateItem => ({
    ...item,
    sequence: innerOf.get(item.sequence) ?? item.sequence,
  });
  const running = new Set<Promise<unknown>>();
  let calls = 0;
  const evaluate: LanguageModel['evaluate'] = async (items) => {
    const call = ++calls;
    await script.beforeEvaluate?.(items, call);
    const results = await inner.evaluate(items.map(toInner));
    return script.afterEvaluate?.(results, items, call) ?? results;
  };
  const close = async (): Promise<void> => {
    await Promise.allSettled(running);
    await inner.close();
  };
  return {
    ...inner,
    openSequence() {
      script.openSequence?.();
      const sequence = inner.openSequence();
      const own: ModelSequence = {
        get length() {
          return sequence.length;
        },
        async truncate(length) {
          await script.truncate?.(own, length);
          await sequence.truncate(length);
        },
        ...(sequence.copyFrom === undefined
          ? {}
          : { copyFrom: async (other, length) => await sequence.copyFrom?.(innerOf.get(other) ?? other, length) }),
        async release() {
          await script.release?.(own);
          innerOf.delete(own);
          await sequence.release();
        },
      };
      innerOf.set(own, sequence);
      return own;
    },
    evaluate(items) {
      const work = evaluate(items);
      running.add(work);
      const done = (): void => void running.delete(work);
      work.then(done, done);
      return work;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
