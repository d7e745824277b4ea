// How likely the drafter's second choice is where its first one is wrong, by the confidence in the first: a surer draft that errs has
// fewer candidates left. Pure.

import { chanceOf, type HitRate, noTrials, noteTrial } from './hit-rate.ts';

/** One rate for each band of confidence in the first choice. */
export type RunnerUpRates = readonly HitRate[];

/** Upper ends of the bands; the last one is 1. */
const bandEnds = [0.3, 0.5, 0.7, 0.9, 1];
const memoryTrials = 64;
const priorWeight = 6;
/** Roughly the shares of the default pair: `outrider trace show coarse-greedy --by runner-up`. */
const prior = { atZero: 0.3, slope: 0.6 } as const;

export const noRunnerUps: RunnerUpRates = bandEnds.map(() => noTrials);

/** A draft of this confidence was wrong. @param isHit the text has the second choice there */
export function noteRunnerUp(rates: RunnerUpRates, confidence: number, isHit: boolean): RunnerUpRates {
  const band = bandOf(confidence);
  return rates.map((rate, index) => (index === band ? noteTrial(rate, isHit, memoryTrials) : rate));
}

/** The chance, (0, 1), that the text has the second choice, given that a first choice of this confidence is wrong. */
export function runnerUpChance(rates: RunnerUpRates, confidence: number): number {
  const chance = prior.atZero + prior.slope * Math.min(1, Math.max(0, confidence));
  return chanceOf(rates[bandOf(confidence)] ?? noTrials, { chance, weight: priorWeight });
}

function bandOf(confidence: number): number {
  return Math.max(
    0,
    bandEnds.findIndex((end) => confidence <= end),
  );
}
