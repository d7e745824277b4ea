// Rows of estimates that move with a changed value; their tables and their figure.

import type { Spec } from 'vega';
import { dotsFigure, estimateDot } from '../../../simulator/charts/interval-plot.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { percentWithin, pivotTable, rounded } from '../../../src/core/basics/markdown.ts';
import { claimedMean } from './fig5-reductions.ts';
import type { Tables } from './paper-experiment.ts';
import type { Variant } from './sensitivity-values.ts';

type Change = Pick<Variant, 'value' | 'becomes' | 'kind'>;

export interface MovedRow extends Change {
  readonly quantity: string;
  /** Payload law, hardware, or world and payload law. */
  readonly of: string;
  readonly measured: number;
  readonly low: number;
  readonly high: number;
}

export function movedRows(
  { value, becomes, kind }: Change,
  of: string,
  estimates: Readonly<Record<string, Estimate>>,
): MovedRow[] {
  return Object.entries(estimates).map(([quantity, { value: measured, interval }]) => {
    return { value, becomes, kind, quantity, of, measured, low: interval[0], high: interval[1] };
  });
}

/** Heads of the columns of shares; other quantities stand under their own names, as numbers. */
const shareNames: Readonly<Record<string, string>> = {
  bestMean: '`best`, mean',
  bestMost: '`best`, at most',
  bestAgainstMaxSinr: '`best` against `max-sinr`',
  tmaMean: '`tma`, mean',
  transmitChange: 'E^CM, w 20 to 100',
  latencyChange: 'latency, w 20 to 100',
  unservedShare: 'unserved',
};

/** A table for each payload law, hardware and world. */
export function movedTables(rows: readonly MovedRow[]): Tables {
  const tableOf = (own: readonly MovedRow[]): string =>
    pivotTable(own, {
      corner: 'value',
      rowOf: ({ value, becomes }) => (becomes === '' ? value : `${value}: ${becomes}`),
      columnOf: ({ quantity }) => shareNames[quantity] ?? `\`${quantity}\``,
      cellOf: ({ quantity, measured, low, high }) =>
        quantity in shareNames
          ? percentWithin({ value: measured, interval: [low, high] })
          : `${rounded(measured)} (${rounded(low)} to ${rounded(high)})`,
    });
  return Object.fromEntries([...Map.groupBy(rows, ({ of }) => of)].map(([of, own]) => [of, tableOf(own)]));
}

export function sensitivityFigure(rows: readonly MovedRow[], seedCount: number): Spec {
  const columns = [
    { name: 'q16: best, mean', of: 'q16', quantity: 'bestMean', domain: [0, 100], marker: 100 * claimedMean },
    { name: 'q16: best, max-sinr', of: 'q16', quantity: 'bestAgainstMaxSinr', domain: [0, 40], marker: null },
    { name: 'ids: best, mean', of: 'ids', quantity: 'bestMean', domain: [0, 100], marker: 100 * claimedMean },
  ] as const;
  const dots = columns.flatMap(({ name: column, of, quantity }) =>
    rows
      .filter((row) => row.of === of && row.quantity === quantity)
      .map(({ value: row, kind: series, measured: value, low, high }) =>
        estimateDot({ row, series, column }, { value, interval: [low, high] }, 100),
      ),
  );
  return dotsFigure({
    title: 'How the claims of Fig. 5 move with what the paper leaves open',
    subtitle: [
      'Latency taken off the three baselines with equal shares, and off max-sinr alone; each value changed alone.',
      `Bars: 95 % of ${seedCount} seeds. Thin line: the claimed mean. First row: preset paper as it is.`,
    ],
    columns: columns.map(({ name, domain, marker }) => ({ name, domain, marker, xTitle: 'less latency, %' })),
    colors: { halved: palette.blue, other: palette.grey, doubled: palette.orange },
    dots,
    labelWidth: 300,
  });
}
