// The page of the sensitivity: tables, rows and a figure.

import { type Dot, dotsFigure } from '../../../simulator/charts/interval-plot.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, percentWithin, rounded } from '../../../src/core/basics/markdown.ts';
import { claimedMean, claimedMost, type MeasuredCell, reductionOf } from './fig5-reductions.ts';
import type { Fig6Change } from './fig6-changes.ts';
import type { LambdaUnit, PayloadLaw } from './interpretations.ts';
import type { Drafted } from './paper-experiment.ts';
import type { Variant } from './sensitivity-values.ts';
import type { Size } from './sizes.ts';

/** The estimated quantities, and the heads of their columns. */
const slotColumns = {
  bestMean: '`best`, mean',
  bestMost: '`best`, at most',
  bestAgainstMaxSinr: '`best` against `max-sinr`',
  tmaMean: '`tma`, mean',
  transmitChange: 'E^CM, w 20 to 100',
  latencyChange: 'latency, w 20 to 100',
} as const;
const sessionColumns = { code: 'window, code', summaries: 'window, summaries', uplink: 'uplink, Mbit/s' } as const;
const slotKeys = Object.keys(slotColumns) as (keyof typeof slotColumns)[];
const sessionKeys = Object.keys(sessionColumns) as (keyof typeof sessionColumns)[];

/** Estimates under one payload law; lambda per ms, baselines with equal shares. */
export interface SlotEstimates extends Readonly<Record<keyof typeof slotColumns, Estimate>> {
  readonly law: PayloadLaw;
}

export interface SessionEstimates extends Readonly<Record<keyof typeof sessionColumns, Estimate>> {
  readonly hardware: string;
}

export interface Moved {
  readonly variant: Variant;
  readonly slots: readonly SlotEstimates[] | null;
  readonly sessions: readonly SessionEstimates[] | null;
}

const maxSinr = 1;

export function slotEstimates(
  cells: readonly MeasuredCell[],
  changes: readonly Fig6Change[],
  seedCount: number,
): SlotEstimates[] {
  return (['q16', 'ids'] as const).map((payloadLaw) => {
    const interpretation = { payloadLaw, lambdaUnit: 'per-ms' as LambdaUnit, mostQueued: 0 };
    const given = { interpretation, shares: 'equal', latency: 'latencyMs' } as const;
    const best = reductionOf(cells, seedCount, { ...given, method: 'best' });
    const tma = reductionOf(cells, seedCount, { ...given, method: 'tma' });
    const { all } = changes.find((change) => change.interpretation.payloadLaw === payloadLaw) as Fig6Change;
    return {
      law: payloadLaw,
      bestMean: best.mean,
      bestMost: best.most,
      bestAgainstMaxSinr: best.against[maxSinr] as Estimate,
      tmaMean: tma.mean,
      transmitChange: all.transmit,
      latencyChange: all.latency,
    };
  });
}

type Facts = Pick<Size['sensitivity'], 'seedCount' | 'cells'>;

export function sensitivityConclusion(moved: readonly Moved[], facts: Facts): Drafted {
  const sizes = facts.cells.map(([devices, servers]) => `${devices}/${servers}`).join(', ');
  return {
    claims: [],
    rows: moved.flatMap(rowsOf),
    figures: [
      {
        name: 'sensitivity',
        caption: 'How the reductions of Fig. 5 move when an open value is halved or doubled.',
        spec: figureOf(moved, facts),
      },
    ],
    page: [
      `Each value alone, everything else as in preset \`paper\`; lambda per ms, baselines with equal shares, ${facts.seedCount} seeds, devices/servers ${sizes}. In brackets 95 %.`,
      `Claimed: ${percentage(claimedMean)} on average, ${percentage(claimedMost)} at most; a window of 25 for code and 15 for summaries, and 50 Mbit/s.`,
      '',
      ...(['q16', 'ids'] as const).map((law) => slotTable(moved, law)),
      'Fig. 2, payload law `q16`: best windows at the fastest uplink, and the uplink that suffices:',
      '',
      sessionTable(moved),
    ].join('\n'),
  };
}

function percentage(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function nameOf({ value, becomes }: Variant): string {
  return becomes === '' ? value : `${value}: ${becomes}`;
}

function slotTable(moved: readonly Moved[], law: PayloadLaw): string {
  const rows = moved.flatMap(({ variant, slots }) => {
    const own = slots?.find((one) => one.law === law);
    if (own === undefined) return [];
    return [[nameOf(variant), ...slotKeys.map((key) => percentWithin(own[key]))]];
  });
  const head = ['value', ...Object.values(slotColumns)];
  return `Payload law \`${law}\`, less latency than the baselines, and what w changes:\n\n${markdownTable(head, rows)}\n`;
}

function sessionTable(moved: readonly Moved[]): string {
  const shown = ({ value, interval: [low, high] }: Estimate): string =>
    `${rounded(value)} (${rounded(low)} to ${rounded(high)})`;
  const rows = moved.flatMap(({ variant, sessions }) =>
    (sessions ?? []).map((one) => [
      nameOf(variant),
      `\`${one.hardware}\``,
      ...sessionKeys.map((key) => shown(one[key])),
    ]),
  );
  return markdownTable(['value', 'hardware', ...Object.values(sessionColumns)], rows);
}

function rowsOf({ variant, slots, sessions }: Moved): object[] {
  const { value, becomes, kind } = variant;
  const of = (quantity: string, of: string, { value: measured, interval: [low, high] }: Estimate) => {
    return { value, becomes, kind, quantity, of, measured, low, high };
  };
  return [
    ...(slots ?? []).flatMap((one) => slotKeys.map((key) => of(key, one.law, one[key]))),
    ...(sessions ?? []).flatMap((one) => sessionKeys.map((key) => of(key, one.hardware, one[key]))),
  ];
}

function figureOf(moved: readonly Moved[], { seedCount }: Facts) {
  const columns = [
    { name: 'q16: best, mean', law: 'q16', key: 'bestMean', domain: [0, 100], marker: 100 * claimedMean },
    { name: 'q16: best, max-sinr', law: 'q16', key: 'bestAgainstMaxSinr', domain: [0, 40], marker: null },
    { name: 'ids: best, mean', law: 'ids', key: 'bestMean', domain: [0, 100], marker: 100 * claimedMean },
  ] as const;
  const dots = moved.flatMap(({ variant, slots }) =>
    columns.flatMap(({ name, law, key }): Dot[] => {
      const own = slots?.find((one) => one.law === law)?.[key];
      if (own === undefined) return [];
      const [low, high] = own.interval;
      const at = { value: 100 * own.value, low: 100 * low, high: 100 * high };
      return [{ row: variant.value, series: variant.kind, column: name, ...at }];
    }),
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
