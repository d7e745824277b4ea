// The tables of kept documents of "bench coupled", "bench learned", "bench felt" and "bench allocation": costs, times and savings relative to a
// reference, and distances from a bound. Pages of docs/research define the columns: coupled-slots.md, learning.md, benchmarks.md, allocation.md.

import type { Within } from '../../../simulator/charts/bootstrap.ts';
import { columnTable, estimateIn, fixed, percent, pivotTable, rounded } from '../../../simulator/runner/markdown.ts';
import { rowTable } from '../../../simulator/runner/result-page.ts';
import type { Document } from '../../../src/files/document.ts';
import type { BaselineRatio, BaselineRow } from './baseline-rows.ts';
import type { CoupledRow, LearnedRow } from './cost-rows.ts';
import { bestFelt, isWeighted } from './felt-cells.ts';
import { type FeltRow, type PolicyRow, rowsOf } from './felt-rows.ts';
import type { ModeRow } from './mode-rows.ts';

/** A heading for each table; an empty table is left out. */
function pageOf(tables: Readonly<Record<string, string>>): string {
  const sections = Object.entries(tables).filter(([, table]) => table !== '');
  return sections.map(([title, table]) => `## ${title}\n\n${table}`).join('\n\n');
}

const policyOf = ({ policy }: { readonly policy: string }): string => `\`${policy}\``;

export function coupledPage({ rows }: Document<CoupledRow>): string {
  const compared = rows.filter(({ policy }) => policy !== 'best');
  const withLookAhead = compared.filter((row) => row.policy !== 'look-ahead' && row.costVsLookAhead !== null);
  // Older documents have no means and tails.
  const hasTail = compared.every(({ costMeanVsBest }) => costMeanVsBest !== undefined);
  return pageOf({
    'Cost relative to `best`': byCoupling(compared, 'costVsBest'),
    'Cost relative to `look-ahead`': byCoupling(withLookAhead, 'costVsLookAhead'),
    'Mean and tail': hasTail ? tailTable(compared) : '',
    'All couplings together': columnTable(
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
    ),
  });
}

function byCoupling(rows: readonly CoupledRow[], name: 'costVsBest' | 'costVsLookAhead'): string {
  return pivotTable(rows, {
    corner: 'coupled by',
    rowOf: ({ coupling }) => coupling,
    columnOf: policyOf,
    cellOf: (row) => estimateIn(row, name),
  });
}

function tailTable(rows: readonly CoupledRow[]): string {
  return columnTable(rows, {
    'coupled by': ({ coupling }) => coupling,
    policy: policyOf,
    'interquartile mean': ({ costVsBest }) => fixed(costVsBest, 2),
    'ratio of means': (row) => estimateIn(row, 'costMeanVsBest'),
    'p95 of seeds': ({ costVsBestP95 }) => fixed(costVsBestP95, 2),
    'worst seed': ({ costVsBestWorst }) => fixed(costVsBestWorst, 2),
    'cost at the worst seed, ms': ({ costMsWorst }) => whole(costMsWorst),
  });
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function learnedPage({ rows, summary }: Document<LearnedRow>): string {
  const credits = Object.keys(summary).filter((key) => key.endsWith('OverTeam'));
  const numbers = summary as Readonly<Record<string, number>>;
  const comparison = columnTable(credits, {
    '': (key) => `\`${key}\``,
    'device over team': (key) => estimateIn(numbers, key),
    'training seeds': (key) => `${numbers[`${key}Seeds`]}`,
  });
  const tests = Object.keys(summary).filter((key) => key.endsWith('RankSumP'));
  const ranks = columnTable(tests, {
    '': (key) => `\`${key}\``,
    'chance of such ranks without a difference': (key) => `${rounded(numbers[key] ?? Number.NaN)}`,
  });
  const worlds = Map.groupBy(rows, ({ world }) => world);
  return pageOf({
    ...Object.fromEntries([...worlds].map(([world, own]) => [world, worldTable(own)])),
    ...Object.fromEntries([...worlds].map(([world, own]) => [`Latency in ${world}`, latencyTable(own)])),
    'Credit by device over credit by team': credits.length === 0 ? '' : comparison,
    'Recipes compared by their training seeds (rank-sum test, all pairs, without correction for their number)':
      tests.length === 0 ? '' : ranks,
  });
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
    ...(rows.some(({ costVsBestBySeed }) => costVsBestBySeed !== undefined) && {
      'each training seed': ({ trainingSeeds, costVsBestBySeed }: LearnedRow) =>
        trainingSeeds === 0 ? '' : (costVsBestBySeed ?? []).map((cost) => fixed(cost, 2)).join(' '),
    }),
  });
}

