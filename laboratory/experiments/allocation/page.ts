// The tables of a kept "bench allocation": one for each kind of rows.

import type { Goals } from '../../../simulator/runner/experiment.ts';
import { rowTable } from '../../../simulator/runner/result-page.ts';
import { percent, pivotTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';

interface SavingRow {
  /** Absent in older documents: `best`. */
  readonly policy?: string;
  readonly world: string;
  readonly shares: string;
  readonly baseline: string;
  readonly reduction: number;
  readonly costReduction: number;
}

export const allocationGoals: Goals = {
  decisionMsP95: 5,
  decisionMs100k: 1000,
  gapMean: 0.01,
  gapP95: 0.02,
  latencyBestVsMaxSinr: { atLeast: 0.25 },
};

export function allocationPage({ rows }: Document): string {
  const kinds = Map.groupBy(rows as readonly { readonly what: string }[], ({ what }) => what);
  const tableOf = (what: string): string => {
    const own = (kinds.get(what) ?? []).map(({ what: _what, ...row }) => row);
    // The row of the huge slot has other keys.
    return [...Map.groupBy(own, (row) => Object.keys(row).join()).values()].map(rowTable).join('\n\n');
  };
  const savings = (kinds.get('latency') ?? []) as object[] as SavingRow[];
  const latency = `Mean over the sizes of the paper's Fig. 5; in brackets the same of the objective.\n\n${savingTable(savings)}`;
  const sections = [
    ['decision', 'Time of a decision', tableOf('decision')],
    ['gap', 'Gap to the dual bound', tableOf('gap')],
    ['latency', 'Latency that `best` takes off the baselines', latency],
    ['latency limit', 'Latency that any policy could take off `max-sinr`', tableOf('latency limit')],
  ] as const;
  const present = sections.filter(([what]) => kinds.has(what)).map(([, title, table]) => `## ${title}\n\n${table}`);
  return present.join('\n\n');
}

function savingTable(rows: readonly SavingRow[]): string {
  return pivotTable(rows, {
    corner: 'world',
    rowOf: ({ world, shares, policy = 'best' }) =>
      `${policy === 'best' ? '' : `\`${policy}\`: `}${world}, ${shares} shares`,
    columnOf: ({ baseline }) => `against \`${baseline}\``,
    cellOf: ({ reduction, costReduction }) => `${percent(reduction)} (${percent(costReduction)})`,
  });
}
