// How much latency a method takes off the baselines, over all sizes of the paper's Fig. 5, under one interpretation. Interquartile means over seeds;
// sizes, then baselines, weigh equally.

import { bothShares, type FiguresByPolicy, type Saving, type Shares, savingOf } from '../allocation/latency.ts';
import { type Interpretation, interpretationName, interpretations } from './interpretations.ts';

export type Latency = 'latencyMs' | 'serialMs';

/** Methods that the claim could be about; `tma-masac` is the paper's own. */
export const methods = ['best', 'tma', 'tma-masac', 'masac-association'] as const;
export type Method = (typeof methods)[number];

export interface Cell {
  readonly deviceCount: number;
  readonly serverCount: number;
  readonly against: 'devices' | 'servers';
}

/** By the name of the interpretation. */
export type CellFound = Readonly<Record<string, FiguresByPolicy>>;

export interface MeasuredCell extends Cell {
  readonly found: CellFound;
}

/** Latency taken off the baselines, as shares of theirs. */
export interface Reduction extends Saving {
  readonly method: Method;
  readonly interpretation: Interpretation;
  readonly shares: Shares;
  readonly latency: Latency;
}

export const claimedMean = 0.237;
export const claimedMost = 0.28;

/** The policy that carries out a method, where the baselines share their servers in this way. */
export function policyOf(method: Method, shares: Shares): string {
  return method === 'tma' ? `tma+${shares}` : method;
}

export function reductionsOf(cells: readonly MeasuredCell[], seedCount: number): Reduction[] {
  const [first] = cells;
  const present = methods.filter((method) => {
    const figures = first?.found[interpretationName(interpretations[0] as Interpretation)];
    return figures !== undefined && policyOf(method, 'equal') in figures;
  });
  return present.flatMap((method) =>
    interpretations.flatMap((interpretation) =>
      bothShares.flatMap((shares) =>
        (['latencyMs', 'serialMs'] as const).map((latency) =>
          reductionOf(cells, seedCount, { method, interpretation, shares, latency }),
        ),
      ),
    ),
  );
}

type Case = Pick<Reduction, 'method' | 'interpretation' | 'shares' | 'latency'>;

/** @param cells with the figures of the method and of the baselines, with these shares */
export function reductionOf(cells: readonly MeasuredCell[], seedCount: number, given: Case): Reduction {
  const { method, interpretation, shares, latency } = given;
  const sizes = cells.map(({ found }) => found[interpretationName(interpretation)] as FiguresByPolicy);
  return { ...given, ...savingOf(sizes, policyOf(method, shares), shares, latency, seedCount) };
}
