import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeLaw, type ShapeLaw } from '../decoding/shape-law.ts';
import { eights, fours, foursApart, notAlone, threes } from '../decoding/shape-laws.fixture.ts';
import { stairs, stepTimes } from './plans.fixture.ts';
import {
  batchMs,
  fitStepTime,
  growingBatchMs,
  linearStepTime,
  observeBatch,
  observeStep,
  type StepTimeModel,
  stepMs,
} from './step-time.ts';

describe('fitStepTime', () => {
  it('takes the median of each row count, so one stalled step does not count', () => {
    const times = [10, 11, 500, 10, 9];
    expect(stepMs(fitStepTime(times.map((ms) => ({ rows: 1, ms }))), 1)).toBe(10);
    expect(stepMs(fitStepTime([10, 20].map((ms) => ({ rows: 3, ms }))), 3)).toBe(15);
  });

  it('interpolates, continues the last slope, and is constant below the smallest count', () => {
    const model = stepTimes({ 8: 50, 2: 20, 4: 30 });
    expect([1, 2, 3, 4, 6, 8, 12].map((rows) => stepMs(model, rows))).toEqual([20, 20, 25, 30, 40, 50, 70]);
    expect(stepMs(model, 0)).toBe(0);
  });

  it('is in proportion to rows when only one count was measured', () => {
    expect(stepMs(stepTimes({ 2: 10 }), 6)).toBe(30);
  });

  it('pools neighbours in the wrong order, by the number of samples', () => {
    const one = { rows: 1, ms: 40 };
    const model = fitStepTime([one, one, one, { rows: 2, ms: 36 }, { rows: 3, ms: 50 }]);
    expect([1, 2, 3].map((rows) => stepMs(model, rows))).toEqual([39, 39, 50]);
  });

  it('never falls as rows are added', () => {
    const sample = fc.record({
      rows: fc.integer({ min: 1, max: 40 }),
      ms: fc.double({ min: 0, max: 500, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 30 }),
        fc.array(sample, { maxLength: 10 }),
        (start, later) => {
          const model = later.reduce((known, { rows, ms }) => observeStep(known, rows, ms), fitStepTime(start));
          for (let rows = 0; rows < 60; rows++) {
            expect(stepMs(model, rows + 1)).toBeGreaterThanOrEqual(stepMs(model, rows) - 1e-9);
          }
        },
      ),
    );
  });

  it('refuses a bad measurement', () => {
    expect(() => fitStepTime([])).toThrow('no step');
    expect(() => fitStepTime([{ rows: 0, ms: 1 }])).toThrow('0 rows');
    expect(() => fitStepTime([{ rows: 1, ms: Number.NaN }])).toThrow('NaN');
  });
});

it('linearStepTime is a straight line at every count', () => {
  const model = linearStepTime(40, 0.4);
  for (const rows of [1, 2, 17, 64, 200]) expect(stepMs(model, rows)).toBeCloseTo(40 + 0.4 * rows, 9);
});

describe('observeStep', () => {
  it('approaches a changed time and forgets the old one', () => {
    let model = linearStepTime(10, 0);
    for (let step = 0; step < 60; step++) model = observeStep(model, 1, 20);
    expect(stepMs(model, 1)).toBeCloseTo(20, 1);
    expect(stepMs(observeStep(linearStepTime(10, 0), 1, 20), 1)).toBeCloseTo(10.5, 0);
  });

  it('starts a new count from its neighbours', () => {
    const model = observeStep(linearStepTime(10, 2), 8, 36, 0.5);
    expect(stepMs(model, 8)).toBeCloseTo(31, 9);
  });

  it('limits what one stalled step can do', () => {
    expect(stepMs(observeStep(linearStepTime(9, 1), 64, 100_000, 0.1), 64)).toBeLessThanOrEqual(73 * 1.3 + 1e-9);
  });

  it('still knows counts that were not measured for a long time', () => {
    const model = observeStep(stepTimes({ 1: 10, 2: 30, 3: 20 }), 1, 10, 1);
    expect([2, 3].map((rows) => stepMs(model, rows))).toEqual([25, 25]);
  });

  it('gives a pooled neighbour its own time back when the disturbance is gone', () => {
    let model = observeStep(stepTimes({ 1: 10, 2: 12 }), 1, 40, 0.5);
    expect(stepMs(model, 2)).toBeGreaterThan(12);
    for (let step = 0; step < 40; step++) model = observeStep(model, 1, 10, 0.5);
    expect(stepMs(model, 2)).toBe(12);
  });
});

