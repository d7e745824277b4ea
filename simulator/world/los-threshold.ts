// Turns the LOS probability of TR 38.901 into a threshold for a normal variable: a link is LOS where the field is below the
// threshold. A table over the distance saves computing the probability and the normal distribution for each link.

import { exp } from '../../src/core/basics/fdlibm.ts';
import { losProbability } from './tr38901-path-loss.ts';

const entriesPerMetre = 2;
/** The range of the model; beyond it the last value holds. */
const lastMetre = 5000;
/** Above all values of a field. */
const always = 8;

/** Threshold at index distance * entriesPerMetre. The steps shift the probability by less than 0.001. */
const thresholds: Float64Array = new Float64Array(lastMetre * entriesPerMetre + 2);
for (let index = 0; index < thresholds.length; index++) {
  const probability = losProbability(index / entriesPerMetre);
  thresholds[index] = probability === 1 ? always : inverseNormal(probability);
}

/** @param outdoorDistance d_2D-out in metres; values below 0 count as 0 */
export function losThreshold(outdoorDistance: number): number {
  if (outdoorDistance <= 0) return always;
  const place = Math.min(outdoorDistance, lastMetre) * entriesPerMetre;
  const index = Math.floor(place);
  const before = thresholds[index] as number;
  return before + ((thresholds[index + 1] as number) - before) * (place - index);
}

/** The quantile of the normal distribution at `probability`, by bisection. */
function inverseNormal(probability: number): number {
  let low = -always;
  let high = always;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < probability) low = middle;
    else high = middle;
  }
  return low;
}

/** The cumulative distribution function of the standard normal distribution, error below 7.5e-8 (Abramowitz and Stegun 1964, 26.2.17). */
export function normalBelow(value: number): number {
  const size = Math.abs(value);
  const t = 1 / (1 + 0.2316419 * size);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = 0.3989422804014327 * exp(-0.5 * value * value) * series;
  return value < 0 ? tail : 1 - tail;
}
