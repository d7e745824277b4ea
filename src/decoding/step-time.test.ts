import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitStepTime, linearStepTime, observeStep, stepMs } from './step-time.ts';

describe('fitStepTime', () => {
  it('takes the median of each row count, so one stalled step does not count', () => {
    const times = [10, 11, 500, 10, 9];
    expect(stepMs(fitStepTime(times.map((ms) => ({ rows: 1, ms }))), 1)).toBe(10);
    expect(stepMs(fitStepTime([10, 20].map((ms) => ({ rows: 3, ms }))), 3)).toBe(15);
  });

  it('interpolates, goes on with the last slope, and is flat below the smallest count', () => {
    const model = fitStepTime([
      { rows: 8, ms: 50 },
      { rows: 2, ms: 20 },
      { rows: 4, ms: 30 },
    ]);
    expect([1, 2, 3, 4, 6, 8, 12].map((rows) => stepMs(model, rows))).toEqual([20, 20, 25, 30, 40, 50, 70]);
    expect(stepMs(model, 0)).toBe(0);
  });

  it('takes rows to cost in proportion when only one count was measured', () => {
    expect(stepMs(fitStepTime([{ rows: 2, ms: 10 }]), 6)).toBe(30);
  });

  it('pools neighbours in the wrong order, by the number of samples', () => {
    const model = fitStepTime([
      { rows: 1, ms: 40 },
      { rows: 1, ms: 40 },
      { rows: 1, ms: 40 },
      { rows: 2, ms: 36 },
      { rows: 3, ms: 50 },
    ]);
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

  it('refuses what is no measurement', () => {
    expect(() => fitStepTime([])).toThrow('no step');
    expect(() => fitStepTime([{ rows: 0, ms: 1 }])).toThrow('0 rows');
    expect(() => fitStepTime([{ rows: 1, ms: Number.NaN }])).toThrow('NaN');
  });
});

describe('linearStepTime', () => {
  it('is a straight line at every count', () => {
    const model = linearStepTime(40, 0.4);
    for (const rows of [1, 2, 17, 64, 200]) expect(stepMs(model, rows)).toBeCloseTo(40 + 0.4 * rows, 9);
  });
});

describe('observeStep', () => {
  it('approaches a changed time and forgets the old one', () => {
    let model = linearStepTime(10, 0);
    for (let step = 0; step < 60; step++) model = observeStep(model, 1, 20);
    expect(stepMs(model, 1)).toBeCloseTo(20, 1);
    expect(stepMs(observeStep(linearStepTime(10, 0), 1, 20), 1)).toBeCloseTo(10.5, 0);
  });

  it('starts a count it has not seen from its neighbours', () => {
    const model = observeStep(linearStepTime(10, 2), 8, 36, 0.5);
    expect(stepMs(model, 8)).toBeCloseTo(31, 9);
  });

  it('limits what one stalled step can do', () => {
    expect(stepMs(observeStep(linearStepTime(9, 1), 64, 100_000, 0.1), 64)).toBeLessThanOrEqual(73 * 1.3 + 1e-9);
  });

  it('still knows counts that were not measured for ever', () => {
    const samples = [10, 30, 20].map((ms, index) => ({ rows: index + 1, ms }));
    const model = observeStep(fitStepTime(samples), 1, 10, 1);
    expect([2, 3].map((rows) => stepMs(model, rows))).toEqual([25, 25]);
  });

  it('gives a pooled neighbour its own time back when the disturbance is gone', () => {
    const start = fitStepTime([
      { rows: 1, ms: 10 },
      { rows: 2, ms: 12 },
    ]);
    let model = observeStep(start, 1, 40, 0.5);
    expect(stepMs(model, 2)).toBeGreaterThan(12);
    for (let step = 0; step < 40; step++) model = observeStep(model, 1, 10, 0.5);
    expect(stepMs(model, 2)).toBe(12);
  });
});
