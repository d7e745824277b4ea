// How often the choice of a token depends on the calls of its evaluation: the report of a model that is not exact.

import { appendTokens } from '../port/append-tokens.ts';
import type { LanguageModel } from '../port/model.ts';
import { compareCandidates } from './compare-candidates.ts';
import { sampleTokens } from './sample-text.ts';

const contextTokens = 48;
const positions = 48;
const callSizes = [2, 4, 8];

/** Calls of 2, 4 and 8 rows against calls of one, at temperature 0. */
export async function countChangedChoices(model: LanguageModel): Promise<{ changed: number; compared: number }> {
  const sequence = model.openSequence();
  try {
    const text = sampleTokens(model.tokenizer, contextTokens + positions);
    await appendTokens(model, sequence, text.slice(0, contextTokens));
    const write = async (callSize: number) => {
      await sequence.truncate(contextTokens);
      return await appendTokens(model, sequence, text.slice(contextTokens), { rows: positions, callSize });
    };
    const alone = await write(1);
    let changed = 0;
    for (const callSize of callSizes) changed += compareCandidates(alone, await write(callSize)).changedChoices;
    return { changed, compared: positions * callSizes.length };
  } finally {
    await sequence.release();
  }
}
