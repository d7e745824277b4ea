import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fours } from '../../decoding/shape-laws.fixture.ts';
import { stairs } from '../../scheduling/plans.fixture.ts';
import { linearStepTime, stepMs } from '../../scheduling/step-time.ts';
import { announcedStepMs, stepMsAsAnnounced } from './edge-timing.ts';

const rowCounts = Array.from({ length: 24 }, (_, index) => index + 1);

describe('the step time that an edge announces', () => {
  it('is that of one session, with 1 to 8 rows', () => {
    expect(announcedStepMs(linearStepTime(10, 1))).toEqual([11, 12, 13, 14, 15, 16, 17, 18]);
    expect(announcedStepMs(stairs)).toEqual([229, 229, 229, 229, 425, 425, 425, 425]);
  });

  it('is extrapolated exactly beyond the announced rows, on a line and on stairs', () => {
    for (const law of [undefined, fours, { ...fours, multiple: 2, least: 2 }, { ...fours, multiple: 8, least: 8 }]) {
      const model = linearStepTime(0, 7, law);
      const announced = stepMsAsAnnounced(announcedStepMs(model));
      for (const rows of rowCounts) expect(announced(rows), `${rows} rows`).toBeCloseTo(stepMs(model, rows), 9);
    }
  });

  it('is an upper estimate where the end of a stair is unknown', () => {
    // The fourth stair of 3 rows ends at 12, but only two of its rows are seen.
    const announced = stepMsAsAnnounced([10, 10, 10, 20, 20, 20, 30, 30]);
    expect([8, 9, 10, 11].map(announced)).toEqual([30, 40, 40, 50]);
    expect([8, 9, 16, 17].map(stepMsAsAnnounced(new Array(8).fill(40)))).toEqual([40, 80, 80, 120]);
  });

  it('never decreases, whatever was announced', () => {
    const anyTimes = fc.array(fc.double({ min: 0.001, max: 3.6e6, noNaN: true }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(anyTimes, (times) => {
        const found = rowCounts.map(stepMsAsAnnounced(times));
        expect(found).toEqual(found.toSorted((one, other) => one - other));
        expect(found[0]).toBeGreaterThan(0);
      }),
    );
  });
});
