import { expect, it } from 'vitest';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import { solveExactly } from '../../../simulator/policies/subset-dp.ts';
import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { searchBest } from '../../../src/allocation/search/best-search.ts';
import { boundByPrices } from '../../../src/allocation/search/dual-bound.ts';
import { createOptimalRule } from '../../../src/allocation/search/optimal-rule.ts';
import { boundByPool } from '../../../src/allocation/search/pool-bound.ts';
import { totalCostMs } from '../../../src/allocation/search/search-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { createLatencyProblem } from './latency-limit.ts';

it.each([1, 2, 3, 4])('the least latency: exact solution, search and bounds agree, seed %d', (seed) => {
  const slot = syntheticSlot({ deviceCount: 9, serverCount: 3, seed, objective: { energyWeight: 20 } });
  // Scarce bands and ample bands.
  const state = { ...slot, bandwidthHz: slot.bandwidthHz.map((hertz) => hertz * (0.2 * seed * seed)) };
  const problem = createLatencyProblem(state);
  const exact = solveExactly(problem);
  const searched = searchBest(problem, createOptimalRule, 1);
  expect(totalCostMs(searched) / exact.costMs).toBeCloseTo(1, 4);
  const bound = boundByPrices(problem, 300).boundMs;
  expect(bound).toBeLessThanOrEqual(exact.costMs * (1 + 1e-9));
  expect(bound).toBeGreaterThan(0.9 * exact.costMs);
  expect(boundByPool(problem).boundMs).toBeLessThanOrEqual(exact.costMs * (1 + 1e-9));
  const terms = createSlotTerms(9);
  evaluate(state, shareOptimally(state, exact.server, problem), terms);
  expect(terms.sum.latencyMs).toBeCloseTo(exact.costMs + problem.constantMs, 6);
  for (const policy of ['best', 'max-sinr', 'tma+optimal']) {
    evaluate(state, createPolicy(policy)(state), terms);
    expect(terms.sum.latencyMs).toBeGreaterThan(bound + problem.constantMs);
  }
});

it('no shares near the latency shares are better', () => {
  const state = syntheticSlot({ deviceCount: 6, serverCount: 1, seed: 5, payloadBits: [4e5, 2e6] });
  const problem = createLatencyProblem(state);
  const server = new Int32Array(6);
  const { bandwidthShare, computeShare } = shareOptimally(state, server, problem);
  const terms = createSlotTerms(6);
  const latencyOf = (shares: Float64Array): number => {
    evaluate(state, { server, bandwidthShare: shares, computeShare }, terms);
    return terms.sum.latencyMs;
  };
  const least = latencyOf(bandwidthShare);
  for (let from = 0; from < 6; from++) {
    for (let to = 0; to < 6; to++) {
      const shares = bandwidthShare.slice();
      const moved = 0.02 * (shares[from] as number);
      shares[from] = (shares[from] as number) - moved;
      shares[to] = (shares[to] as number) + moved;
      expect(latencyOf(shares)).toBeGreaterThanOrEqual(least - 1e-6);
    }
  }
});
