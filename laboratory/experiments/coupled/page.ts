// The tables of a kept "bench coupled": cost relative to the best decision of each slot, and the state of devices and servers.

import { fixed, markdownTable, numberWithin, percent, pivotTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { CoupledRow } from './rows.ts';

export function coupledPage({ rows, params }: Document<CoupledRow>): string {
  const { seeds } = params as { readonly seeds: number };
  const compared = rows.filter(({ policy }) => policy !== 'best');
  return `## Cost relative to \`best\`

Interquartile means over ${seeds} paired seeds, and 95 % intervals.

${pivotTable(compared, {
  corner: 'coupled by',
  rowOf: ({ coupling }) => coupling,
  columnOf: ({ policy }) => `\`${policy}\``,
  cellOf: ({ costVsBest, costVsBestLow, costVsBestHigh }) => numberWithin(costVsBest, [costVsBestLow, costVsBestHigh]),
})}

## Cost relative to \`look-ahead\`

${pivotTable(
  compared.filter((row) => row.policy !== 'look-ahead' && row.costVsLookAhead !== null),
  {
    corner: 'coupled by',
    rowOf: ({ coupling }) => coupling,
    columnOf: ({ policy }) => `\`${policy}\``,
    cellOf: ({ costVsLookAhead, costVsLookAheadLow, costVsLookAheadHigh }) =>
      numberWithin(costVsLookAhead ?? 0, [costVsLookAheadLow ?? 0, costVsLookAheadHigh ?? 0]),
  },
)}

${meanAndTail(compared)}## All couplings together

${markdownTable(
  [
    'policy',
    'cost of a slot, ms',
    'latency, ms',
    'energy, J a task',
    'handovers, of 1,000 tasks',
    'queue, ms',
    'batteries down',
    'decision, ms of processor time',
  ],
  rows
    .filter(({ coupling }) => coupling === 'all')
    .map((row) => [
      `\`${row.policy}\``,
      within(row.costMs, row.costMsLow, row.costMsHigh),
      within(row.latencyMs, row.latencyMsLow, row.latencyMsHigh),
      fixed(row.energyJ, 2),
      fixed(row.handoversPer1000Tasks, 0),
      whole(row.queueMs),
      percent(row.batteryOutShare, 0),
      fixed(row.decisionCpuMs, 1),
    ]),
)}`;
}

/** Nothing for a document that was kept before these columns were. */
function meanAndTail(compared: readonly CoupledRow[]): string {
  if (compared.some(({ costMeanVsBest }) => costMeanVsBest === undefined)) return '';
  return `## Mean and tail

Beside the interquartile mean of the ratio to \`best\`: the mean cost of all seeds over the mean cost of \`best\`, which the worst seeds
dominate, and the ratio at the 95th percentile of the seeds and at the worst seed. Interquartile means leave those out.

${markdownTable(
  [
    'coupled by',
    'policy',
    'interquartile mean',
    'ratio of means',
    'p95 of seeds',
    'worst seed',
    'cost at the worst seed, ms',
  ],
  compared.map((row) => [
    row.coupling,
    `\`${row.policy}\``,
    fixed(row.costVsBest, 2),
    numberWithin(row.costMeanVsBest, [row.costMeanVsBestLow, row.costMeanVsBestHigh]),
    fixed(row.costVsBestP95, 2),
    fixed(row.costVsBestWorst, 2),
    whole(row.costMsWorst),
  ]),
)}

`;
}

function within(value: number, low: number, high: number): string {
  return `${whole(value)} (${whole(low)} to ${whole(high)})`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
