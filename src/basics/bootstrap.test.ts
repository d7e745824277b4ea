import { describe, expect, it } from 'vitest';
import { bootstrapIntervals, estimate } from './bootstrap.ts';
import { createRandom } from './philox.ts';
import { interquartileMean, mean } from './statistics.ts';

describe('bootstrap intervals', () => {
  it('contain the true mean about as often as they claim', () => {
    const random = createRandom(7, 1);
    const trials = 100;
    let held = 0;
    for (let trial = 0; trial < trials; trial++) {
      const values = Array.from({ length: 40 }, () => random.uniform() + random.uniform());
      const { interval } = estimate(values.length, (pick) => mean(pick.map((run) => values[run] as number)));
      const [low, high] = interval;
      if (low <= 1 && 1 <= high) held++;
    }
    expect(held / trials).toBeGreaterThan(0.88);
    expect(held / trials).toBeLessThan(0.99);
  });

  it('keep paired runs together', () => {
    const one = [1, 5, 9, 100];
    const [interval] = bootstrapIntervals(4, (pick) => [
      mean(pick.map((run) => (one[run] as number) + 3)) - mean(pick.map((run) => one[run] as number)),
    ]);
    expect(interval?.[0]).toBeCloseTo(3, 9);
    expect(interval?.[1]).toBeCloseTo(3, 9);
  });

  it('have no width with one run', () => {
    expect(estimate(1, (pick) => pick.length + 4)).toEqual({ value: 5, interval: [5, 5] });
  });
});

describe('the interquartile mean', () => {
  it('leaves out a quarter of the values at each end', () => {
    expect(interquartileMean([1000, 2, 3, 4, 5, 6, 7, -1000])).toBe(4.5);
    expect(interquartileMean([1, 2, 6])).toBe(3);
  });
});
