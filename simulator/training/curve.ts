// The learning curve, and the test whether it has converged.

import { mean } from '../../src/core/basics/statistics.ts';

/**
 * `minutes` since the run began, without pauses; `reward`: mean on the held-out slots, deciding by mean scores; `trainingReward`: mean of the
 * training's own slots since the last point, null at the start; `entropy`: nats for each score.
 */
export type CurvePoint = Readonly<Record<'slots' | 'updates' | 'minutes' | 'reward', number>> &
  Readonly<Record<'trainingReward' | 'criticLoss' | 'alpha' | 'entropy', number | null>>;

/** The slope of a straight line through points, and half the width of its 95 % interval. */
export type Slope = Readonly<Record<'slope' | 'half', number>>;

/** Fewer points give no slope. */
const leastPoints = 4;

/**
 * Least squares; undefined with fewer than four points. Neighbouring points of a curve are correlated, so they count less than as many
 * independent ones: the interval is wider by sqrt((1 + r) / (1 - r)), where r is the lag-1 correlation of the residuals (0 to 0.9). With
 * few residuals r is too low by about (2 + 4 r) / n for n points (Kendall 1954, Marriott & Pope 1954), which is corrected.
 */
export function fitSlope(x: readonly number[], y: readonly number[]): Slope | undefined {
  const count = x.length;
  if (count < leastPoints) return undefined;
  const middleX = mean(x);
  const middleY = mean(y);
  const spread = x.reduce((sum, one) => sum + (one - middleX) ** 2, 0);
  if (spread === 0) return undefined;
  const slope = x.reduce((sum, one, at) => sum + (one - middleX) * ((y[at] as number) - middleY), 0) / spread;
  const residues = x.map((one, at) => (y[at] as number) - middleY - slope * (one - middleX));
  const variance = residues.reduce((sum, one) => sum + one * one, 0) / (count - 2);
  const following = residues.slice(1).reduce((sum, one, at) => sum + one * (residues[at] as number), 0);
  const seen = following / ((count - 2) * variance || 1);
  const alike = Math.min(0.9, Math.max(0, (seen + 2 / count) / Math.max(1 - 4 / count, 0.1)));
  const wider = Math.sqrt((1 + alike) / (1 - alike));
  return { slope, half: wider * studentQuantile(count - 2) * Math.sqrt(variance / spread) };
}

/** The 97.5 % quantile of Student's t, by its expansion about the normal's (Abramowitz & Stegun 26.7.5); within 1 % from 2 degrees on. */
export function studentQuantile(degrees: number): number {
  if (degrees <= 2) return degrees === 2 ? 4.303 : 12.706;
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / degrees + second / degrees ** 2 + third / degrees ** 3;
}

/**
 * Whether training has converged: the last third of the curve may be level (its slope's interval contains 0), and the reward has
 * grown by more than three standard errors.
 * @param standardError of the reward's growth, paired by held-out world
 */
export function hasPlateau(points: readonly CurvePoint[], growth: number, standardError: number): boolean {
  const slope = lastThird(points);
  if (slope === undefined) return false;
  return Math.abs(slope.slope) <= slope.half && growth > 3 * standardError;
}

/** Slope of the last third, reward for each slot. */
export function lastThird(points: readonly CurvePoint[]): Slope | undefined {
  const last = points.slice(Math.floor((2 * points.length) / 3));
  return fitSlope(
    last.map(({ slots }) => slots),
    last.map(({ reward }) => reward),
  );
}
