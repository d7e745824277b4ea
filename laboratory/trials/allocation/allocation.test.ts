import { describe, expect, it } from 'vitest';
import { solveExactly } from '../../../simulator/policies/subset-dp.ts';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { boundByPool } from '../../../src/allocation/search/pool-bound.ts';
import { createProblem } from '../../../src/allocation/search/problem.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { allocationTrial } from './allocation.ts';
import { loadMilpSolver } from './milp.ts';

describe('trial allocation', () => {
  it('holds on a few slots, and fails with a bound that is none', async () => {
    const options = { instances: 12, larger: 0, seed: 3 };
    const { summary, rows, passed } = await runExperiment(allocationTrial, options);
    expect(summary).toMatchObject({ instances: 12, boundViolations: 0, feltInstances: 12, feltBoundViolations: 0 });
    expect(summary['feltBoundGapWorst']).toBeLessThan(0.1);
    expect(passed).toBe(true);
    expect(rows).toHaveLength(6);
    const bounds = (problem: ReturnType<typeof createProblem>): number[] => [2 * solveExactly(problem).costMs, 0];
    const broken = await runExperiment(allocationTrial, { ...options, bounds });
    expect(broken).toMatchObject({ summary: { boundViolations: 12, feltBoundViolations: 12 }, passed: false });
  });
});

describe('HiGHS', () => {
  it('finds what dynamic programming finds, in every model', async () => {
    const solve = await loadMilpSolver();
    for (const energyModel of ['band', 'airtime'] as const) {
      for (const radioModel of ['fixed-snr', 'concentrated'] as const) {
        const objective = { energyModel, radioModel, energyWeight: 20 };
        const problem = createProblem(syntheticSlot({ deviceCount: 6, serverCount: 2, seed: 5, objective }));
        const { costMs, boundMs } = solve(problem);
        expect(costMs).toBeCloseTo(solveExactly(problem).costMs, 5);
        expect(boundMs).toBeLessThanOrEqual(costMs);
        expect(boundMs).toBeGreaterThan(boundByPool(problem).boundMs * (1 - 1e-6));
      }
    }
  });
});
