// The tables of a kept "bench felt": what people feel under each policy, the orders of the two objectives, and distances from the bound.

import { fixed, markdownTable, numberWithin, percent, pivotTable, rounded } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { FeltRow, GapRow, PolicyRow, RankRow } from './rows.ts';

export function feltPage({ rows, params }: Document<FeltRow>): string {
  const { seeds } = params as { readonly seeds: number };
  const of = <Row extends FeltRow>(what: Row['what']): Row[] => rows.filter((row) => row.what === what) as Row[];
  const policies = of<PolicyRow>('policy');
  const named = (row: PolicyRow): string => `${row.preset}, \`${row.law}\``;
  return `Means over ${seeds} paired seeds, and 95 % intervals. Decisions under \`felt\`, and those of \`max-sinr\`, \`random\`, \`max-compute\`,
\`joint-score\` and \`hysteresis\`, do not depend on the payload law.

## Tokens a second, relative to \`max-sinr\` with equal shares

${pivotTable(policies, {
  corner: 'policy',
  rowOf: ({ policy }) => `\`${policy}\``,
  columnOf: named,
  cellOf: ({
    tokensPerSecondOverMaxSinr: value,
    tokensPerSecondOverMaxSinrLow: low,
    tokensPerSecondOverMaxSinrHigh: high,
  }) => numberWithin(value, [low, high]),
})}

## Time per token, relative to \`max-sinr\`

Mean over devices; in brackets the 95th percentile over devices, relative to that of \`max-sinr\`. A device that got no token counts
with its whole time.

${pivotTable(policies, {
  corner: 'policy',
  rowOf: ({ policy }) => `\`${policy}\``,
  columnOf: named,
  cellOf: (row) => `${rounded(row.msPerTokenOverMaxSinr)} (${rounded(row.msPerTokenP95OverMaxSinr)})`,
})}

## Time to the first token, ms

Median over answers, from the slot in which the task is there.

${pivotTable(policies, {
  corner: 'policy',
  rowOf: ({ policy }) => `\`${policy}\``,
  columnOf: named,
  cellOf: ({ firstTokenMs }) => fixed(firstTokenMs, 0),
})}

## Predicted and felt time per token

Median error of the predicted time per token of an answer, and the number of answers.

${pivotTable(policies, {
  corner: 'policy',
  rowOf: ({ policy }) => `\`${policy}\``,
  columnOf: named,
  cellOf: ({ predictionError, answers }) =>
    predictionError === null ? '-' : `${percent(predictionError)} (${answers})`,
})}

## Which objective orders policies as people feel them

Spearman's rank correlation, over policies, of what an objective predicts with the mean time per token: the mean cost of a slot, and
the time per token that is predicted for a device over the run. The last column is that of the felt time in one half of the seeds with
that in the other half: policies that are about equal change their order from seed to seed.

${markdownTable(
  [
    'preset',
    'payload',
    'policies',
    "cost, the paper's objective",
    'cost, `felt`',
    'time per token, `felt`',
    'felt, other seeds',
  ],
  of<RankRow>('rank').map((row) => [
    row.preset,
    `\`${row.law}\``,
    `${row.policies}`,
    numberWithin(row.rankCorrelationPaper, [row.rankCorrelationPaperLow, row.rankCorrelationPaperHigh]),
    numberWithin(row.rankCorrelationFeltCost, [row.rankCorrelationFeltCostLow, row.rankCorrelationFeltCostHigh]),
    numberWithin(row.rankCorrelationFelt, [row.rankCorrelationFeltLow, row.rankCorrelationFeltHigh]),
    typeof row.rankCorrelationHalves === 'number' ? rounded(row.rankCorrelationHalves) : '-',
  ]),
)}

## Distance of \`best\`, felt, from the certified bound

Of the slot as the policy saw it; last, of the slot as it was, with what is old in that knowledge.

${markdownTable(
  ['preset', 'slots', 'median', 'worst', 'worst, actual slot'],
  of<GapRow>('gap').map((row) => [
    row.preset,
    `${row.slots}`,
    percent(row.gapMedian, 2),
    percent(row.gapWorst, 2),
    percent(row.actualGapWorst, 2),
  ]),
)}`;
}
