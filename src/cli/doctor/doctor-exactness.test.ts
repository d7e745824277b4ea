import { describe, expect, it } from 'vitest';
import { freeLaw } from '../../core/decoding/shape-law.ts';
import { createMoodyEngine, inGroupsOfFour } from '../../models/exactness/moody-engine.fixture.ts';
import type { Exactness, LanguageModel } from '../../models/port/model.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { checkShapesHere, describeCosts, describeExactness, exactCosts, isNative } from './doctor-exactness.ts';

const fours = { multiple: 4, least: 4, most: 60, merges: true };
const toy = createToyModel({ seed: 1, role: 'target' });
const exactness: Exactness = {
  weights: 'plain',
  costs: [1, 2, 4, 8].map((rows) => ({ rows, ms: 30, nativeMs: 20 })),
  comparisons: 468,
};
const engine: LanguageModel = { ...toy, limits: { ...toy.limits, law: fours }, exactness };
const steps = [1, 2, 3, 4, 8].map((rows) => ({ rows, ms: 40, nativeMs: null }));

describe('what exactness costs', () => {
  it('is what was measured side by side', () => {
    const costs = exactCosts(
      engine,
      steps.map((step) => ({ ...step, nativeMs: 10 * step.rows })),
    );
    expect(costs.map(({ ratio }) => ratio)).toEqual([4, 2, 40 / 30, 1, 0.5]);
    expect(describeCosts(costs, true)).toBe(
      'without the law steps of 1, 2, 4, 8 rows would take 10.0, 20.0, 40.0, 80.0 ms; exact ones take 4.00, 2.00, 1.00, 0.50 times as long',
    );
  });

  it('is the ratio of the day when the law was found where there was nothing beside it', () => {
    const costs = exactCosts(engine, steps);
    expect(costs[0]).toMatchObject({ rows: 1, ms: 40, ratio: 1.5 });
    expect(costs[0]?.nativeMs).toBeCloseTo(40 / 1.5);
    expect(describeCosts(costs, false)).toMatch(/ms \(by what was measured when the law was found\); exact/);
  });

  it('is nothing where the engine would do the same without a law', () => {
    expect(exactCosts(toy, steps).map(({ ratio }) => ratio)).toEqual([1, 1, 1, 1, 1]);
    const free = { ...engine, limits: { ...engine.limits, law: freeLaw } };
    expect([toy, engine, free].map(isNative)).toEqual([true, false, false]);
    expect(isNative({ ...free, exactness: { ...exactness, weights: 'repacked' } })).toBe(true);
  });
});

describe('the law', () => {
  it('is described with the layout of the weights', () => {
    expect(describeExactness(engine)).toBe(
      'multiples of 4 rows; weights not repacked; when it was found, 468 positions were compared, no bit differed',
    );
    const { weights: _, ...unsaid } = exactness;
    expect(describeExactness({ ...engine, exactness: unsaid })).toBe(
      'multiples of 4 rows; when it was found, 468 positions were compared, no bit differed',
    );
    expect(describeExactness(toy)).toBe('any shape; this engine has no rounding of its own');
  });

  it('is checked once more: an engine that keeps to it passes, one that does not is told', async () => {
    const { bench } = createMoodyEngine(inGroupsOfFour);
    await expect(checkShapesHere(bench)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/^\d+ of \d+ positions differ with the shape of the call/),
    });
    bench.adopt(fours);
    await expect(checkShapesHere(bench)).resolves.toMatch(/^\d{3} positions, the same bits whatever the calls were$/);
  });
});
