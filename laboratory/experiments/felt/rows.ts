// The rows of "bench felt" from its runs: what people feel under each policy, and how well each objective orders the policies. Means over
// paired seeds; a ratio is one mean over the other, and its seeds are drawn as pairs.

import { type Estimate, estimate, type Within, within } from '../../../src/core/basics/bootstrap.ts';
import { mean, median, rankCorrelation } from '../../../src/core/basics/statistics.ts';
import { baseline, feltPolicies } from './policies.ts';
import type { FeltRun } from './run.ts';
import { type PayloadLaw, payloadLaws } from './worlds.ts';

/** A policy in a preset under a payload law. */
export interface PolicyRow
  extends Within<'tokensPerSecond' | 'tokensPerSecondOverMaxSinr' | 'msPerToken' | 'msPerTokenOverMaxSinr'>,
    Within<'msPerTokenP95OverMaxSinr' | 'firstTokenMs'> {
  readonly what: 'policy';
  readonly preset: string;
  readonly law: PayloadLaw;
  readonly policy: string;
  readonly objective: string;
  readonly seeds: number;
  /** Mean over seeds of the 95th percentile over devices. */
  readonly msPerTokenP95: number;
  /** Mean number of devices that wanted tokens and got none. */
  readonly tokenlessDevices: number;
  readonly unservedShare: number;
  /** Mean cost that each objective predicts for a device and slot, ms. */
  readonly paperCostMs: number;
  readonly feltCostMs: number;
  readonly predictedMsPerToken: number;
  /** Median over answers of |predicted / felt - 1|; null without an answer that ended. */
  readonly predictionError: number | null;
  readonly answers: number;
}

/**
 * Spearman's rank correlation, over policies, of what an objective predicts with the felt time per token: the mean cost of a slot
 * under each objective, and the time per token that `felt` predicts for a device over the run (`rankCorrelationFelt`).
 */
export interface RankRow extends Within<'rankCorrelationPaper' | 'rankCorrelationFelt' | 'rankCorrelationFeltCost'> {
  readonly what: 'rank';
  readonly preset: string;
  readonly law: PayloadLaw;
  readonly policies: number;
  /**
   * Of the felt time per token in one half of the seeds with that in the other half, in the mean of as many splits as there are seeds:
   * about what a prediction can reach that knows every policy but not the seeds. Null with one seed.
   */
  readonly rankCorrelationHalves: number | null;
}

/** Distance of `best, felt` from the certified bound, over slots of a preset. */
export interface GapRow {
  readonly what: 'gap';
  readonly preset: string;
  readonly slots: number;
  readonly gapMedian: number;
  readonly gapWorst: number;
  /** The same where costs and bounds are of the slot as it was, and not as the policy saw it. */
  readonly actualGapWorst: number;
}

export type FeltRow = PolicyRow | RankRow | GapRow;

export function policyRows(
  runs: readonly FeltRun[],
  presets: readonly string[],
  names: readonly string[],
): PolicyRow[] {
  return presets.flatMap((preset) =>
    payloadLaws.flatMap((law) => {
      const first = runsOf(runs, preset, law, baseline);
      return names.map((name) => policyRow(runsOf(runs, preset, law, name), first, { preset, law, name }));
    }),
  );
}

