// The latency of policies on the first slots of preset `paper`, and what a method saves against the baselines over all sizes of the paper's Fig. 5, under
// one interpretation. Interquartile means over seeds; sizes, then baselines, weigh equally. And the data of Fig. 5: a row for each size, interpretation
// and policy.

import type { Override } from '../../../simulator/scenario/read-scenario.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { middleEstimate } from '../../../src/core/basics/bootstrap.ts';
import { interquartileMean, mean } from '../../../src/core/basics/statistics.ts';
import {
  bothShares,
  type FiguresByPolicy,
  type LatencyFigures,
  measureSlots,
  type Saving,
  type Shares,
  savingOf,
} from '../allocation/latency.ts';
import { combinations } from '../combinations.ts';
import { slotsOf } from '../first-slots.ts';
import {
  type Interpretation,
  interpretationName,
  interpretations,
  queuedInterpretations,
  underInterpretation,
} from './interpretations.ts';
import { decisionUnder, type PaperPolicy, trainingGap } from './paper-policies.ts';

/** Empty queues under each payload law and unit of lambda, then the laws of k, with equal shares only. */
export const fig5Interpretations: readonly Interpretation[] = [...interpretations, ...queuedInterpretations];

const latencies = ['latencyMs', 'serialMs'] as const;
export type Latency = (typeof latencies)[number];

/** Methods that the claim could be about; `tma-masac` is the paper's own. Policies that were given by hand come after them. */
export const methods: readonly string[] = ['best', 'tma', 'tma-masac', 'masac-association'];

export interface Cell {
  readonly deviceCount: number;
  readonly serverCount: number;
  readonly against: 'devices' | 'servers';
}

/** Results by the name of the interpretation. */
export type CellFound = Readonly<Record<string, FiguresByPolicy>>;

export interface MeasuredCell extends Cell {
  readonly found: CellFound;
}

/** @param states of preset `paper`: q16, lambda per ms, and the interpretation's law of k */
export function measurePolicies(
  states: readonly SlotState[],
  policies: readonly PaperPolicy[],
  interpretation: Interpretation,
): FiguresByPolicy {
  const read = states.map((state) => underInterpretation(state, interpretation));
  return Object.fromEntries(policies.map((one) => [one.name, measureSlots(read, decisionUnder(one, interpretation))]));
}

/** The first slots of preset `paper` with these numbers of devices and servers, under each interpretation, by its name. */
export async function measureCell(
  size: { readonly deviceCount: number; readonly serverCount: number; readonly overrides?: readonly Override[] },
  seeds: readonly number[],
  policies: readonly PaperPolicy[],
  taken: readonly Interpretation[] = interpretations,
): Promise<CellFound> {
  const { deviceCount, serverCount, overrides = [] } = size;
  const results: [string, FiguresByPolicy][] = [];
  for (const [mostQueued, alike] of Map.groupBy(taken, (one) => one.mostQueued)) {
    const queue = mostQueued === 0 ? [] : [queueOverride(mostQueued)];
    const settings = { scenario: 'paper', deviceCount, serverCount, overrides: [...overrides, ...queue] };
    const states = await slotsOf(settings, seeds);
    for (const one of alike) results.push([interpretationName(one), measurePolicies(states, policies, one)]);
  }
  return Object.fromEntries(results);
}

export function queueOverride(mostQueued: number): Override {
  return { path: ['queue', 'law'], value: { kind: 'uniform', maximumSlots: mostQueued } };
}

/** Latency saved against the baselines, as shares of their latency. */
export interface Reduction extends Saving, Case {}

interface Case {
  readonly method: string;
  readonly interpretation: Interpretation;
  readonly shares: Shares;
  readonly latency: Latency;
}

export const claimedMean = 0.237;
export const claimedMost = 0.28;

/** The policy that carries out a method, where the baselines share their servers in this way. */
export function policyOf(method: string, shares: Shares): string {
  return method === 'tma' ? `tma+${shares}` : method;
}

/** @param own policies that were given by hand */
export function reductionsOf(
  cells: readonly MeasuredCell[],
  seedCount: number,
  own: readonly string[] = [],
): Reduction[] {
  const measured = Object.values(cells[0]?.found ?? {})[0] ?? {};
  const present = [...methods, ...own].filter((method) => policyOf(method, 'equal') in measured);
  const cases = combinations({
    method: present,
    interpretation: fig5Interpretations,
    shares: bothShares,
    latency: latencies,
  });
  // With work that waits the baselines share equally only.
  return cases
    .filter(({ interpretation, shares }) => interpretation.mostQueued === 0 || shares === 'equal')
    .map((one) => reductionOf(cells, seedCount, one));
}

/** @param cells with the figures of the method and of the baselines, with these shares */
export function reductionOf(cells: readonly Pick<MeasuredCell, 'found'>[], seedCount: number, given: Case): Reduction {
  const { method, interpretation, shares, latency } = given;
  const sizes = cells.map(({ found }) => found[interpretationName(interpretation)] as FiguresByPolicy);
  return { ...given, ...savingOf(sizes, policyOf(method, shares), shares, latency, seedCount) };
}

/** Interquartile means over seeds, with 95 % intervals. */
export interface Fig5Row extends Interpretation, Pick<Cell, 'against'> {
  readonly devices: number;
  readonly servers: number;
  readonly policy: string;
  /** In what its weights were trained for something else; empty: in nothing, or it has none. */
  readonly trainingGap: string;
  readonly seeds: number;
  readonly latencyMs: number;
  readonly latencyLowMs: number;
  readonly latencyHighMs: number;
  /** Plain mean over seeds. */
  readonly latencyMeanMs: number;
  readonly latencyMiddleMs: number;
  readonly latencyP95Ms: number;
  readonly serialMs: number;
  readonly costMs: number;
  /** The differences of each seed to `best`. */
  readonly overBestMs: number;
  readonly overBestLowMs: number;
  readonly overBestHighMs: number;
}

export function fig5Rows(
  cells: readonly MeasuredCell[],
  seedCount: number,
  policies: readonly PaperPolicy[],
): Fig5Row[] {
  const cases = combinations({ cell: cells, interpretation: fig5Interpretations, policy: policies });
  return cases.flatMap(({ cell, interpretation, policy }) => {
    const figures = cell.found[interpretationName(interpretation)] as FiguresByPolicy;
    const own = figures[policy.name];
    if (own === undefined) return [];
    const best = figures['best'] as LatencyFigures;
    const latency = middleEstimate(own.latencyMs);
    const overBest = middleEstimate(own.latencyMs.map((ms, seed) => ms - (best.latencyMs[seed] as number)));
    return {
      against: cell.against,
      devices: cell.deviceCount,
      servers: cell.serverCount,
      ...interpretation,
      policy: policy.name,
      seeds: seedCount,
      latencyMs: latency.value,
      latencyLowMs: latency.interval[0],
      latencyHighMs: latency.interval[1],
      latencyMeanMs: mean(own.latencyMs),
      latencyMiddleMs: interquartileMean(own.latencyMiddleMs),
      latencyP95Ms: interquartileMean(own.latencyP95Ms),
      serialMs: interquartileMean(own.serialMs),
      costMs: interquartileMean(own.costMs),
      overBestMs: overBest.value,
      overBestLowMs: overBest.interval[0],
      overBestHighMs: overBest.interval[1],
      trainingGap: trainingGap(policy, interpretation),
    };
  });
}
