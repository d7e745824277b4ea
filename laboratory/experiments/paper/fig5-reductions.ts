// The latency of policies on the first slots of preset `paper`, and what a method saves against the baselines over all sizes of the paper's Fig. 5, under
// one interpretation. Interquartile means over seeds; sizes, then baselines, weigh equally.

import type { Override } from '../../../simulator/scenario/read-scenario.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import {
  bothShares,
  type FiguresByPolicy,
  measureSlots,
  type Saving,
  type Shares,
  savingOf,
} from '../allocation/latency.ts';
import { combinations } from '../combinations.ts';
import { slotsOf, type WorldSettings } from '../first-slots.ts';
import {
  type Interpretation,
  interpretationName,
  interpretations,
  queuedInterpretations,
  underInterpretation,
} from './interpretations.ts';
import { decisionUnder, type PaperPolicy } from './paper-policies.ts';

/** Empty queues under each payload law and unit of lambda, then the laws of k, with equal shares only. */
export const fig5Interpretations: readonly Interpretation[] = [...interpretations, ...queuedInterpretations];

const latencies = ['latencyMs', 'serialMs'] as const;

/** Methods that the claim could be about; `tma-masac` is the paper's own. Policies that were given by hand come after them. */
const methods: readonly string[] = ['best', 'tma', 'tma-masac', 'masac-association'];

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
  size: Pick<WorldSettings, 'deviceCount' | 'serverCount'>,
  seeds: readonly number[],
  policies: readonly PaperPolicy[],
  taken: readonly Interpretation[] = interpretations,
): Promise<CellFound> {
  const results: [string, FiguresByPolicy][] = [];
  for (const [mostQueued, alike] of Map.groupBy(taken, (one) => one.mostQueued)) {
    const queue = mostQueued === 0 ? [] : [queueOverride(mostQueued)];
    const states = await slotsOf({ scenario: 'paper', ...size, overrides: queue }, seeds);
    for (const one of alike) results.push([interpretationName(one), measurePolicies(states, policies, one)]);
  }
  return Object.fromEntries(results);
}

export function queueOverride(mostQueued: number): Override {
  return { path: ['queue', 'law'], value: { kind: 'uniform', maximumSlots: mostQueued } };
}

interface Case {
  readonly method: string;
  readonly interpretation: Interpretation;
  readonly shares: Shares;
  readonly latency: (typeof latencies)[number];
}

/** Latency saved against the baselines, as shares of their latency. */
export type Reduction = Saving & Case;

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
