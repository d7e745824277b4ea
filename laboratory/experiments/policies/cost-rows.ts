// The rows and summaries of "bench coupled" and "bench learned" from runs over many slots: costs relative to the policy `best` in the same
// world with the same seed. Interquartile means hide the worst seeds, so plain means and the tail stand beside them.

import { crossedEstimate, type Within } from '../../../simulator/charts/bootstrap.ts';
import { rankSumP } from '../../../simulator/charts/rank-sum.ts';
import type { Conclusion } from '../../../simulator/runner/experiment.ts';
import {
  camelCase,
  drawColumns,
  estimateColumns,
  middleOf,
  middleOfRatios,
  type RunTable,
  ratioOfMeans,
  ratiosOf,
} from '../../../simulator/runner/paired-runs.ts';
import { interquartileMean, mean, quantile } from '../../../src/core/basics/statistics.ts';
import { ruleNames } from './felt-cells.ts';
import type { CostRun } from './slot-costs.ts';

/** It optimises each slot by itself. */
const reference = 'best';
/** Association by links or hardware alone, with the best shares. */
export const simpleRules: readonly string[] = ruleNames.map((rule) => `${rule}+optimal`);
/** The best of the paper's baselines, of which latencies are fractions. */
const baseline = 'max-sinr+equal';
/** The second reference: it takes the coupling of slots into account, and it is not learned. */
const lookAhead = 'look-ahead';

/** `costVsBest`: interquartile mean of the ratios; `costMeanVsBest`: mean cost of all seeds over the mean cost of `best`. */
type ComparedCosts = Within<'costVsBest' | 'costMeanVsBest'> &
  Readonly<Record<'costMsMean' | 'costVsBestP95' | 'costVsBestWorst', number>>;

/** Columns without an interval: interquartile means. */
const middles = [
  'costMsP95',
  'energyJ',
  'queueMs',
  'handoversPer1000Tasks',
  'batteryOutShare',
  'decisionCpuMs',
] as const;
type Middles = Pick<CostRun, (typeof middles)[number]>;

/** A policy under a coupling. `costVsLookAhead` is null where `look-ahead` isn't among the policies. */
export type CoupledRow = ComparedCosts &
  Middles &
  Pick<CostRun, 'coupling' | 'policy'> &
  Within<'costMs' | 'latencyMs'> &
  Within<'costVsLookAhead', number | null> &
  Readonly<Record<'seeds' | 'costMsWorst', number>>;

/**
 * A policy in a world; intervals draw training seeds and worlds. A policy that was not trained here has 0 training seeds; `...BySeed` are the
 * interquartile means over the worlds of one training seed each (absent in documents of before), `...BestSeed` and `...WorstSeed` the ends of these.
 * `...VsMaxSinr`: a mean latency over that of Max-SINR with equal shares; null where that was not played.
 */
export type LearnedRow = ComparedCosts &
  Within<'latencyMs' | 'serialMs'> &
  Within<'latencyVsMaxSinr' | 'serialVsMaxSinr', number | null> &
  Readonly<Record<'world' | 'label', string>> & { readonly costVsBestBySeed?: readonly number[] } & Readonly<
    Record<'trainingSeeds' | 'worlds' | 'costVsBestBestSeed' | 'costVsBestWorstSeed', number>
  >;

const costOf = ({ costMs }: CostRun): number => costMs;
const latencyOf = ({ latencyMs }: CostRun): number => latencyMs;
const serialOf = ({ serialMs }: CostRun): number => serialMs;

/** A row for each training seed. */
function tableOf(runs: readonly CostRun[], policy: string): RunTable<CostRun> {
  const own = runs.filter((run) => run.policy === policy).toSorted((one, other) => one.seed - other.seed);
  return [...Map.groupBy(own, ({ trainingSeed }) => trainingSeed).values()];
}

function compareCosts(own: RunTable<CostRun>, best: readonly CostRun[], draw: typeof crossedEstimate): ComparedCosts {
  const ratios = ratiosOf(own, best, costOf).flat();
  const statistics = { costVsBest: middleOfRatios(costOf), costMeanVsBest: ratioOfMeans(costOf) };
  return {
    ...estimateColumns(own, best, statistics, draw),
    // The worst seeds dominate a plain mean.
    costMsMean: mean(own.flat().map(costOf)),
    costVsBestP95: quantile(ratios, 0.95),
    costVsBestWorst: Math.max(...ratios),
  };
}

