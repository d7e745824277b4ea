// The tables of kept documents of "bench coupled", "bench learned", "bench felt" and "bench allocation": costs, times and savings relative to a
// reference, and distances from a bound.

import { rowTable } from '../../../simulator/runner/result-page.ts';
import { columnTable, estimateIn, fixed, percent, pivotTable, rounded } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { CoupledRow, LearnedRow } from './cost-rows.ts';
import type { FeltRow, GapRow, PolicyRow, RankRow } from './felt-rows.ts';

const policyOf = ({ policy }: { readonly policy: string }): string => `\`${policy}\``;

export function coupledPage({ rows, params }: Document<CoupledRow>): string {
  const { seeds } = params as { readonly seeds: number };
  const compared = rows.filter(({ policy }) => policy !== 'best');
  const withLookAhead = compared.filter((row) => row.policy !== 'look-ahead' && row.costVsLookAhead !== null);
  return `## Cost relative to \`best\`

Interquartile means over ${seeds} paired seeds, and 95 % intervals.

${byCoupling(compared, 'costVsBest')}

## Cost relative to \`look-ahead\`

${byCoupling(withLookAhead, 'costVsLookAhead')}

${meanAndTail(compared)}## All couplings together

${columnTable(
  rows.filter(({ coupling }) => coupling === 'all'),
  {
    policy: policyOf,
    'cost of a slot, ms': (row) => estimateIn(row, 'costMs', whole),
    'latency, ms': (row) => estimateIn(row, 'latencyMs', whole),
    'energy, J a task': ({ energyJ }) => fixed(energyJ, 2),
    'handovers, of 1,000 tasks': ({ handoversPer1000Tasks }) => fixed(handoversPer1000Tasks, 0),
    'queue, ms': ({ queueMs }) => whole(queueMs),
    'batteries down': ({ batteryOutShare }) => percent(batteryOutShare, 0),
    'decision, ms of processor time': ({ decisionCpuMs }) => fixed(decisionCpuMs, 1),
  },
)}`;
}

function byCoupling(rows: readonly CoupledRow[], name: 'costVsBest' | 'costVsLookAhead'): string {
  return pivotTable(rows, {
    corner: 'coupled by',
    rowOf: ({ coupling }) => coupling,
    columnOf: policyOf,
    cellOf: (row) => estimateIn(row, name),
  });
}

