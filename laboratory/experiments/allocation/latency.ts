// The latency of policies over the same slots, and the share that a policy saves against the paper's baselines. Used by the reproduction of
// Fig. 5 and by `outrider bench allocation`. Interquartile means over seeds: a seed with a bad link does not move them.

import { type Estimate, estimates } from '../../../simulator/charts/bootstrap.ts';
import { termsOf } from '../../../src/allocation/paper/objective.ts';
import type { Policy, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { interquartileMean, mean, quantile } from '../../../src/core/basics/statistics.ts';

export const baselines = ['random', 'max-sinr', 'max-compute'] as const;

/** How the servers of the baselines share; `best` always shares optimally. */
export type Shares = 'equal' | 'optimal';
export const bothShares: readonly Shares[] = ['equal', 'optimal'];

/**
 * One number for each seed; ms. `latencyMs`: mean over tasks of max(D^MD, d/R) + D^ES; `latencyMiddleMs`: mean of the middle half of the tasks,
 * which bad links do not move; `serialMs`: mean of D^MD + D^ES, without sending; `costMs`: mean objective of a task.
 */
export type LatencyFigures = Readonly<
  Record<'latencyMs' | 'latencyMiddleMs' | 'latencyP95Ms' | 'serialMs' | 'costMs', number[]>
>;

export type FiguresByPolicy = Readonly<Record<string, LatencyFigures>>;

export function measureSlots(states: readonly SlotState[], decide: Policy): LatencyFigures {
  const figures: LatencyFigures = { latencyMs: [], latencyMiddleMs: [], latencyP95Ms: [], serialMs: [], costMs: [] };
  for (const state of states) {
    const terms = termsOf(state, decide(state));
    const latencies = [...terms.latencyMs];
    figures.latencyMs.push(terms.sum.latencyMs / state.deviceCount);
    figures.latencyMiddleMs.push(interquartileMean(latencies));
    figures.latencyP95Ms.push(quantile(latencies, 0.95));
    figures.serialMs.push(terms.sum.serialMs / state.deviceCount);
    figures.costMs.push(terms.sum.costMs / state.deviceCount);
  }
  return figures;
}

/** Savings against the baselines, as shares: mean over sizes and baselines, maximum, and for each baseline; 95 % intervals. */
export interface Saving {
  readonly mean: Estimate;
  readonly most: Estimate;
  /** Savings in the order of {@link baselines}. */
  readonly against: readonly Estimate[];
}

/** @param sizes figures of each size; sizes, then baselines, weigh equally @param policy the one that saves */
export function savingOf(
  sizes: readonly FiguresByPolicy[],
  policy: string,
  shares: Shares,
  key: keyof LatencyFigures,
  seedCount: number,
): Saving {
  const values = sizes.map((figures) => {
    const of = (name: string): readonly number[] => (figures[name] as LatencyFigures)[key];
    return { own: of(policy), others: baselines.map((baseline) => of(`${baseline}+${shares}`)) };
  });
  const statistic = (pick: readonly number[]): number[] => {
    const middle = (all: readonly number[]): number => interquartileMean(pick.map((seed) => all[seed] as number));
    const bySize = values.map(({ own, others }) => {
      const ownMs = middle(own);
      return others.map((other) => 1 - ownMs / middle(other));
    });
    const against = baselines.map((_, index) => mean(bySize.map((size) => size[index] as number)));
    return [mean(against), Math.max(...bySize.flat()), ...against];
  };
  const [all, most, ...against] = estimates(seedCount, statistic);
  return { mean: all as Estimate, most: most as Estimate, against };
}