/** @param runs under one coupling */
export function coupledRow(runs: readonly CostRun[], policy: string): CoupledRow {
  const own = tableOf(runs, policy);
  const [best = []] = tableOf(runs, reference);
  const [ahead] = tableOf(runs, lookAhead);
  const [first = []] = own;
  const notCompared = { costVsLookAhead: null, costVsLookAheadLow: null, costVsLookAheadHigh: null };
  return {
    coupling: first[0]?.coupling ?? '',
    policy,
    seeds: first.length,
    costMsWorst: Math.max(...first.map(costOf)),
    ...compareCosts(own, best, drawColumns),
    ...estimateColumns(own, [], { costMs: middleOf(costOf), latencyMs: middleOf(latencyOf) }),
    ...(ahead === undefined ? notCompared : estimateColumns(own, ahead, { costVsLookAhead: middleOfRatios(costOf) })),
    ...(Object.fromEntries(middles.map((key) => [key, interquartileMean(first.map((run) => run[key]))])) as Middles),
  };
}

/**
 * Ratios of costs to those of `best` and `look-ahead`: `allHysteresisOptimalVsBest`, `allHysteresisOptimalVsLookAheadLow`, ...; of plain
 * means: `allHysteresisOptimalMeanVsBest`; of the worst seed: `allHysteresisOptimalVsBestWorst`.
 */
export function summariseCoupled(rows: readonly CoupledRow[]): Record<string, number> {
  const summaries = rows
    .filter(({ policy }) => policy !== reference)
    .map((row) => {
      const isAhead = row.policy === lookAhead || row.costVsLookAhead === null;
      const compared = ['VsBest', 'MeanVsBest', ...(isAhead ? [] : ['VsLookAhead'])];
      const keys = compared.flatMap((to) => [to, `${to}Low`, `${to}High`]);
      return costsIn(row, `${row.coupling} ${row.policy}`, [...keys, 'VsBestP95', 'VsBestWorst']);
    });
  return Object.assign({}, ...summaries) as Record<string, number>;
}

/** Columns of a row, `cost` and an ending, for a summary. */
function costsIn(row: object, name: string, endings: readonly string[]): Record<string, number> {
  const costs = row as Readonly<Record<string, number>>;
  return Object.fromEntries(endings.map((ending) => [camelCase(name) + ending, costs[`cost${ending}`] as number]));
}

export function concludeLearned(runs: readonly CostRun[]): Conclusion<LearnedRow, Record<string, number>> {
  const rows: LearnedRow[] = [];
  const summary: Record<string, number> = {};
  for (const [world, here] of Map.groupBy(runs, ({ coupling }) => coupling)) {
    const own = [...new Set(here.map(({ policy }) => policy))].map((label) => learnedRow(world, label, here));
    rows.push(...own);
    for (const row of own.filter(({ trainingSeeds }) => trainingSeeds > 0)) {
      const endings = ['VsBest', 'VsBestLow', 'VsBestHigh', 'MeanVsBest', 'VsBestWorst'];
      const name = camelCase(row.label);
      Object.assign(summary, costsIn(row, row.label, endings), { [`${name}Seeds`]: row.trainingSeeds });
      if (row.latencyVsMaxSinr === null) continue;
      Object.assign(summary, {
        [`${name}LatencyVsMaxSinr`]: row.latencyVsMaxSinr,
        [`${name}SerialVsMaxSinr`]: row.serialVsMaxSinr,
      });
    }
    Object.assign(summary, compareCredits(here), compareTrainings(own), compareSimple(own));
  }
  return { rows, summary };
}

/**
 * Whether the training seeds of two recipes differ, by the rank-sum test: `paperSharesFlatVsPaperSharesDeviceRankSumP`. The other roundings
 * of the same weights are no recipe of their own. All pairs are tested, and no value is corrected for their number.
 */
