// How much latency a method takes off the baselines, over all sizes of the paper's Fig. 5, under one interpretation. Interquartile means over seeds;
// sizes, then baselines, weigh equally.

import { bootstrapIntervals, type Interval } from '../../basics/bootstrap.ts';
import { interquartileMean, mean } from '../../basics/statistics.ts';
import { baselines } from '../allocation/latency.ts';
import {
  type FiguresByPolicy,
  type Interpretation,
  interpretationName,
  interpretations,
  type SlotFigures,
} from './interpretations.ts';

export type Shares = 'equal' | 'optimal';
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

/** Latency taken off the baselines, as shares: of all cells and baselines together, and against each baseline. */
export interface Reduction {
  readonly method: Method;
  readonly interpretation: Interpretation;
  readonly shares: Shares;
  readonly latency: Latency;
  readonly mean: number;
  readonly most: number;
  readonly against: readonly number[];
  readonly meanInterval: Interval;
  readonly mostInterval: Interval;
  readonly againstIntervals: readonly Interval[];
}

export const claimedMean = 0.237;
export const claimedMost = 0.28;

/** The policy that stands for a method where baselines share so. */
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
      (['equal', 'optimal'] as const).flatMap((shares) =>
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
  const values = cells.map(({ found }) => {
    const figures = found[interpretationName(interpretation)] as FiguresByPolicy;
    const of = (policy: string): readonly number[] => (figures[policy] as SlotFigures)[latency];
    return { own: of(policyOf(method, shares)), others: baselines.map((baseline) => of(`${baseline}+${shares}`)) };
  });
  const statistic = (pick: readonly number[]): number[] => {
    const middle = (all: readonly number[]): number => interquartileMean(pick.map((seed) => all[seed] as number));
    const byCell = values.map(({ own, others }) => {
      const ownMs = middle(own);
      return others.map((other) => 1 - ownMs / middle(other));
    });
    const against = baselines.map((_, index) => mean(byCell.map((cell) => cell[index] as number)));
    return [mean(against), Math.max(...byCell.flat()), ...against];
  };
  const [all, most, ...against] = statistic(Array.from({ length: seedCount }, (_, seed) => seed));
  const [meanInterval, mostInterval, ...againstIntervals] = bootstrapIntervals(seedCount, statistic);
  return {
    ...given,
    mean: all as number,
    most: most as number,
    against,
    meanInterval: meanInterval as Interval,
    mostInterval: mostInterval as Interval,
    againstIntervals,
  };
}
