import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/basics/philox.ts';
import { quantile } from '../../src/core/basics/statistics.ts';
import { Histogram } from './latency-histogram.ts';

describe('a histogram', () => {
  it('gives quantiles to 0.05 %', () => {
    const random = createRandom(1);
    const values = Array.from({ length: 5001 }, () => 100 * Math.exp(2 * random.normal()));
    const histogram = new Histogram();
    for (const value of values) histogram.add(value);
    for (const share of [0.01, 0.5, 0.95, 0.999]) {
      expect(histogram.quantile(share) / quantile(values, share)).toBeCloseTo(1, 2);
    }
    const single = new Histogram();
    single.add(123.456);
    expect(Math.abs(single.quantile(0.5) / 123.456 - 1)).toBeLessThan(5e-4);
  });

  it('clamps values outside its range, and is NaN when empty', () => {
    const histogram = new Histogram();
    expect(histogram.quantile(0.5)).toBeNaN();
    histogram.add(0);
    histogram.add(1e300);
    expect(histogram.quantile(0)).toBeLessThan(0.001);
    expect(histogram.quantile(1)).toBeGreaterThan(1e12);
  });
});
