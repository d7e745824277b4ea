// Draws `bench felt`: tokens a second relative to Max-SINR, and the time to the first token, for each preset and the policies that matter most.

import type { Spec } from 'vega';
import { type Dot, dotsFigure } from '../../../simulator/charts/interval-plot.ts';
import { ink, palette } from '../../../simulator/charts/theme.ts';
import { baseline, bestFelt, bestPaper, feltShares, learnedFelt } from './policies.ts';
import type { PolicyRow } from './rows.ts';

const { grey, ochre, orange, blue, purple, green, sky } = palette;
/** In the order of the lines. */
const series: readonly {
  readonly policy: string;
  readonly law: PolicyRow['law'];
  readonly name: string;
  readonly color: string;
}[] = [
  { policy: baseline, law: 'ids', name: 'max-sinr', color: grey },
  { policy: feltShares, law: 'ids', name: feltShares, color: ochre },
  { policy: 'tma', law: 'ids', name: 'tma', color: purple },
  { policy: 'learned', law: 'ids', name: 'learned', color: green },
  { policy: bestPaper, law: 'ids', name: "best, paper's, ids", color: orange },
  { policy: bestPaper, law: 'q16', name: "best, paper's, q16", color: ink },
  { policy: learnedFelt, law: 'ids', name: learnedFelt, color: sky },
  { policy: bestFelt, law: 'ids', name: bestFelt, color: blue },
];
const [tokens, first] = ['tokens a second / max-sinr', 'time to the first token'];
const leastMs = 10;
const timeTicksMs = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000];

/** @param rows of kind `policy`; others are left out */
export function feltFigure(rows: readonly object[]): Spec {
  const policies = (rows as readonly Partial<PolicyRow>[]).filter(({ what }) => what === 'policy') as PolicyRow[];
  const dots = policies.flatMap((row): Dot[] => {
    const own = series.find(({ policy, law }) => policy === row.policy && law === row.law);
    if (own === undefined) return [];
    const about = { row: row.preset, series: own.name };
    const { tokensPerSecondOverMaxSinr: ratio, firstTokenMs } = row;
    return [
      {
        ...{ ...about, column: tokens, value: ratio, label: ratio.toFixed(2) },
        ...{ low: row.tokensPerSecondOverMaxSinrLow, high: row.tokensPerSecondOverMaxSinrHigh },
      },
      {
        ...{
          ...about,
          column: first,
          value: Math.max(leastMs, firstTokenMs),
          label: Math.round(firstTokenMs).toLocaleString('en-US'),
        },
        ...{ low: Math.max(leastMs, row.firstTokenMsLow), high: Math.max(leastMs, row.firstTokenMsHigh) },
      },
    ];
  });
  const ratios = dots.filter(({ column }) => column === tokens).map(({ high }) => high);
  const times = dots.filter(({ column }) => column === first).flatMap(({ low, high }) => [low, high]);
  const timeDomain: [number, number] = [Math.min(50, ...times), Math.max(1000, ...times)];
  return dotsFigure({
    title: 'What people feel under each policy',
    subtitle: [
      'Every preset, mode stream. Left: right is better. Right: left is better. "Paper\'s": decided by the objective of Koh & Yang 2025.',
      `Means of ${policies[0]?.seeds ?? 0} paired seeds; bars: 95 % confidence.`,
    ],
    columns: [
      { name: tokens, xTitle: 'ratio', domain: [0, Math.max(1.5, ...ratios)], marker: 1 },
      {
        ...{ name: first, xTitle: 'ms, median over answers', marker: null, xScale: 'log' },
        domain: timeDomain,
        xValues: timeTicksMs.filter((one) => one >= timeDomain[0] && one <= timeDomain[1]),
      },
    ],
    columnWidth: 300,
    labelWidth: 190,
    series: 'lines',
    colors: Object.fromEntries(series.map(({ name, color }) => [name, color])),
    dots,
  });
}