function compareTrainings(rows: readonly LearnedRow[]): Record<string, number> {
  const recipes = rows.filter(({ trainingSeeds, label }) => trainingSeeds > 1 && !label.includes(','));
  return Object.fromEntries(
    recipes.flatMap((one, index) =>
      recipes.slice(0, index).map((other) => {
        const name = camelCase(`${one.label} vs ${other.label} rank sum p`);
        return [name, rankSumP(one.costVsBestBySeed ?? [], other.costVsBestBySeed ?? [])] as const;
      }),
    ),
  );
}

/**
 * Where simple rules are among the policies: `...SeedsBelowSimple`, training seeds that cost less than the rule that costs least, and
 * `...SeedsBelowSimpleP`, the chance of so many or more if each were as likely to cost more (sign test). All seeds are
 * tried on the same worlds: it says nothing about other worlds.
 */
function compareSimple(rows: readonly LearnedRow[]): Record<string, number> {
  const simple = rows.filter(({ label }) => simpleRules.includes(label)).map(({ costVsBest }) => costVsBest);
  if (simple.length === 0) return {};
  const least = Math.min(...simple);
  const found = rows
    .filter(({ trainingSeeds }) => trainingSeeds > 0)
    .map(({ label, costVsBestBySeed = [] }) => {
      const below = costVsBestBySeed.filter((cost) => cost < least).length;
      const name = camelCase(`${label} seeds below simple`);
      return { [name]: below, [`${name}P`]: signTestP(below, costVsBestBySeed.length) };
    });
  return Object.assign({ [camelCase(`${rows[0]?.world} least simple vs best`)]: least }, ...found) as Record<
    string,
    number
  >;
}

/** One-sided. */
function signTestP(hits: number, trials: number): number {
  let ways = 1;
  let sum = 0;
  for (let count = trials; count >= hits; count--) {
    sum += ways;
    ways = (ways * count) / (trials - count + 1);
  }
  return sum / 2 ** trials;
}

const notPlayed = {
  latencyVsMaxSinr: null,
  latencyVsMaxSinrLow: null,
  latencyVsMaxSinrHigh: null,
  serialVsMaxSinr: null,
  serialVsMaxSinrLow: null,
  serialVsMaxSinrHigh: null,
};

function learnedRow(world: string, label: string, runs: readonly CostRun[]): LearnedRow {
  const own = tableOf(runs, label);
  const [best = []] = tableOf(runs, reference);
  const [strongest = []] = tableOf(runs, baseline);
  const bySeed = ratiosOf(own, best, costOf).map(interquartileMean);
  const latencies = { latencyMs: middleOf(latencyOf), serialMs: middleOf(serialOf) };
  const fractions = { latencyVsMaxSinr: ratioOfMeans(latencyOf), serialVsMaxSinr: ratioOfMeans(serialOf) };
  return {
    world,
    label,
    trainingSeeds: own[0]?.[0]?.trainingSeed === null ? 0 : own.length,
    worlds: best.length,
    ...compareCosts(own, best, crossedEstimate),
    costVsBestBySeed: bySeed,
    costVsBestBestSeed: Math.min(...bySeed),
    costVsBestWorstSeed: Math.max(...bySeed),
    ...estimateColumns(own, [], latencies, crossedEstimate),
    ...(strongest.length === 0 ? notPlayed : estimateColumns(own, strongest, fractions, crossedEstimate)),
  };
}

/**
 * What credit by device costs over credit by team, at equal slots, paired by training seed and world: `coupledAssociationDeviceOverTeam`.
 */
function compareCredits(runs: readonly CostRun[]): Record<string, number> {
  const labels = [...new Set(runs.map(({ policy }) => policy))].filter((label) => label.endsWith('-device'));
  const summaries = labels.map((label) => {
    const team = tableOf(runs, label.replace(/-device$/, '-team'));
    const ratios = tableOf(runs, label).flatMap((own) => {
      const other = team.find(([run]) => run?.trainingSeed === own[0]?.trainingSeed);
      return other === undefined ? [] : ratiosOf([own], other, costOf);
    });
    if (ratios.length === 0) return {};
    const name = `${camelCase(label)}OverTeam`;
    const middle = estimateColumns(ratios, [], { [name]: middleOf((ratio: number) => ratio) }, crossedEstimate);
    return { ...middle, [`${name}Seeds`]: ratios.length };
  });
  return Object.assign({}, ...summaries) as Record<string, number>;
}
