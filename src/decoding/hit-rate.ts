// How often something has held of late, where little is known at first: old trials count less, and a prior stands for the ones
// that were not made.

import { invariant } from '../basics/invariant.ts';

/** Counts that fade; start from {@link noTrials}. */
export interface HitRate {
  readonly hits: number;
  readonly trials: number;
}

/** What is believed before there are trials. */
export interface Prior {
  /** [0, 1] */
  readonly chance: number;
  /** How many trials it counts as; above 0. */
  readonly weight: number;
}

export const noTrials: HitRate = { hits: 0, trials: 0 };

/** @param memoryTrials a trial counts 1/e of a new one after so many others; at least 1 */
export function noteTrial({ hits, trials }: HitRate, isHit: boolean, memoryTrials: number): HitRate {
  const kept = 1 - 1 / memoryTrials;
  return { hits: hits * kept + (isHit ? 1 : 0), trials: trials * kept + 1 };
}

/** How far the expected chance may be off: its standard deviation, as of a share of as many draws. */
export function deviationOf(rate: HitRate, prior: Prior): number {
  const chance = chanceOf(rate, prior);
  return Math.sqrt((chance * (1 - chance)) / (rate.trials + prior.weight + 1));
}

/** The expected chance of a hit, in (0, 1) for a prior that is. */
export function chanceOf({ hits, trials }: HitRate, { chance, weight }: Prior): number {
  invariant(weight > 0 && chance >= 0 && chance <= 1, `a prior of ${chance} with weight ${weight}`);
  return (hits + weight * chance) / (trials + weight);
}