const anyLaw = fc.oneof(
  fc.constantFrom(freeLaw, fours, notAlone, threes, eights),
  fc
    .record({ multiple: fc.integer({ min: 1, max: 8 }), calls: fc.integer({ min: 1, max: 7 }), merges: fc.boolean() })
    .map(({ multiple, calls, merges }) => ({ multiple, least: multiple, most: multiple * calls, merges })),
);

/** Times of all call sizes that the law allows. */
function fittedTo(law: ShapeLaw, times: readonly number[]): StepTimeModel {
  const samples = times.map((ms, index) => ({ rows: Math.min(law.most, 2 * index + 1), ms }));
  return fitStepTime(samples, law);
}

describe('a step under a shape law', () => {
  it('takes the time of the rows that the engine computes: stairs where it pads', () => {
    expect([1, 2, 3, 4, 5, 6, 8, 9].map((rows) => stepMs(stairs, rows))).toEqual([
      229, 229, 229, 229, 425, 425, 425, 621,
    ]);
    expect(stepMs(stairs, 0)).toBe(0);
    expect(stepMs(stepTimes({ 1: 9 }, notAlone), 2)).toBe(9);
  });

  it('takes one call for all items where they share it, one for each where they do not', () => {
    const apart = { ...stairs, law: foursApart };
    expect(batchMs(stairs, [1, 3])).toBe(425);
    expect(batchMs(apart, [1, 3])).toBe(2 * 229);
    expect(batchMs(apart, [5, 3])).toBe(425 + 229);
    expect(batchMs(linearStepTime(10, 1), [5, 3])).toBe(18);
  });

  it('is cut into calls where an item is longer than one', () => {
    const model = linearStepTime(10, 1, threes);
    expect([3, 4, 7].map((rows) => stepMs(model, rows))).toEqual([13, 13 + 11, 13 + 13 + 11]);
    // The third rows and beyond of both: 3 + 3, 3 + 1, 1.
    expect(batchMs(model, [7, 4])).toBe(16 + 14 + 11);
  });

  it('is known from single calls alone', () => {
    expect(() => stepTimes({ 9: 1 }, eights)).toThrow('16 rows is no single call');
  });

  it('with one item is a batch of one, never falls, and grows as batches do', () => {
    const times = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyLaw, times, fc.nat(5), fc.array(fc.nat(3), { maxLength: 40 }), (law, measured, more, items) => {
        const model = fittedTo(law, measured);
        for (let rows = 1; rows < 80; rows += 1) {
          expect(stepMs(model, rows)).toBeCloseTo(batchMs(model, [rows]), 6);
          expect(stepMs(model, rows + 1)).toBeGreaterThanOrEqual(stepMs(model, rows) - 1e-6);
        }
        const grown = items.map((item) => item % (more + 1));
        const rows = Array.from({ length: more + 1 }, () => 1);
        for (const [index, ms] of growingBatchMs(model, more + 1, grown).entries()) {
          expect(ms).toBeCloseTo(batchMs(model, rows), 6);
          rows[grown[index] ?? 0] = (rows[grown[index] ?? 0] ?? 0) + 1;
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('observeBatch', () => {
  it('equals observeStep with the sum of the rows where the law is free', () => {
    const model = linearStepTime(9, 1);
    expect(observeBatch(model, [3, 1, 4], 30)).toEqual(observeStep(model, 8, 30));
  });

  it('counts the rows that the engine computes', () => {
    const model = observeBatch(stepTimes({ 4: 10, 8: 10 }, fours), [1, 2], 20, 1);
    expect([1, 4, 5].map((rows) => stepMs(model, rows))).toEqual([10, 10, 20]);
  });

  it('gives each of several calls its expected part, so an engine at half the speed is recognised', () => {
    const before = linearStepTime(4, 2, eights);
    let model = before;
    for (let step = 0; step < 80; step += 1) model = observeBatch(model, [1, 5, 8], 3 * 40);
    expect(stepMs(model, 3)).toBeCloseTo(2 * stepMs(before, 3), 1);
    const [once, apart] = [observeBatch(before, [1, 5], 80), observeStep(before, 1, 40)];
    expect(stepMs(once, 1)).toBeCloseTo(stepMs(apart, 1), 9);
  });

  it('keeps the ratios between call sizes, and accepts calls that take no time', () => {
    const before = linearStepTime(2, 1, foursApart);
    const after = observeBatch(before, [4, 8], 32, 1);
    expect([4, 8].map((rows) => stepMs(after, rows))).toEqual([12, 20]);
    const none = observeBatch(linearStepTime(0, 0, foursApart), [4, 8], 10, 1);
    for (const rows of [4, 8]) expect(stepMs(none, rows)).toBeCloseTo(5, 4);
  });
});
