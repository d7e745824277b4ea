// The latency that any policy could save against `max-sinr+equal`: by a search for latency alone, and by the dual bound, which no
// association and no shares can beat. Latency is max(D^MD, d/R) + D^ES, as in latency.ts.

import { termsOf, unservedDelayMs } from '../../../src/allocation/paper/objective.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import { searchBest } from '../../../src/allocation/search/best-search.ts';
import { boundByPrices } from '../../../src/allocation/search/dual-bound.ts';
import { createOptimalRule } from '../../../src/allocation/search/optimal-rule.ts';
import { createProblem, type Problem } from '../../../src/allocation/search/problem.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { invariant } from '../../../src/core/basics/invariant.ts';
import { interquartileMean } from '../../../src/core/basics/statistics.ts';
import { type SlotsRow, slotsRow } from '../first-slots.ts';

/** Latencies are means of a device, interquartile means over seeds. */
export interface LatencyLimitRow extends SlotsRow<'latency limit'> {
  readonly slots: number;
  readonly maxSinrMs: number;
  readonly bestMs: number;
  readonly searchedMs: number;
  readonly boundMs: number;
  /** 1 - ms / ms of max-sinr+equal: of `best`, of the search, and of the bound. */
  readonly reductionBest: number;
  readonly reductionSearched: number;
  readonly reductionBound: number;
  /** Increase of the objective by the search for latency: cost over that of `best`, minus 1. */
  readonly searchedAboveBest: number;
}

const dualRounds = 300;

export function measureLatencyLimit(world: string, states: readonly SlotState[]): LatencyLimitRow {
  const limits = states.map(limitOf);
  const middleOf = (key: keyof (typeof limits)[number]): number => interquartileMean(limits.map((one) => one[key]));
  const latencies = {
    maxSinrMs: middleOf('maxSinrMs'),
    bestMs: middleOf('bestMs'),
    searchedMs: middleOf('searchedMs'),
    boundMs: middleOf('boundMs'),
  };
  const reductionOf = (key: keyof typeof latencies): number => 1 - latencies[key] / latencies.maxSinrMs;
  return {
    ...slotsRow('latency limit', world, states),
    slots: states.length,
    ...latencies,
    reductionBest: reductionOf('bestMs'),
    reductionSearched: reductionOf('searchedMs'),
    reductionBound: reductionOf('boundMs'),
    searchedAboveBest: middleOf('costRatio') - 1,
  };
}

function limitOf(state: SlotState) {
  const maxSinr = termsOf(state, createPolicy('max-sinr+equal')(state)).sum;
  const best = termsOf(state, createPolicy('best')(state)).sum;
  const problem = createLatencyProblem(state);
  const server = searchBest(problem, createOptimalRule, state.seed).partition.toServers();
  const searched = termsOf(state, shareOptimally(state, server, problem)).sum;
  return {
    maxSinrMs: maxSinr.latencyMs / state.deviceCount,
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
