// The latency that any policy could save against `max-sinr+equal`: by a search for latency alone, and by the dual bound, which no
// association and no shares can beat. Latency is max(D^MD, d/R) + D^ES, as in latency.ts.

import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import { searchBest } from '../../../src/allocation/search/best-search.ts';
import { boundByPrices } from '../../../src/allocation/search/dual-bound.ts';
import { createOptimalRule } from '../../../src/allocation/search/optimal-rule.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { interquartileMean } from '../../../src/core/basics/statistics.ts';
import { type SlotsRow, slotsRow } from '../first-slots.ts';
import { createLatencyProblem } from './latency-problem.ts';

/** Mean latencies of a device, ms. */
const latencyKeys = ['maxSinrMs', 'bestMs', 'searchedMs', 'boundMs'] as const;
type Latencies = Readonly<Record<(typeof latencyKeys)[number], number>>;

export interface LatencyLimitRow extends SlotsRow<'latency limit'>, Latencies {
  readonly slots: number;
  /** 1 - ms / ms of max-sinr+equal, interquartile means over seeds: of `best`, of the search, and of the bound. */
  readonly reductionBest: number;
  readonly reductionSearched: number;
  readonly reductionBound: number;
  /** Increase of the objective by the search for latency: cost over that of `best`, minus 1. */
  readonly searchedAboveBest: number;
}

const dualRounds = 300;

export function measureLatencyLimit(world: string, states: readonly SlotState[]): LatencyLimitRow {
  const limits = states.map(limitOf);
  const middleOf = (key: keyof SlotLimit): number => interquartileMean(limits.map((limit) => limit[key]));
  const latencies = Object.fromEntries(latencyKeys.map((key) => [key, middleOf(key)])) as Latencies;
  return {
    ...slotsRow('latency limit', world, states),
    slots: states.length,
    ...latencies,
    reductionBest: 1 - latencies.bestMs / latencies.maxSinrMs,
    reductionSearched: 1 - latencies.searchedMs / latencies.maxSinrMs,
    reductionBound: 1 - latencies.boundMs / latencies.maxSinrMs,
    searchedAboveBest: middleOf('costRatio') - 1,
  };
}

interface SlotLimit extends Latencies {
  readonly costRatio: number;
}

function limitOf(state: SlotState): SlotLimit {
  const terms = createSlotTerms(state.deviceCount);
  const perDevice = (): number => terms.sum.latencyMs / state.deviceCount;
  evaluate(state, createPolicy('max-sinr+equal')(state), terms);
  const maxSinrMs = perDevice();
  evaluate(state, createPolicy('best')(state), terms);
  const bestMs = perDevice();
  const bestCostMs = terms.sum.costMs;
  const problem = createLatencyProblem(state);
  const server = searchBest(problem, createOptimalRule, state.seed).partition.toServers();
  evaluate(state, shareOptimally(state, server, problem), terms);
  const boundMs = (problem.constantMs + boundByPrices(problem, dualRounds).boundMs) / state.deviceCount;
  return { maxSinrMs, bestMs, searchedMs: perDevice(), boundMs, costRatio: terms.sum.costMs / bestCostMs };
}
