import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { framesTrial } from './frames.ts';

describe('trial frames', () => {
  it('finds nothing in a small trial, and counts what it sent', async () => {
    const { summary, rows, passed } = await runExperiment(framesTrial, { count: 1500, seed: 2 });
    expect(summary).toMatchObject({ crashes: 0, unanswered: 0, leakedSessions: 0, wrongTexts: 0 });
    expect(passed).toBe(true);
    expect(summary['frames']).toBeGreaterThanOrEqual(1500);
    expect(summary['honestTexts']).toBeGreaterThan(40);
    expect(rows.map((row) => (row as { side: string }).side)).toEqual(['edge', 'device', 'flood']);
  });
});
