import { describe, expect, it } from 'vitest';
import { chiSquareSurvival, mean, median, quantile, rankCorrelation } from './statistics.ts';

describe('mean, median, quantile', () => {
  it('agree with hand calculation and do not change their input', () => {
    const values = [10, 2, 33, 4];
    expect(mean(values)).toBe(12.25);
    expect(median(values)).toBe(7);
    expect(quantile(values, 0.95)).toBeCloseTo(29.55, 12);
    expect(quantile(values, 0)).toBe(2);
    expect(quantile(values, 1)).toBe(33);
    expect(values).toEqual([10, 2, 33, 4]);
    expect(median([5])).toBe(5);
  });

  it('are NaN for an empty list, and refuse a share outside 0 to 1', () => {
    expect(mean([])).toBeNaN();
    expect(median([])).toBeNaN();
    expect(() => quantile([1], 1.5)).toThrow('a quantile');
  });
});

describe('chiSquareSurvival', () => {
  // Values of scipy.stats.chi2.sf.
  it.each([
    [3.841458820694124, 1, 0.05],
    [0.5, 1, 0.47950012218695337],
    [0, 4, 1],
    [0.001, 2, 0.9995001249791693],
    [10, 10, 0.44049328506521257],
    [50, 10, 2.669083424904495e-7],
    [30, 64, 0.9999096883915889],
    [200, 64, 6.515867561572226e-16],
    [300, 3, 9.948758346327588e-65],
    [900, 1000, 0.9892827619087102],
    [1100, 1000, 0.014614408126295192],
    [20000, 20100, 0.6901437248132942],
  ])('of %d with %d degrees of freedom', (statistic, degreesOfFreedom, expected) => {
    expect(chiSquareSurvival(statistic, degreesOfFreedom) / expected).toBeCloseTo(1, 9);
  });

  it('refuses bad statistics', () => {
    expect(() => chiSquareSurvival(-1, 3)).toThrow();
    expect(() => chiSquareSurvival(Number.NaN, 3)).toThrow();
    expect(() => chiSquareSurvival(1, 0)).toThrow();
  });
});

it('rankCorrelation is 1 for one order, -1 for the reverse, and shares ranks among equals', () => {
  expect(rankCorrelation([1, 5, 100], [2, 3, 4])).toBe(1);
  expect(rankCorrelation([1, 5, 100], [4, 3, 2])).toBe(-1);
  // Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: covariance 4.5, variances 4.5 and 5.
  expect(rankCorrelation([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  expect(rankCorrelation([1, 1], [1, 2])).toBeNaN();
});
