import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { residentMB } from '../../../src/files/process-usage.ts';
import { loadExperiment } from './load.ts';

describe('bench load', () => {
  it('loads an edge process, checks every text, and reports with units', async () => {
    const seen: number[] = [];
    const onProgress = (_: string, done: number): number => seen.push(done);
    const options = { sessions: 6, seconds: 4, maxRows: 4 };
    const { rows, summary } = await runExperiment(loadExperiment, options, { onProgress });
    expect(seen[0]).toBe(1);
    expect(seen.at(-1)).toBe(4);
    expect(rows).toHaveLength(6);
    expect(rows.filter((row) => (row as { device: string }).device === 'greedy')).toHaveLength(1);
    expect(summary).toMatchObject({ sessions: 6, wrongTexts: 0, edgeFailures: 0 });
    expect(summary['texts']).toBeGreaterThanOrEqual(6);
    expect(summary).toMatchObject({ turns: summary['texts'], connectedTurns: summary['texts'], unopenedTurns: 0 });
    expect(summary['connectionsPerTurn']).toBeGreaterThanOrEqual(1);
    for (const name of ['tokensPerSecond', 'p99StepMs', 'meanStepMs', 'rowsPerStep', 'rssMB']) {
      expect(summary[name]).toBeGreaterThan(0);
    }
    expect(summary['ownShare']).toBeGreaterThan(0);
    expect(summary['ownShare']).toBeLessThan(1);
    expect(Math.abs(Number(summary['rssGrowthMB']))).toBeLessThan(500);
    expect(summary['growthAfterSeconds']).toBe(1);
    expect(summary['heldMB']).toBeGreaterThan(5);
    expect(Math.abs(Number(summary['heldGrowthMB']))).toBeLessThan(500);
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
