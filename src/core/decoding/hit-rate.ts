// A recent success rate with few trials: older trials count less, and a prior stands for missing trials.

import { invariant } from '../basics/invariant.ts';

/** Decaying counts; start from {@link noTrials}. */
export interface HitRate {
  readonly hits: number;
  readonly trials: number;
}

/** The belief before there are trials. */
export interface Prior {
  /** [0, 1] */
  readonly chance: number;
  /** The number of trials that it counts as; above 0. */
  readonly weight: number;
}

export const noTrials: HitRate = { hits: 0, trials: 0 };

/** @param memoryTrials after this many further trials a trial counts 1/e of a new one; at least 1 */
export function noteTrial({ hits, trials }: HitRate, isHit: boolean, memoryTrials: number): HitRate {
  const kept = 1 - 1 / memoryTrials;
  return { hits: hits * kept + (isHit ? 1 : 0), trials: trials * kept + 1 };
}

/** The standard deviation of the expected chance, as for a share of as many draws. */
export function deviationOf(rate: HitRate, prior: Prior): number {
  const chance = chanceOf(rate, prior);
  return Math.sqrt((chance * (1 - chance)) / (rate.trials + prior.weight + 1));
}

/** The expected chance of success, in (0, 1) if the prior is. */
export function chanceOf({ hits, trials }: HitRate, { chance, weight }: Prior): number {
  invariant(weight > 0 && chance >= 0 && chance <= 1, `a prior of ${chance} with weight ${weight}`);
  return (hits + weight * chance) / (trials + weight);
}
