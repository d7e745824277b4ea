// The rows, the summary and the goals of "bench felt" from its runs: the time per token that devices get under each policy, and how well
// each objective orders the policies. Means over paired seeds; a ratio is one mean over the other, and its seeds are drawn as pairs. In the
// summary of these rows the worst preset counts, but for tokens a second: there a key that ends in Mean has the mean over presets.

import type { Within } from '../../../simulator/charts/bootstrap.ts';
import type { Conclusion, Goals } from '../../../simulator/runner/experiment.ts';
import {
  estimateColumns,
  meanOf,
  type RunTable,
  ratioOfMeans,
  type Statistic,
} from '../../../simulator/runner/paired-runs.ts';
import { mean, median, rankCorrelation } from '../../../src/core/basics/statistics.ts';
import { type BaselineRow, least, most } from './baseline-rows.ts';
import { baseline, bestFelt, bestPaper, feltPolicies, feltShares } from './felt-cells.ts';
import type { FeltRun } from './felt-run.ts';
import { isBound, type SolvedSlot } from './gaps.ts';
import type { ModeRow } from './mode-rows.ts';
import type { ProposalsRow } from './proposal-plays.ts';
import { type FeltWorld, runsOf } from './runs-of.ts';

type Estimated = 'tokensPerSecond' | 'msPerToken' | 'firstTokenMs' | `${Compared}OverMaxSinr`;
type Compared = 'tokensPerSecond' | 'msPerToken' | 'msPerTokenP95' | 'firstTokenMs';
const estimated: Readonly<Record<Estimated, Statistic<FeltRun>>> = {
  tokensPerSecond: meanOf((run) => run.tokensPerSecond),
  tokensPerSecondOverMaxSinr: ratioOfMeans((run) => run.tokensPerSecond),
  msPerToken: meanOf((run) => run.msPerToken),
  msPerTokenOverMaxSinr: ratioOfMeans((run) => run.msPerToken),
  msPerTokenP95OverMaxSinr: ratioOfMeans((run) => run.msPerTokenP95),
  firstTokenMs: meanOf((run) => run.firstTokenMs),
  firstTokenMsOverMaxSinr: ratioOfMeans((run) => run.firstTokenMs),
};
/** Plain means over the seeds. */
const averaged = ['msPerTokenP95', 'tokenlessDevices', 'unservedShare', 'feltCostMs', 'predictedMsPerToken'] as const;
type Averages = Pick<FeltRun, (typeof averaged)[number]>;

/**
 * A policy in a preset under a payload law. `predictionError`: median over answers of |predicted / felt - 1|; null without an answer that
 * ended. `paperCostMs` is to the paper's objective what `feltCostMs` is to `felt`.
 */
export interface PolicyRow extends FeltWorld, Within<Estimated>, Averages {
  readonly what: 'policy';
  readonly policy: string;
  readonly objective: string;
  readonly seeds: number;
  readonly paperCostMs: number;
  readonly predictionError: number | null;
  readonly answers: number;
}

type Correlation = `rankCorrelation${'Paper' | 'Felt' | 'FeltCost'}`;

/**
 * Spearman's rank correlation, over policies, of what an objective predicts with the felt time per token: the mean cost of a slot
 * under each objective, and the time per token that `felt` predicts for a device over the run (`rankCorrelationFelt`).
 */
export interface RankRow extends FeltWorld, Within<Correlation> {
  readonly what: 'rank';
  readonly policies: number;
  /** Null with one seed. */
  readonly rankCorrelationHalves: number | null;
}

type GapFigure = 'gapMedian' | 'gapWorst' | 'variableGapMedian' | 'variableGapWorst' | 'actualGapWorst';

/** Distance of `best-slot, felt` from the certified bound, over slots of a preset. */
export interface GapRow extends Readonly<Record<'slots' | GapFigure, number>> {
  readonly what: 'gap';
  readonly preset: string;
}

export type FeltRow = PolicyRow | RankRow | GapRow | BaselineRow | ModeRow | ProposalsRow;

/** Rows of one kind. */
export function rowsOf<What extends FeltRow['what']>(
  rows: readonly FeltRow[],
  what: What,
): Extract<FeltRow, { readonly what: What }>[] {
  return rows.filter((row) => row.what === what) as Extract<FeltRow, { readonly what: What }>[];
}

/** Over the runs that had a task: others have no means, which is NaN, or null in a record. */
function meanOfKnown(runs: readonly FeltRun[], read: (run: FeltRun) => number): number {
  return mean(runs.map(read).filter((value) => value !== null && !Number.isNaN(value)));
}

