import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAssignment } from '../../src/allocation/slot/check-assignment.ts';
import { syntheticSlot } from '../../src/allocation/slot/synthetic-slot.ts';
import { type Batch, type BatchTask, decideByBatches, planBatches, sharesByBatch } from './batch-plan.ts';
import { createPolicy } from './policies.ts';

const step = { fixedMs: 40, perRowMs: 0.4 };
const task = (draftMs: number, airMs = 1, acceptance = 0.8, workMs = 10): BatchTask => ({
  draftMs,
  airMs,
  acceptance,
  workMs,
});

/** The cost of a plan, counted from its batches alone. */
function costOf(tasks: readonly BatchTask[], batches: readonly Batch[]): number {
  return batches.reduce((sum, { tasks: members, draftLength, verifiedMs }) => {
    const per = members.map((index) => {
      const { acceptance } = tasks[index] as BatchTask;
      return draftLength === null ? 1 : (1 - acceptance) / (1 - acceptance ** (draftLength + 1));
    });
    return sum + per.reduce((total, one) => total + one) * verifiedMs;
  }, 0);
}

describe('batches by dynamic programming', () => {
  it('hold every task once, in the order of their drafts', () => {
    const tasks = [task(30), task(5), task(10), task(80)];
    const batches = planBatches(tasks, step);
    expect(batches.flatMap(({ tasks: members }) => members)).toEqual([1, 2, 0, 3]);
  });

  it('put alike tasks into one step, and let nobody wait for a far slower one', () => {
    expect(planBatches([task(10, 0), task(10, 0), task(10, 0)], step)).toHaveLength(1);
    const [quick, slow] = planBatches([task(10, 0), task(10, 0), task(2000, 0)], step);
    expect(quick?.tasks).toEqual([0, 1]);
    expect(slow?.tasks).toEqual([2]);
  });

  it('draft longer where drafts are better', () => {
    const lengthAt = (acceptance: number) => planBatches([task(5, 0, acceptance)], step)[0]?.draftLength ?? 0;
    expect(lengthAt(0.9)).toBeGreaterThan(lengthAt(0.5));
    // (5 l + 40 + 0.4 (l + 1)) / (1 + 0.8 + ... + 0.8^l) is 19.2, 18.44, 18.42 and 19.7 at 3, 4, 6 and 8.
    expect(lengthAt(0.8)).toBe(6);
  });

  it('never cost more than one batch of all, or batches of one', () => {
    const tasks = fc.array(
      fc.record({
        draftMs: fc.double({ min: 1, max: 100, noNaN: true }),
        airMs: fc.double({ min: 0, max: 20, noNaN: true }),
        acceptance: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        workMs: fc.double({ min: 1, max: 50, noNaN: true }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(tasks, (some) => {
        const batches = planBatches(some, null);
        const order = batches.flatMap(({ tasks: members }) => members);
        const together = Math.max(...some.map(({ draftMs }) => draftMs));
        const sum = (key: 'airMs' | 'workMs') => some.reduce((total, one) => total + one[key], 0);
        const oneBatch = some.length * (together + sum('airMs') + sum('workMs'));
        let uploaded = 0;
        let verified = 0;
        let singles = 0;
        for (const index of order) {
          const { draftMs, airMs, workMs } = some[index] as BatchTask;
          uploaded = Math.max(draftMs, uploaded) + airMs;
          verified = Math.max(uploaded, verified) + workMs;
          singles += verified;
        }
        const cost = costOf(some, batches);
        expect(cost).toBeLessThanOrEqual(oneBatch * (1 + 1e-9));
        expect(cost).toBeLessThanOrEqual(singles * (1 + 1e-9));
      }),
      { numRuns: 100 },
    );
  });
});

describe('shares by closed form', () => {
  it('let the tasks of a batch end together, and batches for the least sum of latencies', () => {
    const batches: readonly Batch[] = [
      { tasks: [0, 1], draftLength: null, uploadedMs: 10, verifiedMs: 20 },
      { tasks: [2], draftLength: null, uploadedMs: 40, verifiedMs: 80 },
    ];
    const needs = [3, 6, 5];
    const shares = sharesByBatch(batches, needs);
    expect(shares.reduce((sum, one) => sum + one)).toBeCloseTo(1);
    const latency = (given: readonly number[]): number =>
      needs.reduce((sum, need, index) => sum + need / (given[index] as number), 0);
    expect(3 / (shares[0] as number)).toBeCloseTo(6 / (shares[1] as number));
    // Any other split between the two batches is worse.
    for (const moved of [-0.02, 0.02]) {
      const [one, other] = [(shares[0] as number) + moved / 3, (shares[1] as number) + (2 * moved) / 3];
      expect(latency([one, other, (shares[2] as number) - moved])).toBeGreaterThan(latency(shares));
    }
    expect(sharesByBatch([batches[0] as Batch], [0, 0])).toEqual([0.5, 0.5]);
  });
});

describe('the policy batch-dp', () => {
  const state = syntheticSlot({ deviceCount: 20, serverCount: 3, seed: 4, objective: { energyWeight: 20 } });

  it('has shares of its own, equal ones and optimal ones', () => {
    const own = createPolicy('batch-dp')(state);
    checkAssignment(state, own);
    expect(own).toEqual(decideByBatches(state));
    expect(own.server).toEqual(createPolicy('max-sinr')(state).server);
    expect(createPolicy('batch-dp+equal')(state)).toEqual(createPolicy('max-sinr+equal')(state));
    expect(createPolicy('batch-dp+optimal')(state)).toEqual(createPolicy('max-sinr+optimal')(state));
    expect(own.bandwidthShare).not.toEqual(createPolicy('max-sinr+optimal')(state).bandwidthShare);
  });
});
