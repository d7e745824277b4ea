// Calibration of a draft model's own probability: the acceptance rate of drafts of about that confidence in this session. Until
// drafts were compared, the probability is used as it is.

import { chanceOf, type HitRate, noTrials, noteTrial } from './hit-rate.ts';

/** One rate for each band of confidence. */
export type Calibration = readonly HitRate[];

/** Upper ends of the bands; the last one is 1. */
const bandEnds = [0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 1];
const memoryTrials = 96;
const priorWeight = 8;

export const uncalibrated: Calibration = bandEnds.map(() => noTrials);

/** @param confidence (0, 1] */
export function noteDraft(calibration: Calibration, confidence: number, isHit: boolean): Calibration {
  const band = bandOf(confidence);
  return calibration.map((rate, index) => (index === band ? noteTrial(rate, isHit, memoryTrials) : rate));
}

/** The chance that a draft of this confidence is accepted, (0, 1]. */
export function calibrate(calibration: Calibration, confidence: number): number {
  const rate = calibration[bandOf(confidence)] ?? noTrials;
  return chanceOf(rate, { chance: confidence, weight: priorWeight });
}

function bandOf(confidence: number): number {
  return bandEnds.findIndex((end) => confidence <= end);
}
