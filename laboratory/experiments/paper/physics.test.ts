import { describe, expect, it } from 'vitest';
import { type PhysicsFound, physicsCases, physicsEstimates, physicsUnit } from './physics.ts';
import { movedTables, physicsRows } from './sensitivity.ts';

const flat = (latencyMs: number, tasksPerDeviceSecond: number | null = null) => [
  { latencyMs, unservedShare: 0.25, tasksPerDeviceSecond },
  { latencyMs: 2 * latencyMs, unservedShare: 0.25, tasksPerDeviceSecond },
];

describe('the physics of a slot', () => {
  const [published, , carried] = physicsCases(null);
  const found: PhysicsFound = {
    'random+equal': flat(4000),
    'max-sinr+equal': flat(2000),
    'max-compute+equal': flat(4000),
    'tma+equal': flat(1000),
    best: flat(500, 0.125),
  };

  it('are compared as reductions of latency, each seed with itself', () => {
    const rows = physicsRows([published as NonNullable<typeof published>], [physicsEstimates(found)]);
    const of = (quantity: string): unknown => rows.find((row) => row.quantity === quantity)?.measured;
    expect(of('bestAgainstMaxSinr')).toBe(0.75);
    expect(of('bestMean')).toBeCloseTo((0.875 + 0.75 + 0.875) / 3, 12);
    expect(of('tmaMean')).toBeCloseTo((0.75 + 0.5 + 0.75) / 3, 12);
    expect(of('maxSinrMs')).toBe(3000);
    expect(of('unservedShare')).toBe(0.25);
    expect(rows.every((row) => row.of === 'paper, q16')).toBe(true);
    expect(movedTables(rows)['paper, q16']).toContain('3,000 (2,000 to 4,000)');
  });

  it('of a carried task count its whole time, and never more tasks than were ended', async () => {
    expect(carried?.becomes).toBe('unfinished tasks carried');
    const measured = await physicsUnit(carried as NonNullable<typeof carried>, 1, 12).measure();
    for (const policy of ['max-sinr+equal', 'best']) {
      const [run] = measured[policy] as (typeof measured)[string];
      // With q16 no task ends in its own slot, so that none takes less than one.
      expect(run?.latencyMs, policy).toBeGreaterThan(1000);
      expect(run?.tasksPerDeviceSecond, policy).toBeLessThan(1);
      // The time of all devices over the ended tasks, with what the servers do after the upload.
      expect((run?.latencyMs as number) * (run?.tasksPerDeviceSecond as number), policy).toBeGreaterThan(800);
      expect((run?.latencyMs as number) * (run?.tasksPerDeviceSecond as number), policy).toBeLessThan(1100);
    }
  }, 60_000);
});
