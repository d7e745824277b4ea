// Bounds against exact optima, in both energy models and both radio models; and the exact solution against enumeration.

import { describe, expect, it } from 'vitest';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import { solveExactly } from '../../../simulator/policies/subset-dp.ts';
import { createSlotTerms, evaluate } from '../paper/objective.ts';
import { shareOptimally } from '../paper/optimal-shares.ts';
import type { SlotState } from '../slot/slot-state.ts';
import { syntheticSlot } from '../slot/synthetic-slot.ts';
import { certify } from './certify.ts';
import { boundByPrices } from './dual-bound.ts';
import { boundByPool } from './pool-bound.ts';
import { createProblem } from './problem.ts';

/** The cheapest of all E^M associations. */
function enumerate(state: SlotState): number {
  const { deviceCount, serverCount, objective, snr } = state;
  const terms = createSlotTerms(deviceCount);
  let least = Number.POSITIVE_INFINITY;
  for (let code = 0; code < serverCount ** deviceCount; code++) {
    const server = Int32Array.from(
      { length: deviceCount },
      (_, device) => Math.floor(code / serverCount ** device) % serverCount,
    );
    const isAllowed = server.every(
      (one, device) => (snr[device * serverCount + one] as number) >= objective.minimumSnr,
    );
    if (!isAllowed) continue;
    evaluate(state, shareOptimally(state, server), terms);
    least = Math.min(least, terms.sum.costMs - terms.sum.constantMs);
  }
  return least;
}

const cases = (['band', 'airtime'] as const).flatMap((energyModel) =>
  (['fixed-snr', 'concentrated'] as const).flatMap((radioModel) =>
    [0, 100].map((energyWeight) => ({ energyModel, radioModel, energyWeight })),
  ),
);

describe.each(cases)('$energyModel, $radioModel, w $energyWeight', (objective) => {
  it('has the exact solution that enumeration finds', () => {
    const state = syntheticSlot({ deviceCount: 5, serverCount: 3, seed: 1, objective });
    const exact = solveExactly(createProblem(state));
    expect(exact.costMs).toBeCloseTo(enumerate(state), 6);
    const terms = createSlotTerms(5);
    evaluate(state, shareOptimally(state, exact.server), terms);
    expect(terms.sum.costMs - terms.sum.constantMs).toBeCloseTo(exact.costMs, 6);
  });

  it('has no bound above the optimum, and a dual bound that is not below the pool bound', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const slot = syntheticSlot({ deviceCount: 8, serverCount: 3, seed, objective });
      // Different bands and speeds are the harder case for the pool.
      const state = { ...slot, bandwidthHz: Float64Array.of(1e6, 3e6, 6e6) };
      const problem = createProblem(state);
      const { costMs } = solveExactly(problem);
      const pool = boundByPool(problem).boundMs;
      const dual = boundByPrices(problem, 200).boundMs;
      expect(pool).toBeLessThanOrEqual(costMs * (1 + 1e-9));
      expect(dual).toBeLessThanOrEqual(costMs * (1 + 1e-9));
      expect(dual).toBeGreaterThanOrEqual(pool);
    }
  });

  it('has a best that is near the optimum', () => {
    let above = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const state = syntheticSlot({ deviceCount: 9, serverCount: 3, seed, objective });
      const problem = createProblem(state);
      const terms = createSlotTerms(9);
      evaluate(state, createPolicy('best')(state), terms);
      const exact = solveExactly(problem).costMs + problem.constantMs;
      expect(terms.sum.costMs).toBeGreaterThan(exact * (1 - 1e-9));
      above += terms.sum.costMs / exact - 1;
    }
    expect(above / 6).toBeLessThan(0.002);
  });
});

describe('best', () => {
  it('is never above a single search of a small slot', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const state = syntheticSlot({ deviceCount: 24, serverCount: 4, seed });
      const costs = ['best', 'greedy-search'].map((name) => {
        const terms = createSlotTerms(24);
        evaluate(state, createPolicy(name)(state), terms);
        return terms.sum.costMs;
      });
      expect(costs[0]).toBeLessThanOrEqual((costs[1] as number) * (1 + 1e-9));
    }
  });
});

describe('certify', () => {
  it('includes constants, and excludes them from the strictest gap', () => {
    const state = syntheticSlot({ deviceCount: 30, serverCount: 4, seed: 3, objective: { energyWeight: 20 } });
    const terms = createSlotTerms(30);
    evaluate(state, createPolicy('best')(state), terms);
    const certificate = certify(state, terms.sum.costMs, true);
    expect(certificate.dualGap).toBeGreaterThanOrEqual(0);
    expect(certificate.dualGap).toBeLessThan(0.01);
    expect(certificate.poolGap).toBeGreaterThanOrEqual(certificate.dualGap as number);
    expect(certificate.variableGap).toBeGreaterThanOrEqual(certificate.dualGap as number);
    expect(certify(state, terms.sum.costMs, false)).not.toHaveProperty('dualBoundMs');
  });

  it('holds where no device can be served', () => {
    const slot = syntheticSlot({ deviceCount: 3, serverCount: 2, seed: 3 });
    const state = { ...slot, snr: slot.snr.map(() => 0) };
    const terms = createSlotTerms(3);
    evaluate(state, createPolicy('best')(state), terms);
    expect(certify(state, terms.sum.costMs, true).dualGap).toBeCloseTo(0, 12);
  });

  it('has no gap where cost and constants differ by rounding only', () => {
    const seven = syntheticSlot({ deviceCount: 7, serverCount: 2, seed: 3 });
    const battery = seven.battery.map((_, device) => 0.11 + 0.1 * device);
    const state = { ...seven, battery, deviceFlop: battery.map(() => 1.234e11), slotMs: 333.3 };
    const unreachable = { ...state, snr: state.snr.map(() => 0) };
    const terms = createSlotTerms(7);
    evaluate(unreachable, createPolicy('best')(unreachable), terms);
    for (const withDual of [false, true]) expect(certify(unreachable, terms.sum.costMs, withDual).variableGap).toBe(0);
  });
});
