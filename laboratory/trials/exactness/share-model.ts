// A part of a model's sequences, for one of several users who do not know of each other.

import { edgeFull } from '../../../src/models/port/item-rules.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { scriptModel } from '../../engine-conformance/scripted.ts';

/** Holds so many of the model's sequences at most, and refuses a further one as an engine does. Closing it closes nothing. */
export function shareModel(model: LanguageModel, sequences: number): LanguageModel {
  let openCount = 0;
  const counted = scriptModel(model, {
    openSequence() {
      if (openCount >= sequences) throw edgeFull(sequences);
      openCount += 1;
    },
    release() {
      openCount -= 1;
    },
  });
  const close = async (): Promise<void> => {};
  return { ...counted, limits: { ...model.limits, maxSequences: sequences }, close, [Symbol.asyncDispose]: close };
}
