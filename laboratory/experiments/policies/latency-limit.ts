// The latency that any policy could save against `max-sinr+equal`: by a search for latency alone, and by the dual bound, which no
// association and no shares can beat. Latency is max(D^MD, d/R) + D^ES, as in latency.ts.

import { createPolicy } from '../../../simulator/policies/policies.ts';
import { termsOf, unservedDelayMs } from '../../../src/allocation/paper/objective.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { searchBest } from '../../../src/allocation/search/best-search.ts';
import { boundByPrices } from '../../../src/allocation/search/dual-bound.ts';
import { createOptimalRule } from '../../../src/allocation/search/optimal-rule.ts';
import { createProblem, type Problem } from '../../../src/allocation/search/problem.ts';
import type { Assignment, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { invariant } from '../../../src/core/basics/invariant.ts';
import { interquartileMean } from '../../../src/core/basics/statistics.ts';
import { type SlotsRow, slotsRow } from '../first-slots.ts';

type Figure =
  | `${'maxSinr' | 'best' | 'searched' | 'bound'}Ms`
  | `reduction${'Best' | 'Searched' | 'Bound'}`
  | 'searchedAboveBest';

/**
 * Latencies are means of a device, interquartile means over seeds; reductions are 1 - ms / ms of max-sinr+equal. `searchedAboveBest`: by how
 * much the search for latency increases the objective, over that of `best`.
 */
export interface LatencyLimitRow extends SlotsRow<'latency limit'>, Readonly<Record<Figure, number>> {
  readonly slots: number;
}

const dualRounds = 300;

export function measureLatencyLimit(world: string, states: readonly SlotState[]): LatencyLimitRow {
  const found = states.map(limitOf);
  const middleOf = (key: keyof (typeof found)[number]): number => interquartileMean(found.map((one) => one[key]));
  const maxSinrMs = middleOf('maxSinrMs');
  const bestMs = middleOf('bestMs');
  const searchedMs = middleOf('searchedMs');
  const boundMs = middleOf('boundMs');
  return {
    ...slotsRow('latency limit', world, states),
    slots: states.length,
    maxSinrMs,
    bestMs,
    searchedMs,
    boundMs,
    reductionBest: 1 - bestMs / maxSinrMs,
    reductionSearched: 1 - searchedMs / maxSinrMs,
    reductionBound: 1 - boundMs / maxSinrMs,
    searchedAboveBest: middleOf('costRatio') - 1,
  };
}

function limitOf(state: SlotState) {
  const sumsOf = (assignment: Assignment) => termsOf(state, assignment).sum;
  const best = sumsOf(createPolicy('best')(state));
  const problem = createLatencyProblem(state);
  const server = searchBest(problem, createOptimalRule, state.seed).partition.toServers();
  const searched = sumsOf(shareOptimally(state, server, problem));
  return {
    maxSinrMs: sumsOf(createPolicy('max-sinr+equal')(state)).latencyMs / state.deviceCount,
    bestMs: best.latencyMs / state.deviceCount,
    searchedMs: searched.latencyMs / state.deviceCount,
    boundMs: (problem.constantMs + boundByPrices(problem, dualRounds).boundMs) / state.deviceCount,
    costRatio: searched.costMs / best.costMs,
  };
}

/**
 * The same slot with another objective, the users' total waiting time: shares, searches, bounds and exact solutions are those of it. With fixed
 * SNR only. The constants are the waiting times of devices without a server.
 */
export function createLatencyProblem(state: SlotState): Problem {
  invariant(state.objective.radioModel === 'fixed-snr', 'latency has a closed form with the SNR fixed only');
  const problem = createProblem({ ...state, objective: { ...state.objective, energyWeight: 0 } });
  let constantMs = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    if (problem.linkStart[device] !== problem.linkStart[device + 1]) continue;
    constantMs += (problem.deviceMs[device] as number) + unservedDelayMs(state);
  }
  return { ...problem, bandForm: 'latency', constantMs };
}
