// What drafts cost beside their target on this machine: one token of each in turn, one thread, so that whatever slows the machine slows
// all of them.

import { median } from '../basics/statistics.ts';
import type { LanguageModel, ModelSequence } from '../models/model.ts';
import { variedTokens } from '../models/shape-check.ts';

/** All cost more with a longer text, the target by more. */
const textTokens = 256;

export interface DraftCost {
  /** Medians, ms of a step of one token. */
  readonly draftMs: number;
  readonly targetMs: number;
  readonly costRatio: number;
}

interface Timed {
  readonly model: LanguageModel;
  readonly sequence: ModelSequence;
  readonly times: number[];
}

/**
 * @param target with a free sequence of at least 320 tokens, as each of `drafts`
 * @returns in the order of `drafts`
 */
export async function measureCosts(
  target: LanguageModel,
  drafts: readonly LanguageModel[],
  repeats: number,
  onProgress?: (done: number, total: number) => void,
): Promise<DraftCost[]> {
  const text = variedTokens(target, textTokens + 1);
  const timed = [target, ...drafts].map((model): Timed => ({ model, sequence: model.openSequence(), times: [] }));
  try {
    for (const { model, sequence } of timed) await read(model, sequence, text.slice(0, textTokens));
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const { model, sequence, times } of timed) {
        const startMs = performance.now();
        await model.evaluate([{ sequence, tokens: text.slice(textTokens), rows: 1 }]);
        times.push(performance.now() - startMs);
        await sequence.truncate(textTokens);
      }
      onProgress?.(repeat + 1, repeats);
    }
  } finally {
    for (const { sequence } of timed) await sequence.release();
  }
  const [targetMs, ...draftsMs] = timed.map(({ times }) => median(times)) as [number, ...number[]];
  return draftsMs.map((draftMs) => ({ draftMs, targetMs, costRatio: draftMs / targetMs }));
}

async function read(model: LanguageModel, sequence: ModelSequence, tokens: readonly number[]): Promise<void> {
  const { maxItemTokens } = model.limits;
  for (let at = 0; at < tokens.length; at += maxItemTokens) {
    await model.evaluate([{ sequence, tokens: tokens.slice(at, at + maxItemTokens), rows: 0 }]);
  }
}
