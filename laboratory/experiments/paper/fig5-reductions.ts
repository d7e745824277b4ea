// The latency that a method saves against the baselines over all sizes of the paper's Fig. 5, under one interpretation. Interquartile means over seeds;
// sizes, then baselines, weigh equally. And the data of Fig. 5: a row for each size, interpretation and policy.

import { middleEstimate } from '../../../src/core/basics/bootstrap.ts';
import { interquartileMean, mean } from '../../../src/core/basics/statistics.ts';
import {
  bothShares,
  type FiguresByPolicy,
  type LatencyFigures,
  type Saving,
  type Shares,
  savingOf,
} from '../allocation/latency.ts';
import { type Interpretation, interpretationName, interpretations, queuedInterpretations } from './interpretations.ts';
import { type PaperPolicy, trainingGap } from './paper-policies.ts';

/** Empty queues under each payload law and unit of lambda, then the laws of k, with equal shares only. */
export const fig5Interpretations: readonly Interpretation[] = [...interpretations, ...queuedInterpretations];

export type Latency = 'latencyMs' | 'serialMs';

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

/** @param own policies that were given by hand @param taken the interpretations that were measured */
export function reductionsOf(
  cells: readonly MeasuredCell[],
  seedCount: number,
  own: readonly string[] = [],
  taken: readonly Interpretation[] = fig5Interpretations,
): Reduction[] {
  const [first] = cells;
  const present = [...methods, ...own].filter((method) => {
    const figures = first?.found[interpretationName(interpretations[0] as Interpretation)];
    return figures !== undefined && policyOf(method, 'equal') in figures;
  });
  return present.flatMap((method) =>
    taken.flatMap((interpretation) =>
      (interpretation.mostQueued === 0 ? bothShares : (['equal'] as const)).flatMap((shares) =>
        (['latencyMs', 'serialMs'] as const).map((latency) =>
          reductionOf(cells, seedCount, { method, interpretation, shares, latency }),
        ),
      ),
    ),
  );
}

/** @param cells with the figures of the method and of the baselines, with these shares */
export function reductionOf(cells: readonly MeasuredCell[], seedCount: number, given: Case): Reduction {
  const { method, interpretation, shares, latency } = given;
  const sizes = cells.map(({ found }) => found[interpretationName(interpretation)] as FiguresByPolicy);
  return { ...given, ...savingOf(sizes, policyOf(method, shares), shares, latency, seedCount) };
}

/** Interquartile means over seeds. */
const middles = ['latencyMiddleMs', 'latencyP95Ms', 'serialMs', 'costMs'] as const;
type Middles = Readonly<Record<(typeof middles)[number], number>>;

export interface Fig5Row extends Middles, Interpretation, Pick<Cell, 'against'> {
  readonly devices: number;
  readonly servers: number;
  readonly policy: string;
  /** In what its weights were trained for something else; empty: in nothing, or it has none. */
  readonly trainingGap: string;
  readonly seeds: number;
  /** Interquartile mean over seeds, and its 95 % interval. */
  readonly latencyMs: number;
  readonly latencyLowMs: number;
  readonly latencyHighMs: number;
  /** Plain mean over seeds. */
  readonly latencyMeanMs: number;
  /** Interquartile mean of the differences of each seed to `best`, and its 95 % interval. */
  readonly overBestMs: number;
  readonly overBestLowMs: number;
  readonly overBestHighMs: number;
}

export function fig5Rows(
  cells: readonly MeasuredCell[],
  seedCount: number,
  policies: readonly Pick<PaperPolicy, 'name' | 'trained'>[] = [],
): Fig5Row[] {
  return cells.flatMap((cell) =>
    fig5Interpretations.flatMap((interpretation) => {
      const figures = cell.found[interpretationName(interpretation)] as FiguresByPolicy;
      return Object.keys(figures).map((policy) => {
        const trained = policies.find(({ name }) => name === policy);
        const gap = trained === undefined ? '' : trainingGap(trained, interpretation);
        return { ...rowOf(cell, interpretation, policy, figures, seedCount), trainingGap: gap };
      });
    }),
  );
}

function rowOf(
  { against, deviceCount, serverCount }: Cell,
  interpretation: Interpretation,
  policy: string,
  figures: FiguresByPolicy,
  seedCount: number,
): Omit<Fig5Row, 'trainingGap'> {
  const own = figures[policy] as LatencyFigures;
  const best = figures['best'] as LatencyFigures;
  const over = own.latencyMs.map((ms, seed) => ms - (best.latencyMs[seed] as number));
  const [latency, overBest] = [middleEstimate(own.latencyMs), middleEstimate(over)];
  return {
    against,
    devices: deviceCount,
    servers: serverCount,
    ...interpretation,
    policy,
    seeds: seedCount,
    latencyMs: latency.value,
    latencyLowMs: latency.interval[0],
    latencyHighMs: latency.interval[1],
    latencyMeanMs: mean(own.latencyMs),
    ...(Object.fromEntries(middles.map((key) => [key, interquartileMean(own[key])])) as Middles),
    overBestMs: overBest.value,
    overBestLowMs: overBest.interval[0],
    overBestHighMs: overBest.interval[1],
  };
}