export function policyRows(
  runs: readonly FeltRun[],
  worlds: readonly FeltWorld[],
  names: readonly string[],
): PolicyRow[] {
  return worlds.flatMap((world) => {
    const reference = runsOf(runs, world, baseline);
    return names.flatMap((policy): PolicyRow[] => {
      const own = runsOf(runs, world, policy);
      if (own.length === 0) return [];
      const errors = own.flatMap((run) => run.errors.map(Math.abs));
      const row: PolicyRow = {
        what: 'policy',
        ...world,
        policy,
        seeds: own.length,
        objective: feltPolicies.find(({ name }) => name === policy)?.kind ?? '',
        ...estimateColumns([own], reference, estimated),
        ...(Object.fromEntries(averaged.map((key) => [key, meanOfKnown(own, (run) => run[key])])) as Averages),
        paperCostMs: meanOfKnown(own, (run) => run.paperCostMs[world.law]),
        predictionError: errors.length === 0 ? null : median(errors),
        answers: errors.length,
      };
      return [row];
    });
  });
}

export function rankRows(runs: readonly FeltRun[], worlds: readonly FeltWorld[], names: readonly string[]): RankRow[] {
  return worlds.map((world): RankRow => {
    const byPolicy = names.map((name) => runsOf(runs, world, name)).filter((own) => own.length > 0);
    const correlations: Readonly<Record<Correlation, Statistic<FeltRun>>> = {
      rankCorrelationPaper: correlationWith((run) => run.paperCostMs[world.law]),
      rankCorrelationFelt: correlationWith((run) => run.predictedMsPerToken),
      rankCorrelationFeltCost: correlationWith((run) => run.feltCostMs),
    };
    return {
      what: 'rank',
      ...world,
      policies: byPolicy.length,
      rankCorrelationHalves: correlationOfHalves(byPolicy),
      ...estimateColumns(byPolicy, [], correlations),
    };
  });
}

/** The order of policies by what was predicted, with that by what was felt; a row of the table for each policy. */
function correlationWith(predicted: (run: FeltRun) => number): Statistic<FeltRun> {
  return (byPolicy) =>
    rankCorrelation(
      byPolicy.map((own) => mean(own.map(predicted))),
      byPolicy.map((own) => mean(own.map((run) => run.msPerToken))),
    );
}

/**
 * The felt time per token in one half of the seeds with that in the other half, in the mean of as many splits as there are seeds: about
 * what a prediction can reach that is fitted to every policy but not to the seeds.
 */
function correlationOfHalves(byPolicy: RunTable<FeltRun>): number | null {
  const seeds = byPolicy[0]?.length ?? 0;
  if (seeds < 2) return null;
  const half = seeds >> 1;
  const splits = Array.from({ length: seeds }, (_, start) => {
    const isIn = (at: number): boolean => (at - start + seeds) % seeds < half;
    const feltIn = (wanted: boolean): number[] =>
      byPolicy.map((own) => mean(own.filter((_, at) => isIn(at) === wanted).map((run) => run.msPerToken)));
    return rankCorrelation(feltIn(true), feltIn(false));
  });
  return mean(splits);
}

export function gapRows(runs: readonly FeltRun[], presets: readonly string[]): GapRow[] {
  return presets.flatMap((preset): GapRow[] => {
    const slots = runs.filter((run) => run.preset === preset).flatMap((run) => run.gaps);
    if (slots.length === 0) return [];
    const gaps = slots.map(({ gap }) => gap);
    const variable = slots.map(({ variableGap }) => variableGap);
    const row: GapRow = {
      what: 'gap',
      preset,
      slots: gaps.length,
      gapMedian: median(gaps),
      gapWorst: Math.max(...gaps),
      variableGapMedian: median(variable),
      variableGapWorst: Math.max(...variable),
      actualGapWorst: Math.max(...slots.map(({ actualGap }) => actualGap)),
    };
    return [row];
  });
}

/** What the best decisions under `felt` are to reach. */
export const feltGoals: Goals = {
  tokensPerSecondFeltOverMaxSinr: { atLeast: 1 },
  tokensPerSecondFeltOverMaxSinrMean: { atLeast: 1.15 },
  msPerTokenFeltOverMaxSinrMean: 1,
  msPerTokenFeltOverMaxSinrP95: 1,
  tokensPerSecondFeltOverBestPaper: { atLeast: 1 },
  rankCorrelationFelt: { atLeast: 0.9 },
  rankCorrelationProposals: { atLeast: 0.9 },
  rankCorrelationProposalsBelowPlays: 0.05,
  predictionErrorMedian: 0.15,
  feltBoundGapMedian: 0.02,
  feltVariableGapWorst: 0.1,
};

