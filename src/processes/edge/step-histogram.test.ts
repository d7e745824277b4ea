import { describe, expect, it } from 'vitest';
import { StepHistogram } from './step-histogram.ts';

describe('StepHistogram', () => {
  it('gives an upper bound of a quantile, to within a tenth', () => {
    const histogram = new StepHistogram();
    for (let ms = 1; ms <= 1000; ms += 1) histogram.add(ms / 10);
    for (const share of [0.5, 0.9, 0.99]) {
      expect(histogram.quantile(share)).toBeGreaterThanOrEqual(share * 100);
      expect(histogram.quantile(share)).toBeLessThan(share * 100 * 1.1);
    }
  });

  it('takes the shorter time where a share ends exactly between two', () => {
    const histogram = new StepHistogram();
    for (const ms of [1, 1, 1, 100, 100, 100]) histogram.add(ms);
    expect(histogram.quantile(0.5)).toBeLessThan(1.1);
    expect(histogram.quantile(0.51)).toBeGreaterThanOrEqual(100);
  });

  it('gives 0 when empty, and accepts any time', () => {
    const histogram = new StepHistogram();
    expect(histogram.quantile(0.99)).toBe(0);
    for (const ms of [0, 1e-9, 1e12]) histogram.add(ms);
    expect(histogram.quantile(0)).toBeCloseTo(0.01);
    expect(histogram.quantile(1)).toBeGreaterThan(60_000);
  });
});
