// The value of draft rows: the chance that a row adds a token, against the time that it adds to the step. The goal is the most
// committed tokens per millisecond over the whole batch (Leviathan et al. 2023, extended to a batch and to a measured step time).

import { type StepTimeModel, stepMs } from './step-time.ts';

/** For each draft of a chain the chance that it and all drafts before it are accepted; it never rises along the chain. */
export function chainChances(draftCount: number, acceptance: number, confidences: readonly number[] = []): number[] {
  const chances: number[] = [];
  let chance = 1;
  for (let index = 0; index < draftCount; index++) {
    chance *= Math.min(1, Math.max(0, confidences[index] ?? acceptance));
    chances.push(chance);
  }
  return chances;
}

/**
 * How many of `gains` (expected tokens of a row, or of a group of rows) give the most tokens per millisecond, taken in this order
 * on top of `plainTokens`; 0 if no number is better than none. `msOf` gives the time of the step with this many of them. Every
 * count is tried: on a CPU the second row can cost twice as much as the first and the next ones almost nothing, so a search that
 * stops at the first loss would stop too early.
 */
export function bestDraftCount(gains: ArrayLike<number>, plainTokens: number, msOf: (count: number) => number): number {
  let bestCount = 0;
  let tokens = plainTokens;
  let bestRate = tokens / msOf(0);
  for (let index = 0; index < gains.length; index += 1) {
    tokens += gains[index] as number;
    const rate = tokens / msOf(index + 1);
    if (rate > bestRate) {
      bestRate = rate;
      bestCount = index + 1;
    }
  }
  return bestCount;
}

/** Drafts of a chain that are in the best step without a limit of rows, from its first one on. */
export interface WorthyDrafts {
  /** Those that are in some best step. */
  readonly most: number;
  /** Those that are in every one; the others are as good as one another. */
  readonly sure: number;
}

/**
 * The drafts of each chain that are in the best step without a limit of rows. Only for steps whose cost depends on the sum of rows;
 * step-groups.ts handles rows in groups.
 */
export function worthyPrefixes(
  chains: readonly (readonly number[])[],
  mandatoryRows: number,
  model: StepTimeModel,
): WorthyDrafts[] {
  const descending = Float64Array.from(chains.flat()).sort().reverse();
  const count = bestDraftCount(descending, mandatoryRows, (drafts) => stepMs(model, mandatoryRows + drafts));
  const least = descending[count - 1] ?? Number.POSITIVE_INFINITY;
  const isTied = descending[count] === least;
  return chains.map((chain) => {
    const most = chain.filter((chance) => chance >= least).length;
    return { most, sure: isTied ? chain.filter((chance) => chance > least).length : most };
  });
}
