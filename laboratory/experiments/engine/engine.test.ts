import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { engineExperiment } from './engine.ts';

describe('bench engine', () => {
  it('measures every case of target and draft, and sums them up with units', async () => {
    const seen: [number, number][] = [];
    const onProgress = (_: string, done: number, total: number): number => seen.push([done, total]);
    const options = { target: 'toy:1', draft: 'toy:1:0.5', repeats: 3 };
    const result = await runExperiment(engineExperiment, options, { onProgress });
    const cases = ['step1', 'step2', 'step4', 'step8', 'step16', 'step1Unread', 'step16Unread', 'prefill'];
    const targetCases = [...cases, 'batch4x1', 'batch4x4'].flatMap((name) => [name, `${name}Native`]);
    expect(result.rows.map((row) => row.case)).toEqual([
      ...targetCases,
      'draft',
      'draftBeside1',
      'draftBeside3',
      'draftBesideCopy',
    ]);
    expect(seen.at(-1)).toEqual([120, 120]);
    for (const row of result.rows) {
      expect(row.medianMs).toBeGreaterThanOrEqual(row.p10Ms);
      expect(row.p90Ms).toBeGreaterThanOrEqual(row.medianMs);
    }
    expect(Object.keys(result.summary)).toContain('prefillTokensPerSecond');
    const { law, weights, ...figures } = result.summary as Record<string, unknown>;
    expect([law, weights]).toEqual(['any shape', null]);
    expect(Object.values(figures).every((value) => typeof value === 'number')).toBe(true);
    const costs = ['1', '2', '4', '8', 'Prefill', 'Batch4x1'].map((which) => `exactCost${which}`);
    expect(Object.keys(figures)).toEqual(expect.arrayContaining([...costs, 'nativeStepMs1', 'stepMs8', 'speedRatio']));
    const { stepMs4, nativeStepMs4, exactCost4 } = figures as Record<string, number>;
    const { alternativeCost1, draftMs } = figures as Record<string, number>;
    const beside = result.rows.find((row) => row.case === 'draftBeside1')?.medianMs as number;
    expect(alternativeCost1).toBeCloseTo(beside / (draftMs as number) - 1, 2);
    expect(exactCost4).toBeCloseTo((stepMs4 as number) / (nativeStepMs4 as number), 2);
    expect(result.params).toMatchObject({ model: 'toy:1', repeats: 3, engine: expect.stringContaining('toy target') });
  });

  it('works without a draft', async () => {
    const { summary } = await runExperiment(engineExperiment, { target: 'toy:1', draft: 'none', repeats: 1 });
    expect(summary).not.toHaveProperty('draftMs');
    expect(summary).not.toHaveProperty('alternativeCost1');
  });

  it('holds a target that is not exact against nothing', async () => {
    const { rows, summary } = await runExperiment(engineExperiment, {
      target: 'toy:1',
      draft: 'none',
      repeats: 1,
      fast: true,
    });
    expect(rows.filter((row) => row.case.endsWith('Native'))).toEqual([]);
    expect(summary).toMatchObject({ law: null, weights: null });
    expect(summary).not.toHaveProperty('exactCost1');
  });
});
