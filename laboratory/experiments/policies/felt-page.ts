// The tables of a kept "bench felt". docs/research/benchmarks.md defines the columns.

import { estimateIn, fixed, pivotTable, rounded } from '../../../simulator/runner/markdown.ts';
import { rowTable } from '../../../simulator/runner/result-page.ts';
import type { Document } from '../../../src/files/document.ts';
import { type FeltRow, type PolicyRow, rowsOf } from './felt-rows.ts';

export function feltPage({ rows }: Document<FeltRow>): string {
  const byPolicy = (cellOf: (row: PolicyRow) => string): string =>
    pivotTable(rowsOf(rows, 'policy'), {
      corner: 'policy',
      rowOf: ({ policy }) => `\`${policy}\``,
      columnOf: ({ preset, law }) => `${preset}, \`${law}\``,
      cellOf,
    });
  const tables = {
    'Tokens a second, relative to `max-sinr` with equal shares': byPolicy((row) =>
      estimateIn(row, 'tokensPerSecondOverMaxSinr'),
    ),
    'Time per token, relative to `max-sinr`: mean over devices, and in brackets the 95th percentile': byPolicy(
      (row) => `${rounded(row.msPerTokenOverMaxSinr)} (${rounded(row.msPerTokenP95OverMaxSinr)})`,
    ),
    'Time to the first token, ms': byPolicy(({ firstTokenMs }) => fixed(firstTokenMs, 0)),
    '`best, felt` over baselines at their best': tableOf(rows, 'baseline'),
    'With drafts of devices, without, and with the decision of each device': tableOf(rows, 'mode'),
    'Rank correlation of what an objective predicts with the actual time per token': tableOf(rows, 'rank'),
    'Rank correlation of the score of proposals with what is felt when they are played': tableOf(rows, 'proposals'),
    'Distance of `best-slot, felt` from the certified bound': tableOf(rows, 'gap'),
  };
  return Object.entries(tables)
    .filter(([, table]) => table !== '')
    .map(([title, table]) => `## ${title}\n\n${table}`)
    .join('\n\n');
}

/** Empty where there is no such row. */
function tableOf(rows: readonly FeltRow[], what: FeltRow['what']): string {
  const own = rowsOf(rows, what);
  return own.length === 0 ? '' : rowTable(own);
}
