// The cost of drafts beside their target on this machine: one token of each in turn, on one thread, so that a disturbance slows all of
// them. It takes the lower quartile of processor time, because a step that other programs interrupt starts with cold caches.

import { quantile } from '../../../src/core/basics/statistics.ts';
import { sampleTokens } from '../../../src/models/exactness/sample-text.ts';
import { appendTokens } from '../../../src/models/port/append-tokens.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';

/** Context of the measured steps: a longer text costs more, for the target most. */
const textTokens = 256;

export interface DraftCost {
  /** Lower quartiles of the processor time of a step of one token, ms. */
  readonly draftMs: number;
  readonly targetMs: number;
  readonly costRatio: number;
}

/**
 * @param target with a free sequence of at least 320 tokens, as each of `drafts`
 * @returns the costs in the order of `drafts`
 */
export async function measureCosts(
  target: LanguageModel,
  drafts: readonly LanguageModel[],
  repeats: number,
  onProgress?: (done: number, total: number) => void,
): Promise<DraftCost[]> {
  const text = sampleTokens(target.tokenizer, textTokens + 1);
  const timed = [target, ...drafts].map((model) => ({ model, sequence: model.openSequence(), times: [] as number[] }));
  try {
    for (const { model, sequence } of timed) await appendTokens(model, sequence, text.slice(0, textTokens));
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const { model, sequence, times } of timed) {
        const before = process.cpuUsage();
        await model.evaluate([{ sequence, tokens: text.slice(textTokens), rows: 1 }]);
        const { user, system } = process.cpuUsage(before);
        times.push((user + system) / 1000);
        await sequence.truncate(textTokens);
      }
      onProgress?.(repeat + 1, repeats);
    }
  } finally {
    for (const { sequence } of timed) await sequence.release();
  }
  const [targetMs, ...draftsMs] = timed.map(({ times }) => quantile(times, 0.25)) as [number, ...number[]];
  return draftsMs.map((draftMs) => ({ draftMs, targetMs, costRatio: draftMs / targetMs }));
}
