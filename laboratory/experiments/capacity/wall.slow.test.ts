import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { capacityExperiment } from './capacity.ts';

describe('bench capacity on the wall clock', () => {
  it('writes the texts of the toy on an edge process, in about the time of virtual time', async () => {
    const { rows, summary } = await runExperiment(capacityExperiment, {
      clock: 'wall',
      wallSessions: 2,
      wallTexts: 4,
      wallTokens: 20,
    });
    expect(rows.map((row) => row.what)).toEqual(['wall', 'wall', 'wall', 'wall']);
    expect(summary['wallIdentical']).toBe(summary['wallTexts']);
    expect(summary['wallTexts']).toBe(16);
    // A busy machine is allowed to be slow here; the bench itself judges, and repeats void runs.
    for (const row of rows) {
      if (row.what !== 'wall' || !row.isValid) continue;
      expect(row.p95WallOverVirtual).toBeGreaterThan(0.7);
      expect(row.p95WallOverVirtual).toBeLessThan(1.5);
    }
  });
});
