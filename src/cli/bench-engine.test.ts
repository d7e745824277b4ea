import { describe, expect, it } from 'vitest';
import { benchEngine } from './bench-engine.ts';

describe('benchEngine', () => {
  it('measures every case of target and draft, and sums them up with units', async () => {
    const seen: [number, number][] = [];
    const result = await benchEngine({
      model: 'toy:1',
      draft: 'toy:1:0.5',
      repeats: 3,
      onProgress: (done, total) => seen.push([done, total]),
    });
    expect(result.rows.map((row) => row.case)).toEqual([
      ...[
        'step1',
        'step2',
        'step4',
        'step8',
        'step16',
        'step1Unread',
        'step16Unread',
        'prefill',
        'batch4x1',
        'batch4x4',
      ],
      'draft',
    ]);
    expect(seen.at(-1)).toEqual([55, 55]);
    for (const row of result.rows) {
      expect(row.medianMs).toBeGreaterThanOrEqual(row.p10Ms);
      expect(row.p90Ms).toBeGreaterThanOrEqual(row.medianMs);
    }
    expect(Object.keys(result.summary)).toContain('prefillTokensPerSecond');
    expect(Object.values(result.summary).every((value) => typeof value === 'number')).toBe(true);
    expect(result.params).toMatchObject({ model: 'toy:1', repeats: 3, engine: expect.stringContaining('toy target') });
  });

  it('works without a draft', async () => {
    const { summary } = await benchEngine({ model: 'toy:1', repeats: 1 });
    expect(summary).not.toHaveProperty('draftMs');
  });
});
