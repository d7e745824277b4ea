// What `best` takes off the latency of the paper's baselines: the same slots for all, and the mean over devices of
// max(D^MD, d/R) + D^ES, or of D^MD + D^ES, which leaves sending out.

import { createSlotTerms, evaluate } from '../../allocation/objective.ts';
import { createPolicy } from '../../allocation/policies.ts';
import type { SlotState } from '../../allocation/slot-state.ts';
import { bootstrapInterval, type Interval } from '../../basics/bootstrap.ts';
import { interquartileMean, mean, quantile } from '../../basics/statistics.ts';

/** The paper's three. */
export const baselines = ['random', 'max-sinr', 'max-compute'] as const;

export interface LatencyRow {
  readonly what: 'latency';
  readonly world: string;
  readonly devices: number;
  readonly servers: number;
  readonly baseline: string;
  readonly slots: number;
  readonly baselineMs: number;
  readonly bestMs: number;
  /** 1 - mean(best) / mean(baseline). */
  readonly reduction: number;
  /** The same of D^MD + D^ES. */
  readonly serialReduction: number;
  /** The same of the objective. */
  readonly costReduction: number;
  /** Interquartile mean, and 95th percentile, of the slots' own reductions. */
  readonly reductionInterquartileMean: number;
  readonly reductionP95: number;
}

/** Mean latency of each slot; in the order of the slots. */
interface Measured {
  readonly latencyMs: number[];
  readonly serialMs: number[];
  readonly costMs: number[];
}

/** Rows of one cell, and each slot's latencies, so that means over seeds can be drawn again. */
export interface LatencyCell {
  readonly rows: LatencyRow[];
  readonly latencyMs: ReadonlyMap<string, readonly number[]>;
}

/** @param sharing how the baselines' servers share; `best` always shares optimally */
export function measureLatency(world: string, states: readonly SlotState[], sharing: 'equal' | 'optimal'): LatencyCell {
  const best = measure(states, 'best');
  const latencyMs = new Map<string, readonly number[]>([['best', best.latencyMs]]);
  const rows = baselines.map((baseline) => {
    const name = `${baseline}+${sharing}`;
    const other = measure(states, name);
    latencyMs.set(baseline, other.latencyMs);
    return rowOf(world, states, name, best, other);
  });
  return { rows, latencyMs };
}

function measure(states: readonly SlotState[], policyName: string): Measured {
  const decide = createPolicy(policyName);
  const measured: Measured = { latencyMs: [], serialMs: [], costMs: [] };
  for (const state of states) {
    const terms = createSlotTerms(state.deviceCount);
    evaluate(state, decide(state), terms);
    for (const key of ['latencyMs', 'serialMs', 'costMs'] as const)
      measured[key].push(terms.sum[key] / state.deviceCount);
  }
  return measured;
}

function rowOf(
  world: string,
  states: readonly SlotState[],
  baseline: string,
  best: Measured,
  other: Measured,
): LatencyRow {
  const first = states[0] as SlotState;
  const own = best.latencyMs.map((ms, slot) => 1 - ms / (other.latencyMs[slot] as number));
  return {
    what: 'latency',
    world,
    devices: first.deviceCount,
    servers: first.serverCount,
    baseline,
    slots: states.length,
    baselineMs: mean(other.latencyMs),
    bestMs: mean(best.latencyMs),
    reduction: 1 - mean(best.latencyMs) / mean(other.latencyMs),
    serialReduction: 1 - mean(best.serialMs) / mean(other.serialMs),
    costReduction: 1 - mean(best.costMs) / mean(other.costMs),
    reductionInterquartileMean: interquartileMean(own),
    reductionP95: quantile(own, 0.95),
  };
}

/** Cells weigh equally. @returns the mean reduction against one baseline */
export function meanReduction(cells: readonly LatencyCell[], baseline: string, pick?: readonly number[]): number {
  return mean(
    cells.map(({ latencyMs }) => {
      const of = (name: string): number => {
        const all = latencyMs.get(name) as readonly number[];
        return mean(pick === undefined ? all : pick.map((slot) => all[slot] as number));
      };
      return 1 - of('best') / of(baseline);
    }),
  );
}

/** 95 % of the mean over cells and baselines, seeds drawn again with replacement, the same in all cells. */
export function reductionInterval(cells: readonly LatencyCell[], seedCount: number): Interval {
  return bootstrapInterval(seedCount, (pick) =>
    mean(baselines.map((baseline) => meanReduction(cells, baseline, pick))),
  );
}