export function summariseFelt(
  rows: readonly FeltRow[],
  runs: readonly FeltRun[],
  solved: readonly SolvedSlot[],
): Conclusion['summary'] {
  const policies = rowsOf(rows, 'policy');
  const ranks = rowsOf(rows, 'rank');
  const gaps = rowsOf(rows, 'gap');
  // Decisions under `felt` are the same under every law: one row for each preset.
  const once = policies.filter(({ law }) => law === 'ids');
  const felt = once.filter(({ policy }) => policy === bestFelt);
  const shares = once.filter(({ policy }) => policy === feltShares);
  const worst = felt.toSorted((one, other) => one.tokensPerSecondOverMaxSinr - other.tokensPerSecondOverMaxSinr)[0];
  const errors = runs.flatMap((run) => run.errors.map(Math.abs));
  const slotGaps = runs.flatMap((run) => run.gaps.map(({ gap }) => gap));
  return {
    tokensPerSecondFeltOverMaxSinr: least(felt.map((row) => row.tokensPerSecondOverMaxSinr)),
    tokensPerSecondFeltOverMaxSinrLow: least(felt.map((row) => row.tokensPerSecondOverMaxSinrLow)),
    worstPreset: worst?.preset ?? null,
    msPerTokenFeltOverMaxSinrMean: most(felt.map((row) => row.msPerTokenOverMaxSinr)),
    msPerTokenFeltOverMaxSinrP95: most(felt.map((row) => row.msPerTokenP95OverMaxSinr)),
    tokensPerSecondFeltOverBestPaper: least(overBestPaper(policies)),
    tokensPerSecondFeltSharesOverMaxSinr: least(shares.map((row) => row.tokensPerSecondOverMaxSinr)),
    firstTokenMsFelt: mean(felt.map((row) => row.firstTokenMs)),
    firstTokenMsMaxSinr: mean(once.filter(({ policy }) => policy === 'max-sinr').map((row) => row.firstTokenMs)),
    ...summariseProposals(rowsOf(rows, 'proposals')),
    rankCorrelationPaper: least(ranks.map((row) => row.rankCorrelationPaper)),
    rankCorrelationFelt: least(ranks.map((row) => row.rankCorrelationFelt)),
    rankCorrelationFeltCost: least(ranks.map((row) => row.rankCorrelationFeltCost)),
    rankCorrelationHalves: least(ranks.flatMap(({ rankCorrelationHalves: one }) => (one === null ? [] : [one]))),
    rankedPolicies: least(ranks.map(({ policies: count }) => count)),
    predictionErrorMedian: errors.length === 0 ? null : median(errors),
    feltBoundGapMedian: slotGaps.length === 0 ? null : median(slotGaps),
    feltBoundGapWorst: most(gaps.map(({ gapWorst }) => gapWorst)),
    feltVariableGapMedian:
      slotGaps.length === 0 ? null : median(runs.flatMap((run) => run.gaps.map((one) => one.variableGap))),
    feltVariableGapWorst: most(gaps.map(({ variableGapWorst }) => variableGapWorst)),
    feltBoundGapActualWorst: most(gaps.map(({ actualGapWorst }) => actualGapWorst)),
    smallSlots: solved.length,
    smallSlotsBoundAboveOptimum: solved.filter((slot) => !isBound(slot)).length,
    smallSlotsBoundGapWorst: most(solved.map(({ optimumMs, boundMs }) => (optimumMs - boundMs) / boundMs)),
    smallSlotsBestOverOptimumWorst: most(solved.map(({ optimumMs, bestMs }) => bestMs / optimumMs)),
  };
}

/** The worst preset counts. `...BelowPlays`: by how much less two plays of proposals agree with a score than with each other. */
function summariseProposals(rows: readonly ProposalsRow[]) {
  const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const below = rows.map(({ rankCorrelationProposals: scored, rankCorrelationPlays: plays }) =>
    scored === null || plays === null ? null : plays - scored,
  );
  return {
    rankCorrelationProposals: least(known(rows.map((row) => row.rankCorrelationProposals))),
    rankCorrelationPlays: least(known(rows.map((row) => row.rankCorrelationPlays))),
    rankCorrelationProposalsBelowPlays: most(known(below)),
    rankedSlots: least(rows.map(({ orderedSlots }) => orderedSlots)),
    proposalChosenOverSearch: most(rows.map(({ chosenOverSearch }) => chosenOverSearch)),
    proposalChosenOverBest: most(rows.map(({ chosenOverBest }) => chosenOverBest)),
  };
}

/** For each preset and law. */
function overBestPaper(rows: readonly PolicyRow[]): number[] {
  return rows
    .filter(({ policy }) => policy === bestFelt)
    .flatMap((row) => {
      const paper = rows.find((one) => one.policy === bestPaper && one.preset === row.preset && one.law === row.law);
      return paper === undefined ? [] : [row.tokensPerSecond / paper.tokensPerSecond];
    });
}
