// How likely the text has the drafter's second choice, if it agrees with all drafts before: by how close that choice was to the first one
// (the confidence of decoding/runner-up.ts), and by what this session has seen. Pure.

import { chanceOf, type HitRate, noTrials, noteTrial } from './hit-rate.ts';

/** One rate for each band of the runner-up's confidence. */
export type RunnerUpRates = readonly HitRate[];

/** Upper ends of the bands; a runner-up's confidence is at most one half. */
const bandEnds = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5];
const memoryTrials = 96;
const priorWeight = 8;
/** 1.1 q sqrt(q) is near the shares of the default pair: `outrider trace show coarse-greedy --by runner-up`. */
const priorScale = 1.1;

export const noRunnerUps: RunnerUpRates = bandEnds.map(() => noTrials);

/** A draft was compared whose runner-up had this confidence. @param isHit the text has the runner-up */
export function noteRunnerUp(rates: RunnerUpRates, confidence: number, isHit: boolean): RunnerUpRates {
  const band = bandOf(confidence);
  return rates.map((rate, index) => (index === band ? noteTrial(rate, isHit, memoryTrials) : rate));
}

/** The chance, (0, 1), that the text has a runner-up of this confidence. */
export function runnerUpChance(rates: RunnerUpRates, confidence: number): number {
  const chance = Math.min(1, priorScale * confidence * Math.sqrt(confidence));
  return chanceOf(rates[bandOf(confidence)] ?? noTrials, { chance, weight: priorWeight });
}

function bandOf(confidence: number): number {
  const band = bandEnds.findIndex((end) => confidence <= end);
  return band === -1 ? bandEnds.length - 1 : band;
}
