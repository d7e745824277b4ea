// Draws `bench coupled`, cost over that of `best` with couplings one below the other, and `bench felt`, tokens a second relative to Max-SINR and
// the time to the first token in each preset. A dot and an interval for each policy.

import type { Within } from '../../../simulator/charts/bootstrap.ts';
import { type Dot, dotsFigure } from '../../../simulator/charts/interval-plot.ts';
import { type Figure, ink, palette } from '../../../simulator/charts/theme.ts';
import type { CoupledRow } from './cost-rows.ts';
import { baseline, bestFelt, bestPaper, feltShares } from './felt-cells.ts';
import { type FeltRow, type PolicyRow, rowsOf } from './felt-rows.ts';

const { grey, ochre, orange, blue, purple, green } = palette;

/** An estimate of a row as a dot. */
function dotIn<Name extends string>(row: Within<Name>, name: Name): Pick<Dot, 'value' | 'low' | 'high'> {
  return { value: row[name], low: row[`${name}Low`], high: row[`${name}High`] };
}

const headings: Readonly<Record<string, string>> = {
  none: 'nothing coupled',
  queues: 'queues alone',
  batteries: 'batteries alone',
  handover: 'handover alone',
  'stale CSI': 'stale CSI alone',
  all: 'all together',
};
/** Colours in the order of policies. */
const colors = [grey, ochre, orange, ink, blue, purple, green];
const costTicks = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

export function coupledFigure(rows: readonly CoupledRow[]): Figure {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const low = Math.min(0.4, ...rows.map(({ costVsBestLow }) => costVsBestLow));
  const high = Math.max(2, ...rows.map(({ costVsBestHigh }) => costVsBestHigh));
  const xTitle = 'cost / cost of best';
  const xValues = costTicks.filter((one) => one >= low && one <= high);
  return dotsFigure({
    title: 'What it is worth to know that slots are coupled',
    subtitle: [
      'Cost of all slots over that of the best decision for each slot alone, preset coupled; left is better.',
      `Interquartile means of ${rows[0]?.seeds} paired seeds; bars: 95 % confidence.`,
    ],
    columns: [{ name: '', xTitle, domain: [low, high], xScale: 'log', xValues, marker: null }],
    series: 'lines',
    colors: Object.fromEntries(policies.map((name, index) => [name, colors[index % colors.length] as string])),
    dots: rows.map((row) => ({
      row: headings[row.coupling] ?? row.coupling,
      column: '',
      series: row.policy,
      ...dotIn(row, 'costVsBest'),
      label: row.costVsBest.toFixed(2),
    })),
  });
}

/** The policies that matter most, in the order of the lines. */
const lines: readonly (Pick<PolicyRow, 'policy' | 'law'> & { readonly name: string; readonly color: string })[] = [
  { policy: baseline, law: 'ids', name: 'max-sinr', color: grey },
  { policy: feltShares, law: 'ids', name: feltShares, color: ochre },
  { policy: 'tma', law: 'ids', name: 'tma', color: purple },
  { policy: 'learned', law: 'ids', name: 'learned', color: green },
  { policy: bestPaper, law: 'ids', name: "best, paper's, ids", color: orange },
  { policy: bestPaper, law: 'q16', name: "best, paper's, q16", color: ink },
  { policy: bestFelt, law: 'ids', name: bestFelt, color: blue },
];
const tokens = 'tokens a second / max-sinr';
const first = 'time to the first token';
const leastMs = 10;
const timeTicksMs = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000];

/** @param rows of kind `policy`; others are left out */
export function feltFigure(rows: readonly FeltRow[]): Figure {
  const policies = rowsOf(rows, 'policy');
  const dots = policies.flatMap(feltDots);
  const ratios = dots.filter(({ column }) => column === tokens).map(({ high }) => high);
  const times = dots.filter(({ column }) => column === first).flatMap(({ low, high }) => [low, high]);
  const domain: [number, number] = [Math.min(50, ...times), Math.max(1000, ...times)];
  const xValues = timeTicksMs.filter((one) => one >= domain[0] && one <= domain[1]);
  return dotsFigure({
    title: 'What people feel under each policy',
    subtitle: [
      'Every preset, mode stream. Left: right is better. Right: left is better. "Paper\'s": decided by the objective of Koh & Yang 2025.',
      `Means of ${policies[0]?.seeds ?? 0} paired seeds; bars: 95 % confidence.`,
    ],
    columns: [
      { name: tokens, xTitle: 'ratio', domain: [0, Math.max(1.5, ...ratios)], marker: 1 },
      { name: first, xTitle: 'ms, median over answers', domain, xScale: 'log', xValues, marker: null },
    ],
    series: 'lines',
    colors: Object.fromEntries(lines.map(({ name, color }) => [name, color])),
    dots,
  });
}

/** None of a policy without a line. */
function feltDots(row: PolicyRow): Dot[] {
  const { tokensPerSecondOverMaxSinr: ratio, firstTokenMs } = row;
  const own = lines.find(({ policy, law }) => policy === row.policy && law === row.law);
  if (own === undefined) return [];
  const about = { row: row.preset, series: own.name };
  const time = dotIn(row, 'firstTokenMs');
  return [
    { ...about, column: tokens, ...dotIn(row, 'tokensPerSecondOverMaxSinr'), label: ratio.toFixed(2) },
    {
      ...about,
      column: first,
      value: Math.max(leastMs, time.value),
      low: Math.max(leastMs, time.low),
      high: Math.max(leastMs, time.high),
      label: Math.round(firstTokenMs).toLocaleString('en-US'),
    },
  ];
}
