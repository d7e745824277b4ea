// The tables of a kept "bench allocation": one for each kind of rows.

import { mean } from '../../basics/statistics.ts';
import { percent, pivotTable } from '../../figures/markdown.ts';
import type { Document } from '../../files/document.ts';
import { type Goals, rowTable, summaryTable } from '../../laboratory/result-page.ts';

interface SavingRow {
  readonly world: string;
  readonly shares?: string;
  /** With or without its shares: "random+equal". */
  readonly baseline: string;
  readonly reduction: number;
  readonly costReduction: number;
}

const goals: Goals = {
  decisionMsP95: 5,
  decisionMs100k: 1000,
  gapMean: 0.01,
  gapP95: 0.02,
  reductionVsMaxSinr: { atLeast: 0.25 },
  latencyBestVsMaxSinr: { atLeast: 0.25 },
  reductionMean: { atLeast: 0.35 },
};

export function allocationPage({ rows, summary }: Document): string {
  const kinds = Map.groupBy(rows as readonly { readonly what: string }[], ({ what }) => what);
  const tableOf = (what: string): string => {
    const own = (kinds.get(what) ?? []).map(({ what: _what, ...row }) => row);
    // The one huge slot has keys of its own.
    return [...Map.groupBy(own, (row) => Object.keys(row).join()).values()].map(rowTable).join('\n\n');
  };
  return `## Time of a decision

${tableOf('decision')}

## Gap to the dual bound

${tableOf('gap')}

## Latency that \`best\` takes off the baselines

Mean over the sizes of the paper's Fig. 5; in brackets the same of the objective.

${savingTable((kinds.get('latency') ?? []) as object[] as SavingRow[])}

## Latency that any policy could take off \`max-sinr\`

${tableOf('latency limit')}

## Summary

${summaryTable(summary, goals)}`;
}

function savingTable(rows: readonly SavingRow[]): string {
  const worldOf = ({ world, shares, baseline }: SavingRow): string =>
    `${world}, ${shares ?? baseline.split('+')[1]} shares`;
  const baselineOf = ({ baseline }: SavingRow): string => `\`${baseline.split('+')[0]}\``;
  const cells = Map.groupBy(rows, (row) => `${worldOf(row)} ${baselineOf(row)}`);
  return pivotTable([...cells.values()], {
    corner: 'world',
    rowOf: (own) => worldOf(own[0] as SavingRow),
    columnOf: (own) => `against ${baselineOf(own[0] as SavingRow)}`,
    cellOf: (own) =>
      `${percent(mean(own.map(({ reduction }) => reduction)))} (${percent(mean(own.map((row) => row.costReduction)))})`,
  });
}
