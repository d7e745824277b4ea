// What draft rows are worth: the chance that a row adds a token, against the time it adds to the step. The number to
// maximise is committed tokens per millisecond over the whole batch (Leviathan et al. 2023, generalised to a batch and to a
// measured step time).

import { type StepTimeModel, stepMs } from './step-time.ts';

/** For each draft of a chain the chance that it and all before it hold: it never rises along the chain. */
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
 * How many of `gains`, tokens expected of a row or of a group of rows, give the most tokens per millisecond, taken in this order on
 * top of `plainTokens`; 0 if none beats taking none. `msOf` tells the time of the step with so many of them. Every count is tried,
 * not one after the other until one does not pay: on a CPU the second row can cost twice the first and the rest almost nothing.
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

/**
 * The least chance a row must have to belong to the best step if rows were not limited; above 1 if no row does. Only where a step costs
 * what the sum of its rows costs: where they come in groups see step-groups.ts.
 */
export function leastChance(chances: readonly number[], mandatoryRows: number, model: StepTimeModel): number {
  const descending = Float64Array.from(chances).sort().reverse();
  const count = bestDraftCount(descending, mandatoryRows, (drafts) => stepMs(model, mandatoryRows + drafts));
  return count === 0 ? Number.POSITIVE_INFINITY : (descending[count - 1] ?? Number.POSITIVE_INFINITY);
}