/** Nothing for a document that was kept before these columns were. */
function meanAndTail(compared: readonly CoupledRow[]): string {
  if (compared.some(({ costMeanVsBest }) => costMeanVsBest === undefined)) return '';
  return `## Mean and tail

Beside the interquartile mean of the ratio to \`best\`: the mean cost of all seeds over the mean cost of \`best\`, which the worst seeds
dominate, and the ratio at the 95th percentile of the seeds and at the worst seed. Interquartile means leave those out.

${columnTable(compared, {
  'coupled by': ({ coupling }) => coupling,
  policy: policyOf,
  'interquartile mean': ({ costVsBest }) => fixed(costVsBest, 2),
  'ratio of means': (row) => estimateIn(row, 'costMeanVsBest'),
  'p95 of seeds': ({ costVsBestP95 }) => fixed(costVsBestP95, 2),
  'worst seed': ({ costVsBestWorst }) => fixed(costVsBestWorst, 2),
  'cost at the worst seed, ms': ({ costMsWorst }) => whole(costMsWorst),
})}

`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function learnedPage({ rows, summary }: Document<LearnedRow>): string {
  const worlds = Map.groupBy(rows, ({ world }) => world);
  const credits = Object.keys(summary).filter((key) => key.endsWith('OverTeam'));
  const numbers = summary as Readonly<Record<string, number>>;
  const comparison = columnTable(credits, {
    '': (key) => `\`${key}\``,
    'device over team': (key) => estimateIn(numbers, key),
    'training seeds': (key) => `${numbers[`${key}Seeds`]}`,
  });
  return `Costs are over those of \`best\` in the same world. First the interquartile mean over all training seeds and worlds, with its 95 %
interval: training seeds and worlds are both drawn again (two-way bootstrap). A policy that was not trained here has no training seeds.

${[...worlds].map(([world, own]) => `## ${world}\n\n${worldTable(own)}`).join('\n\n')}

${credits.length === 0 ? '' : `## Credit by device over credit by team\n\nCosts at equal slots, paired by training seed and world; below 1: credit by device is better.\n\n${comparison}`}`;
}

function worldTable(rows: readonly LearnedRow[]): string {
  return columnTable(rows, {
    policy: ({ label }) => label,
    'training seeds': ({ trainingSeeds }) => (trainingSeeds === 0 ? '-' : `${trainingSeeds}`),
    'interquartile mean': (row) => estimateIn(row, 'costVsBest'),
    'best seed': ({ costVsBestBestSeed }) => fixed(costVsBestBestSeed, 2),
    'worst seed': ({ costVsBestWorstSeed }) => fixed(costVsBestWorstSeed, 2),
    'ratio of means': (row) => estimateIn(row, 'costMeanVsBest'),
    p95: ({ costVsBestP95 }) => fixed(costVsBestP95, 2),
    worst: ({ costVsBestWorst }) => fixed(costVsBestWorst, 2),
  });
}

export function feltPage({ rows, params }: Document<FeltRow>): string {
  const { seeds } = params as { readonly seeds: number };
  const of = <Row extends FeltRow>(what: Row['what']): Row[] => rows.filter((row) => row.what === what) as Row[];
  const policies = of<PolicyRow>('policy');
  const byPolicy = (cellOf: (row: PolicyRow) => string): string =>
    pivotTable(policies, {
      corner: 'policy',
      rowOf: policyOf,
      columnOf: ({ preset, law }) => `${preset}, \`${law}\``,
      cellOf,
    });
  return `Means over ${seeds} paired seeds, and 95 % intervals. Decisions under \`felt\`, and those of \`max-sinr\`, \`random\`, \`max-compute\`,
\`joint-score\` and \`hysteresis\`, do not depend on the payload law.

## Tokens a second, relative to \`max-sinr\` with equal shares

${byPolicy((row) => estimateIn(row, 'tokensPerSecondOverMaxSinr'))}

## Time per token, relative to \`max-sinr\`

Mean over devices; in brackets the 95th percentile over devices, relative to that of \`max-sinr\`. A device that got no token counts
with its whole time.

${byPolicy((row) => `${rounded(row.msPerTokenOverMaxSinr)} (${rounded(row.msPerTokenP95OverMaxSinr)})`)}

## Time to the first token, ms

Median over answers, from the slot in which the task is there.

${byPolicy(({ firstTokenMs }) => fixed(firstTokenMs, 0))}

## Predicted and felt time per token

Median error of the predicted time per token of an answer, and the number of answers.

${byPolicy(({ predictionError, answers }) => (predictionError === null ? '-' : `${percent(predictionError)} (${answers})`))}

## Which objective orders policies as people feel them

Spearman's rank correlation, over policies, of what an objective predicts with the mean time per token: the mean cost of a slot, and
the time per token that is predicted for a device over the run. The last column is that of the felt time in one half of the seeds with
that in the other half: policies that are about equal change their order from seed to seed.

${columnTable(of<RankRow>('rank'), {
  preset: ({ preset }) => preset,
  payload: ({ law }) => `\`${law}\``,
  policies: (row) => `${row.policies}`,
  "cost, the paper's objective": (row) => estimateIn(row, 'rankCorrelationPaper'),
  'cost, `felt`': (row) => estimateIn(row, 'rankCorrelationFeltCost'),
  'time per token, `felt`': (row) => estimateIn(row, 'rankCorrelationFelt'),
  'felt, other seeds': ({ rankCorrelationHalves: one }) => (typeof one === 'number' ? rounded(one) : '-'),
})}

## Distance of \`best\`, felt, from the certified bound

Of the slot as the policy saw it; last, of the slot as it was, with what is old in that knowledge.

${columnTable(of<GapRow>('gap'), {
  preset: ({ preset }) => preset,
  slots: ({ slots }) => `${slots}`,
  median: ({ gapMedian }) => percent(gapMedian, 2),
  worst: ({ gapWorst }) => percent(gapWorst, 2),
  'worst, actual slot': ({ actualGapWorst }) => percent(actualGapWorst, 2),
})}`;
}

const allocationTitles = {
  decision: 'Time of a decision',
  gap: 'Gap to the dual bound',
  latency: 'Latency that `best` takes off the baselines',
  'latency limit': 'Latency that any policy could take off `max-sinr`',
} as const;

export function allocationPage({ rows }: Document): string {
  const kinds = Map.groupBy(rows as readonly { readonly what: string }[], ({ what }) => what);
  const sections = Object.entries(allocationTitles).map(([what, title]) => {
    const own = (kinds.get(what) ?? []).map(({ what: _, ...row }) => row);
    // The row of the huge slot has other keys.
    const alike = [...Map.groupBy(own, (row) => Object.keys(row).join()).values()];
    const table = what === 'latency' ? savingTable(own as object[] as SavingRow[]) : alike.map(rowTable).join('\n\n');
    return own.length === 0 ? [] : [`## ${title}\n\n${table}`];
  });
  return sections.flat().join('\n\n');
}

interface SavingRow {
  /** Absent in older documents: `best`. */
  readonly policy?: string;
  readonly world: string;
  readonly shares: string;
  readonly baseline: string;
  readonly reduction: number;
  readonly costReduction: number;
}

function savingTable(rows: readonly SavingRow[]): string {
  return `Mean over the sizes of the paper's Fig. 5; in brackets the same of the objective.

${pivotTable(rows, {
  corner: 'world',
  rowOf: ({ world, shares, policy = 'best' }) =>
    `${policy === 'best' ? '' : `\`${policy}\`: `}${world}, ${shares} shares`,
  columnOf: ({ baseline }) => `against \`${baseline}\``,
  cellOf: ({ reduction, costReduction }) => `${percent(reduction)} (${percent(costReduction)})`,
})}`;
}
