// What a draft costs beside its target on this machine: one token of each in turn, one thread, so that whatever slows the machine slows
// both.

import { median } from '../basics/statistics.ts';
import type { LanguageModel, ModelSequence } from '../models/model.ts';
import { variedTokens } from '../models/shape-check.ts';

/** Both cost more with a longer text, the target by more. */
const textTokens = 256;

export interface DraftCost {
  /** Medians, ms of a step of one token. */
  readonly draftMs: number;
  readonly targetMs: number;
  readonly costRatio: number;
}

/** @param models with a free sequence each, of at least 320 tokens */
export async function measureCost(
  models: { readonly target: LanguageModel; readonly draft: LanguageModel },
  repeats: number,
  onProgress?: (done: number, total: number) => void,
): Promise<DraftCost> {
  const text = variedTokens(models.target, textTokens + 1);
  const times = { target: [] as number[], draft: [] as number[] };
  const sequences = { target: models.target.openSequence(), draft: models.draft.openSequence() };
  try {
    for (const side of ['target', 'draft'] as const)
      await read(models[side], sequences[side], text.slice(0, textTokens));
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const side of ['target', 'draft'] as const) {
        const startMs = performance.now();
        await models[side].evaluate([{ sequence: sequences[side], tokens: text.slice(textTokens), rows: 1 }]);
        times[side].push(performance.now() - startMs);
        await sequences[side].truncate(textTokens);
      }
      onProgress?.(repeat + 1, repeats);
    }
  } finally {
    await sequences.target.release();
    await sequences.draft.release();
  }
  const [targetMs, draftMs] = [median(times.target), median(times.draft)];
  return { draftMs, targetMs, costRatio: draftMs / targetMs };
}

async function read(model: LanguageModel, sequence: ModelSequence, tokens: readonly number[]): Promise<void> {
  const { maxItemTokens } = model.limits;
  for (let at = 0; at < tokens.length; at += maxItemTokens) {
    await model.evaluate([{ sequence, tokens: tokens.slice(at, at + maxItemTokens), rows: 0 }]);
  }
}