/** Empty without Max-SINR, and of older documents. */
function latencyTable(rows: readonly LearnedRow[]): string {
  if (rows.some(({ latencyVsMaxSinr: one }) => one === null || one === undefined)) return '';
  return columnTable(rows, {
    policy: ({ label }) => label,
    'max(D^MD, d/R) + D^ES, ms': (row) => estimateIn(row, 'latencyMs', whole),
    'over `max-sinr`': (row) => estimateIn(row, 'latencyVsMaxSinr'),
    'D^MD + D^ES, ms': (row) => estimateIn(row, 'serialMs', whole),
    'its over `max-sinr`': (row) => estimateIn(row, 'serialVsMaxSinr'),
  });
}

/** Empty where no weight was tried. */
function weightTable(rows: readonly PolicyRow[]): string {
  if (!rows.some(({ policy }) => isWeighted(policy))) return '';
  return pivotTable(
    rows.filter(({ policy }) => policy === bestFelt || isWeighted(policy)),
    {
      corner: 'policy',
      rowOf: policyOf,
      columnOf: ({ preset }) => preset,
      cellOf: (row) => `${rounded(row.firstTokenMsOverMaxSinr)}; ${rounded(row.tokensPerSecondOverMaxSinr)}`,
    },
  );
}

export function feltPage({ rows }: Document<FeltRow>): string {
  const byPolicy = (cellOf: (row: PolicyRow) => string): string =>
    pivotTable(rowsOf(rows, 'policy'), {
      corner: 'policy',
      rowOf: policyOf,
      columnOf: ({ preset, law }) => `${preset}, \`${law}\``,
      cellOf,
    });
  return pageOf({
    'Tokens a second, relative to `max-sinr` with equal shares': byPolicy((row) =>
      estimateIn(row, 'tokensPerSecondOverMaxSinr'),
    ),
    'Time per token, relative to `max-sinr`: mean over devices, and in brackets the 95th percentile': byPolicy(
      (row) => `${rounded(row.msPerTokenOverMaxSinr)} (${rounded(row.msPerTokenP95OverMaxSinr)})`,
    ),
    '`best, felt` over baselines at their best': baselineTable(rowsOf(rows, 'baseline')),
    'With drafts of devices, without, and with the decision of each device': modeTable(rowsOf(rows, 'mode')),
    'Time to the first token, ms': byPolicy(({ firstTokenMs }) => fixed(firstTokenMs, 0)),
    'Error of the predicted time per token, and the number of answers': byPolicy(({ predictionError, answers }) =>
      predictionError === null ? '-' : `${percent(predictionError)} (${answers})`,
    ),
    'Rank correlation of what an objective predicts with the actual time per token': columnTable(rowsOf(rows, 'rank'), {
      preset: ({ preset }) => preset,
      payload: ({ law }) => `\`${law}\``,
      policies: (row) => `${row.policies}`,
      "cost, the paper's objective": (row) => estimateIn(row, 'rankCorrelationPaper'),
      'cost, `felt`': (row) => estimateIn(row, 'rankCorrelationFeltCost'),
      'time per token, `felt`': (row) => estimateIn(row, 'rankCorrelationFelt'),
      'felt, other seeds': ({ rankCorrelationHalves: one }) => (typeof one === 'number' ? rounded(one) : '-'),
    }),
    'First token against tokens a second: the weight of the first token, relative to `max-sinr`': weightTable(
      rowsOf(rows, 'policy').filter(({ law }) => law === 'ids'),
    ),
    'Rank correlation of the score of proposals with what is felt when they are played': columnTable(
      rowsOf(rows, 'proposals'),
      {
        preset: ({ preset }) => preset,
        slots: ({ slots, orderedSlots }) => `${slots} (${orderedSlots})`,
        proposals: ({ proposals }) => fixed(proposals, 1),
        'score with play': ({ rankCorrelationProposals: one }) => (one === null ? '-' : rounded(one)),
        'play with play': ({ rankCorrelationPlays: one }) => (one === null ? '-' : rounded(one)),
        'another than that of the search taken': ({ otherTaken, othersTaken = '' }) =>
          otherTaken === undefined ? '-' : `${percent(otherTaken)}${othersTaken === '' ? '' : ` (${othersTaken})`}`,
        'taken over search': ({ chosenOverSearch }) => rounded(chosenOverSearch),
        'taken over best': ({ chosenOverBest }) => rounded(chosenOverBest),
      },
    ),
    'Distance of `best-slot, felt` from the certified bound': columnTable(rowsOf(rows, 'gap'), {
      preset: ({ preset }) => preset,
      slots: ({ slots }) => `${slots}`,
      median: ({ gapMedian }) => percent(gapMedian, 2),
      worst: ({ gapWorst }) => percent(gapWorst, 2),
      // Older documents have none.
      'median, part that decisions change': ({ variableGapMedian: gap }) => (gap === undefined ? '-' : percent(gap, 2)),
      'worst, part that decisions change': ({ variableGapWorst: gap }) => (gap === undefined ? '-' : percent(gap, 2)),
      'worst, actual slot': ({ actualGapWorst }) => percent(actualGapWorst, 2),
    }),
  });
}

