// The summary of "bench felt" and its goals. The worst preset counts; where a key ends in Mean, and is about tokens a second, the mean over
// presets does.

import type { Goals } from '../../../simulator/runner/experiment.ts';
import { mean, median } from '../../../src/core/basics/statistics.ts';
import { isBound, type SolvedSlot } from './gaps.ts';
import { bestFelt, bestPaper, feltShares } from './policies.ts';
import type { GapRow, PolicyRow, RankRow } from './rows.ts';
import type { FeltRun } from './run.ts';

export interface FeltSummary extends Readonly<Record<string, string | number | null>> {}

interface Found {
  readonly policies: readonly PolicyRow[];
  readonly ranks: readonly RankRow[];
  readonly gaps: readonly GapRow[];
  readonly runs: readonly FeltRun[];
  readonly solved: readonly SolvedSlot[];
}

/** What the best decisions under `felt` are to reach. */
export const feltGoals: Goals = {
  tokensPerSecondFeltOverMaxSinr: { atLeast: 1 },
  tokensPerSecondFeltOverMaxSinrMean: { atLeast: 1.15 },
  msPerTokenFeltOverMaxSinrMean: 1,
  msPerTokenFeltOverMaxSinrP95: 1,
  tokensPerSecondFeltOverBestPaper: { atLeast: 1 },
  rankCorrelationFelt: { atLeast: 0.9 },
  predictionErrorMedian: 0.15,
  feltBoundGapMedian: 0.02,
  feltBoundGapWorst: 0.1,
};

export function summariseFelt({ policies, ranks, gaps, runs, solved }: Found): FeltSummary {
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
    tokensPerSecondFeltOverMaxSinrMean: mean(felt.map((row) => row.tokensPerSecondOverMaxSinr)),
    msPerTokenFeltOverMaxSinrMean: most(felt.map((row) => row.msPerTokenOverMaxSinr)),
    msPerTokenFeltOverMaxSinrP95: most(felt.map((row) => row.msPerTokenP95OverMaxSinr)),
    msPerTokenFeltOverMaxSinrMeanOfPresets: mean(felt.map((row) => row.msPerTokenOverMaxSinr)),
    msPerTokenFeltOverMaxSinrP95OfPresets: mean(felt.map((row) => row.msPerTokenP95OverMaxSinr)),
    tokensPerSecondFeltOverBestPaper: least(overBestPaper(policies)),
    tokensPerSecondFeltSharesOverMaxSinr: least(shares.map((row) => row.tokensPerSecondOverMaxSinr)),
    tokensPerSecondFeltSharesOverMaxSinrMean: mean(shares.map((row) => row.tokensPerSecondOverMaxSinr)),
    firstTokenMsFelt: mean(felt.map((row) => row.firstTokenMs)),
    firstTokenMsMaxSinr: mean(once.filter(({ policy }) => policy === 'max-sinr').map((row) => row.firstTokenMs)),
    rankCorrelationPaper: least(ranks.map((row) => row.rankCorrelationPaper)),
    rankCorrelationFelt: least(ranks.map((row) => row.rankCorrelationFelt)),
    rankCorrelationFeltCost: least(ranks.map((row) => row.rankCorrelationFeltCost)),
    rankCorrelationHalves: least(ranks.flatMap(({ rankCorrelationHalves: one }) => (one === null ? [] : [one]))),
    rankedPolicies: least(ranks.map(({ policies: count }) => count)),
    predictionErrorMedian: errors.length === 0 ? null : median(errors),
    feltBoundGapMedian: slotGaps.length === 0 ? null : median(slotGaps),
    feltBoundGapWorst: most(gaps.map(({ gapWorst }) => gapWorst)),
    feltBoundGapActualWorst: most(gaps.map(({ actualGapWorst }) => actualGapWorst)),
    smallSlots: solved.length,
    smallSlotsBoundAboveOptimum: solved.filter((slot) => !isBound(slot)).length,
    smallSlotsBoundGapWorst: most(solved.map(({ optimumMs, boundMs }) => (optimumMs - boundMs) / boundMs)),
    smallSlotsBestOverOptimumWorst: most(solved.map(({ optimumMs, bestMs }) => bestMs / optimumMs)),
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

/** Null of an empty list. */
function least(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values);
}

function most(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}
