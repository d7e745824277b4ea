// Draws `bench coupled`: cost over that of `best`, a dot and an interval for each policy, couplings one below the other.

import type { Spec } from 'vega';
import { dotsFigure } from '../../../simulator/charts/interval-plot.ts';
import { ink, palette } from '../../../simulator/charts/theme.ts';
import type { CoupledRow } from './rows.ts';

const headings: Readonly<Record<string, string>> = {
  none: 'nothing coupled',
  queues: 'queues alone',
  batteries: 'batteries alone',
  handover: 'handover alone',
  'stale CSI': 'stale CSI alone',
  all: 'all together',
};
const { grey, ochre, orange, blue, purple, green } = palette;
/** Colours in the order of policies. */
const colors = [grey, ochre, orange, ink, blue, purple, green];
const ticks = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

export function coupledFigure(rows: readonly CoupledRow[]): Spec {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const low = Math.min(0.4, ...rows.map(({ costVsBestLow }) => costVsBestLow));
  const high = Math.max(2, ...rows.map(({ costVsBestHigh }) => costVsBestHigh));
  const xTitle = 'cost / cost of best';
  const xValues = ticks.filter((one) => one >= low && one <= high);
  return dotsFigure({
    title: 'What it is worth to know that slots are coupled',
    subtitle: [
      'Cost of all slots over that of the best decision for each slot alone, preset coupled; left is better.',
      `Interquartile means of ${rows[0]?.seeds} paired seeds; bars: 95 % confidence.`,
    ],
    columns: [{ name: '', xTitle, domain: [low, high], xScale: 'log', xValues, marker: null }],
    columnWidth: 520,
    labelWidth: 214,
    series: 'lines',
    colors: Object.fromEntries(policies.map((name, index) => [name, colors[index % colors.length] as string])),
    dots: rows.map(({ coupling, policy, costVsBest, costVsBestLow, costVsBestHigh }) => ({
      row: headings[coupling] ?? coupling,
      column: '',
      series: policy,
      value: costVsBest,
      low: costVsBestLow,
      high: costVsBestHigh,
      label: costVsBest.toFixed(2),
    })),
  });
}
