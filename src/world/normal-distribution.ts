// The cumulative distribution function of the standard normal distribution.

import { exp } from '../basics/fdlibm.ts';

/** Error below 7.5e-8 (Abramowitz and Stegun 1964, 26.2.17). */
export function normalBelow(value: number): number {
  const size = Math.abs(value);
  const t = 1 / (1 + 0.2316419 * size);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = 0.3989422804014327 * exp(-0.5 * value * value) * series;
  return value < 0 ? tail : 1 - tail;
}
