import { describe, expect, it } from 'vitest';
import { benchLoad } from './load.ts';
import { residentMB } from './process-memory.ts';

describe('benchLoad', () => {
  it('loads an edge process, checks every text, and reports with units', async () => {
    const seen: number[] = [];
    const { rows, summary } = await benchLoad({
      sessions: 6,
      seconds: 3,
      maxRows: 4,
      maxAhead: 8,
      agreement: 0.8,
      onProgress: (_, done) => seen.push(done),
    });
    expect(seen).toEqual([1, 2, 3]);
    expect(rows).toHaveLength(6);
    expect(rows.filter((row) => (row as { device: string }).device === 'greedy')).toHaveLength(1);
    expect(summary).toMatchObject({ sessions: 6, wrongTexts: 0, edgeFailures: 0 });
    expect(summary['texts']).toBeGreaterThanOrEqual(6);
    for (const name of ['tokensPerSecond', 'p99StepMs', 'meanStepMs', 'rowsPerStep', 'rssMB']) {
      expect(summary[name]).toBeGreaterThan(0);
    }
    expect(summary['ownShare']).toBeGreaterThan(0);
    expect(summary['ownShare']).toBeLessThan(1);
    expect(Math.abs(Number(summary['rssGrowthMB']))).toBeLessThan(500);
  });
});

describe('residentMB', () => {
  it('reads this process, and tells of none that does not exist', async () => {
    const own = await residentMB(process.pid);
    expect(own).toBeGreaterThan(20);
    expect(own).toBeLessThan(20_000);
    expect(await residentMB(2 ** 30)).toBeUndefined();
  });
});
