import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/basics/philox.ts';
import { interquartileMean, mean } from '../../src/core/basics/statistics.ts';
import { bootstrapIntervals, crossedEstimate, estimate } from './bootstrap.ts';

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

describe('a table of training seeds and worlds', () => {
  const of = (table: readonly (readonly number[])[]) =>
    crossedEstimate(table.length, table[0]?.length ?? 0, (rows, columns) =>
      mean(rows.flatMap((row) => columns.map((column) => table[row]?.[column] as number))),
    );

  it('has an interval of its rows, its columns, or both, whichever differ', () => {
    const wide = [0, 10, 20, 30];
    const [rows, columns, none] = [
      of(wide.map((one) => wide.map(() => one))),
      of(wide.map(() => wide)),
      of([
        [5, 5],
        [5, 5],
      ]),
    ];
    expect([rows.value, columns.value, none.value]).toEqual([15, 15, 5]);
    for (const { interval } of [rows, columns]) {
      expect(interval[0]).toBeLessThan(6);
      expect(interval[1]).toBeGreaterThan(24);
    }
    expect(none.interval).toEqual([5, 5]);
    // Cells of one row are no independent runs: many worlds make an interval over two training seeds no narrower.
    const many = of([new Array(100).fill(0), new Array(100).fill(10)]);
    expect(many.interval).toEqual([0, 10]);
  });
});

describe('the interquartile mean', () => {
  it('leaves out a quarter of the values at each end', () => {
    expect(interquartileMean([1000, 2, 3, 4, 5, 6, 7, -1000])).toBe(4.5);
    expect(interquartileMean([1, 2, 6])).toBe(3);
  });
});