function policyRow(
  own: readonly FeltRun[],
  first: readonly FeltRun[],
  { preset, law, name }: { readonly preset: string; readonly law: PayloadLaw; readonly name: string },
): PolicyRow {
  const meanOf = (read: (run: FeltRun) => number): number => mean(own.map(read));
  const errors = own.flatMap((run) => run.errors.map(Math.abs));
  return {
    what: 'policy',
    ...{ preset, law, policy: name, seeds: own.length },
    objective: feltPolicies.find((one) => one.name === name)?.kind ?? '',
    ...within(
      'tokensPerSecond',
      meanEstimate(own, (run) => run.tokensPerSecond),
    ),
    ...within(
      'tokensPerSecondOverMaxSinr',
      ratioEstimate(own, first, (run) => run.tokensPerSecond),
    ),
    ...within(
      'msPerToken',
      meanEstimate(own, (run) => run.msPerToken),
    ),
    ...within(
      'msPerTokenOverMaxSinr',
      ratioEstimate(own, first, (run) => run.msPerToken),
    ),
    msPerTokenP95: meanOf((run) => run.msPerTokenP95),
    ...within(
      'msPerTokenP95OverMaxSinr',
      ratioEstimate(own, first, (run) => run.msPerTokenP95),
    ),
    ...within(
      'firstTokenMs',
      meanEstimate(own, (run) => run.firstTokenMs),
    ),
    tokenlessDevices: meanOf((run) => run.tokenlessDevices),
    unservedShare: meanOf((run) => run.unservedShare),
    paperCostMs: meanOf((run) => run.paperCostMs[law]),
    feltCostMs: meanOf((run) => run.feltCostMs),
    predictedMsPerToken: meanOf((run) => run.predictedMsPerToken),
    predictionError: errors.length === 0 ? null : median(errors),
    answers: errors.length,
  };
}

export function rankRows(runs: readonly FeltRun[], presets: readonly string[], names: readonly string[]): RankRow[] {
  return presets.flatMap((preset) =>
    payloadLaws.map((law): RankRow => {
      const byPolicy = names.map((name) => runsOf(runs, preset, law, name));
      const correlation = (pick: readonly number[], cost: (run: FeltRun) => number): number => {
        const meanOf = (own: readonly FeltRun[], read: (run: FeltRun) => number): number =>
          mean(pick.map((at) => read(own[at] as FeltRun)));
        return rankCorrelation(
          byPolicy.map((own) => meanOf(own, cost)),
          byPolicy.map((own) => meanOf(own, (run) => run.msPerToken)),
        );
      };
      const seeds = byPolicy[0]?.length ?? 0;
      return {
        what: 'rank',
        ...{ preset, law, policies: names.length },
        rankCorrelationHalves: correlationOfHalves(byPolicy),
        ...within(
          'rankCorrelationPaper',
          estimate(seeds, (pick) => correlation(pick, (run) => run.paperCostMs[law])),
        ),
        ...within(
          'rankCorrelationFelt',
          estimate(seeds, (pick) => correlation(pick, (run) => run.predictedMsPerToken)),
        ),
        ...within(
          'rankCorrelationFeltCost',
          estimate(seeds, (pick) => correlation(pick, (run) => run.feltCostMs)),
        ),
      };
    }),
  );
}

function correlationOfHalves(byPolicy: readonly (readonly FeltRun[])[]): number | null {
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
    const actualGapWorst = Math.max(...slots.map(({ actualGap }) => actualGap));
    const [gapMedian, gapWorst] = [median(gaps), Math.max(...gaps)];
    return [{ what: 'gap', preset, slots: gaps.length, gapMedian, gapWorst, actualGapWorst }];
  });
}

/** In the order of their seeds, which are the same for every policy. */
function runsOf(runs: readonly FeltRun[], preset: string, law: PayloadLaw, policy: string): FeltRun[] {
  return runs
    .filter((run) => run.preset === preset && run.policy === policy && (run.law ?? law) === law)
    .toSorted((one, other) => one.seed - other.seed);
}

function meanEstimate(runs: readonly FeltRun[], read: (run: FeltRun) => number): Estimate {
  return estimate(runs.length, (pick) => mean(pick.map((at) => read(runs[at] as FeltRun))));
}

function ratioEstimate(own: readonly FeltRun[], first: readonly FeltRun[], read: (run: FeltRun) => number): Estimate {
  const meanOf = (runs: readonly FeltRun[], pick: readonly number[]): number =>
    mean(pick.map((at) => read(runs[at] as FeltRun)));
  return estimate(own.length, (pick) => meanOf(own, pick) / meanOf(first, pick));
}