function baselineTable(rows: readonly BaselineRow[]): string {
  const cell = (row: BaselineRow, name: BaselineRatio): string =>
    (row[name] ?? null) === null ? '-' : estimateIn(row as Within<BaselineRatio>, name);
  if (rows.length === 0) return '';
  return columnTable(rows, {
    world: ({ preset, law }) => `${preset}, \`${law}\``,
    'the best simple rule': ({ rules }) => `\`${rules}\``,
    'tokens a second over it': (row) => cell(row, 'tokensPerSecondOverBestSimple'),
    'time per token': (row) => cell(row, 'msPerTokenOverBestSimple'),
    'first token': (row) => cell(row, 'firstTokenOverBestSimple'),
    'joules a token': (row) => cell(row, 'joulesPerTokenOverBestSimple'),
    // Older documents have none.
    '`auto`: the best simple rule': ({ rulesAuto = '' }) => (rulesAuto === '' ? '-' : `\`${rulesAuto}\``),
    '`auto`: tokens a second over it': (row) => cell(row, 'tokensPerSecondOverBestSimpleAuto'),
    '`auto`: first token': (row) => cell(row, 'firstTokenOverBestSimpleAuto'),
    '`auto`: joules a token': (row) => cell(row, 'joulesPerTokenOverBestSimpleAuto'),
    'tokens a second over `best, filled`': (row) => cell(row, 'tokensPerSecondOverBestFilled'),
    'over `best-slot, felt`': (row) => cell(row, 'tokensPerSecondOverBestSlot'),
    'first token over `max-sinr`': (row) => cell(row, 'firstTokenOverMaxSinr'),
    'joules a token of `best, felt`': (row) => estimateIn(row, 'joulesPerToken'),
  });
}

function modeTable(rows: readonly ModeRow[]): string {
  if (rows.length === 0) return '';
  return columnTable(rows, {
    preset: ({ preset }) => preset,
    policy: policyOf,
    '`stream` over `ar`': (row) => estimateIn(row, 'streamOverAr'),
    '`auto` over `ar`': (row) => estimateIn(row, 'autoOverAr'),
    '`auto` over `stream`': (row) => estimateIn(row, 'autoOverStream'),
    'joules a token, `stream`': (row) => estimateIn(row, 'joulesPerTokenStream'),
    '`auto`': (row) => estimateIn(row, 'joulesPerTokenAuto'),
    '`ar`': (row) => estimateIn(row, 'joulesPerTokenAr'),
    'drafts a token, `stream`': ({ draftsPerTokenStream }) => fixed(draftsPerTokenStream, 2),
    '`auto`, drafts': ({ draftsPerTokenAuto }) => fixed(draftsPerTokenAuto, 2),
    'first token, ms: `stream`, `auto`, `ar`': (row) =>
      [row.firstTokenMsStream, row.firstTokenMsAuto, row.firstTokenMsAr].map((ms) => fixed(ms, 0)).join(', '),
  });
}

export function allocationPage({ rows }: Document): string {
  const kinds = Map.groupBy(rows as readonly { readonly what: string }[], ({ what }) => what);
  const tableOf = (what: string): string => {
    const own = (kinds.get(what) ?? []).map(({ what: _, ...row }) => row);
    // The row of the huge slot has other keys.
    return [...Map.groupBy(own, (row) => Object.keys(row).join()).values()].map(rowTable).join('\n\n');
  };
  const savings = (kinds.get('latency') ?? []) as readonly object[] as readonly SavingRow[];
  return pageOf({
    'Time of a decision': tableOf('decision'),
    'Gap to the dual bound': tableOf('gap'),
    'Latency, and in brackets the objective, that `best` saves against the baselines':
      savings.length === 0 ? '' : savingTable(savings),
    'Latency that any policy could take off `max-sinr`': tableOf('latency limit'),
  });
}

interface SavingRow extends Readonly<Record<'world' | 'shares' | 'baseline', string>> {
  /** Absent in older documents: `best`. */
  readonly policy?: string;
  readonly reduction: number;
  readonly costReduction: number;
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
