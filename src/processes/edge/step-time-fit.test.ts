import { describe, expect, it } from 'vitest';
import { engineRows, freeLaw, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import { stepMs } from '../../core/scheduling/step-time.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { measuredSizes, measureStepTime } from './step-time-fit.ts';

const fours: ShapeLaw = { multiple: 4, least: 4, most: 60, merges: true };
const eights: ShapeLaw = { multiple: 8, least: 8, most: 8, merges: false };

describe('the measured row counts', () => {
  it('are all if the engine does not pad, and one for each stair if it does', () => {
    expect(measuredSizes(freeLaw, 32)).toEqual([1, 2, 3, 4, 6, 8, 12, 16]);
    expect(measuredSizes(fours, 32)).toEqual([4, 8, 12, 16]);
    expect(measuredSizes({ ...freeLaw, least: 2 }, 32)).toEqual([2, 3, 4, 6, 8, 12, 16]);
  });

  it('fit into a single call, and are within the limits', () => {
    expect(measuredSizes(eights, 32)).toEqual([8]);
    expect(measuredSizes({ ...freeLaw, most: 3 }, 32)).toEqual([1, 2, 3]);
    expect(measuredSizes(fours, 6)).toEqual([4, 6]);
    expect(measuredSizes(fours, 1)).toEqual([1]);
  });
});

describe('the measured step time', () => {
  /** A toy whose steps take 100 ms plus 30 ms for each row, padding of this law included. */
  function padded(law: ShapeLaw): { model: LanguageModel; clock: { nowMs(): number }; steps: number[] } {
    const toy = createToyModel({ seed: 3, role: 'target' });
    const steps: number[] = [];
    let now = 0;
    const evaluate: LanguageModel['evaluate'] = async (items) => {
      const rows = engineRows(law, items[0]?.tokens.length ?? 0);
      steps.push(rows);
      now += 100 + 30 * rows;
      return toy.evaluate(items);
    };
    const model = { ...toy, limits: { ...toy.limits, law }, evaluate };
    return { model, clock: { nowMs: () => now }, steps };
  }

  it('is a staircase under a law that pads', async () => {
    const { model, clock, steps } = padded(fours);
    const stepTime = await measureStepTime(model, { ...clock, after: () => () => {} }, 32);
    expect([1, 2, 4, 5, 8, 9].map((rows) => stepMs(stepTime, rows))).toEqual([220, 220, 220, 340, 340, 460]);
    // One warm-up, then each of four stairs three times.
    expect(steps).toHaveLength(1 + 3 * 4);
  });
});
