// `best, felt` beside baselines at their best, world by world: the best of the simple rules, which differs from world to world, and the
// paper's objective with the idle band given out. A rule is chosen on other seeds than those on which it is compared.

import { crossedEstimate, type Estimate, type Within, within } from '../../../simulator/charts/bootstrap.ts';
import type { Conclusion, Goals } from '../../../simulator/runner/experiment.ts';
import {
  camelCase,
  estimateColumns,
  meanOf,
  ratioOfMeans,
  type Statistic,
} from '../../../simulator/runner/paired-runs.ts';
import { mean, median } from '../../../src/core/basics/statistics.ts';
import {
  baseline,
  bestFelt,
  bestFilled,
  bestSlot,
  type FeltMode,
  feltShares,
  firstTokenWeights,
  simpleRules,
  weightedFelt,
} from './felt-cells.ts';
import type { FeltRun } from './felt-run.ts';
import { worldOf } from './run-length.ts';
import { type FeltWorld, runsOf } from './runs-of.ts';

type Compared = 'tokensPerSecond' | 'msPerToken' | 'firstToken' | 'joulesPerToken';
type Baseline = 'BestSimple' | 'BestSimpleAuto' | 'BestFilled' | 'BestSlot' | 'MaxSinr';
export type BaselineRatio = `${Compared}Over${Baseline}`;

/**
 * `best, felt` in a world over each baseline, with paired intervals over seeds; null where the baseline was not played, or, of the best
 * simple rule, with one seed. `rules`, `rulesAuto`: the simple rules that were chosen. `betterInBoth`: each simple rule with more tokens a
 * second and an earlier first token than `best, felt`, both beyond the intervals.
 */
export interface BaselineRow extends FeltWorld, Within<BaselineRatio, number | null>, Within<'joulesPerToken'> {
  readonly what: 'baseline';
  readonly seeds: number;
  readonly rules: string;
  readonly rulesAuto: string;
  readonly betterInBoth: readonly string[];
}

const read: Readonly<Record<Compared, (run: FeltRun) => number | null>> = {
  tokensPerSecond: (run) => run.tokensPerSecond,
  msPerToken: (run) => run.msPerToken,
  firstToken: (run) => run.firstTokenMs,
  joulesPerToken: (run) => run.joulesPerToken,
};
const compared = Object.keys(read) as readonly Compared[];

/** A baseline's runs in a world; empty without them. `best, felt` is compared with them in the same mode. */
interface Reference {
  readonly mode: FeltMode;
  find(runs: readonly FeltRun[], world: FeltWorld): readonly FeltRun[];
}
const streamed = (policy: string): Reference => ({
  mode: 'stream',
  find: (runs, world) => runsOf(runs, world, policy),
});
const baselines: Readonly<Record<Baseline, Reference>> = {
  BestSimple: { mode: 'stream', find: bestSimpleRuns },
  BestSimpleAuto: { mode: 'auto', find: (runs, world) => bestSimpleRuns(runs, world, 'auto') },
  BestFilled: streamed(bestFilled),
  BestSlot: streamed(bestSlot),
  MaxSinr: streamed(baseline),
};

/**
 * For each seed the run of one simple rule: of that with the most tokens a second in all other seeds. @returns none with one seed, or without
 * runs of the rules
 */
export function bestSimpleRuns(
  runs: readonly FeltRun[],
  world: FeltWorld,
  mode: FeltMode = 'stream',
): readonly FeltRun[] {
  const rules = simpleRules.map((name) => runsOf(runs, world, name, mode)).filter((own) => own.length > 1);
  const seeds = rules[0]?.length ?? 0;
  return Array.from({ length: seeds }, (_, at) => {
    const elsewhere = (own: readonly FeltRun[]): number =>
      mean(own.filter((__, index) => index !== at).map((run) => run.tokensPerSecond));
    const [chosen] = rules.toSorted((one, other) => elsewhere(other) - elsewhere(one));
    return chosen?.[at] as FeltRun;
  });
}

export function baselineRows(runs: readonly FeltRun[], worlds: readonly FeltWorld[]): BaselineRow[] {
  return worlds.flatMap((world): BaselineRow[] => {
    const own = runsOf(runs, world, bestFelt);
    if (own.length === 0) return [];
    const rulesIn = (mode: FeltMode): string =>
      [...new Set(bestSimpleRuns(runs, world, mode).map(({ policy }) => policy))].join('; ');
    const ratios = Object.entries(baselines).map(([name, { mode, find }]) => {
      const compare = runsOf(runs, world, bestFelt, mode);
      const reference = find(runs, world);
      const statistics = Object.fromEntries(
        compared.map((figure) => [`${figure}Over${name}`, ratioOfMeans(read[figure])]),
      ) as Readonly<Record<BaselineRatio, Statistic<FeltRun>>>;
      const columns = estimateColumns([compare], reference, statistics);
      return reference.length === own.length && compare.length === own.length
        ? columns
        : Object.fromEntries(Object.keys(columns).map((key) => [key, null]));
    });
    return [
      {
        what: 'baseline',
        preset: world.preset,
        law: world.law,
        seeds: own.length,
        rules: rulesIn('stream'),
        rulesAuto: rulesIn('auto'),
        betterInBoth: simpleRules.filter((rule) => isBetterInBoth(own, runsOf(runs, world, rule))),
        ...estimateColumns([own], [], { joulesPerToken: meanOf(read.joulesPerToken) }),
        ...(Object.assign({}, ...ratios) as Within<BaselineRatio, number | null>),
      },
    ];
  });
}

const both = { tokens: ratioOfMeans(read.tokensPerSecond), first: ratioOfMeans(read.firstToken) };

function isBetterInBoth(own: readonly FeltRun[], rule: readonly FeltRun[]): boolean {
  if (rule.length !== own.length) return false;
  const { tokensHigh, firstLow } = estimateColumns([own], rule, both);
  return tokensHigh < 1 && firstLow > 1;
}

/** In the presets. */
export const baselineGoals: Goals = {
  tokensPerSecondFeltOverBestSimpleLow: { atLeast: 0.97 },
  tokensPerSecondFeltOverBestSimpleMean: { atLeast: 1.1 },
  tokensPerSecondFeltOverBestFilled: { atLeast: 1 },
  firstTokenFeltOverMaxSinr: 1.05,
};

/** In drawn worlds: nine in ten, and the mean. */
export function goalsOfDrawn(count: number): Goals {
  const nineInTen = { atLeast: Math.ceil(0.9 * count) };
  return {
    worldsNoLessThanBestSimple: nineInTen,
    worldsNoLessThanBestFilled: nineInTen,
    worldsFirstTokenNoLater: nineInTen,
    worldsAutoNoLess: nineInTen,
    tokensPerSecondFeltOverBestSimpleMean: { atLeast: 1 },
    tokensPerSecondFeltOverBestFilledMean: { atLeast: 1 },
    worldsSimpleBetterInBoth: 0,
  };
}

/** At least so much of the tokens a second of the best simple rule at the lower end of an interval counts as no less. */
const noLess = 0.97;
/** A first token that comes later by less than this factor counts as no later. */
const noLater = 1.05;

/**
 * All worlds together, and each preset by its name. Means over worlds have intervals over worlds, of drawn ones, and over seeds.
 * @param worlds each once @param areDrawn whether the worlds are a sample of others
 */
export function summariseBaselines(
  rows: readonly BaselineRow[],
  runs: readonly FeltRun[],
  worlds: readonly FeltWorld[],
  areDrawn: boolean,
): Conclusion['summary'] {
  const known = (value: number | null): number[] => (value === null || Number.isNaN(value) ? [] : [value]);
  const once = rows.filter(({ preset, law }) => worlds.some((world) => world.preset === preset && world.law === law));
  const over = once.flatMap(({ tokensPerSecondOverBestSimple: value }) => value ?? []);
  const low = once.flatMap(({ tokensPerSecondOverBestSimpleLow: value }) => value ?? []);
  const first = once.flatMap((row) => known(row.firstTokenOverMaxSinr));
  const filled = rows.flatMap(({ tokensPerSecondOverBestFilled: value }) => value ?? []);
  // The worlds in which the whole interval is above 1, or below it.
  const above = (key: BaselineRatio): number => once.filter((row) => (row[`${key}Low`] ?? 0) > 1).length;
  const below = (key: BaselineRatio): number => once.filter((row) => (row[`${key}High`] ?? 1) < 1).length;
  const means = meansOverWorlds.map((one) => meanOverWorlds(runs, worlds, one, areDrawn));
  if (areDrawn) means.push(...meansByArrivals(runs, worlds));
  return {
    tokensPerSecondFeltOverBestSimple: least(over),
    tokensPerSecondFeltOverBestSimpleLow: least(low),
    ...(areDrawn ? {} : Object.fromEntries(once.flatMap(keysOfPreset))),
    tokensPerSecondFeltOverBestFilled: least(filled),
    tokensPerSecondFeltOverBestFilledMedian: filled.length === 0 ? null : median(filled),
    firstTokenFeltOverMaxSinr: most(first),
    ...Object.assign({}, ...means),
    worlds: once.length,
    worldsNoLessThanBestSimple: low.filter((value) => value >= noLess).length,
    worldsLessThanBestSimple: below('tokensPerSecondOverBestSimple'),
    worldsMoreThanBestSlot: above('tokensPerSecondOverBestSlot'),
    worldsLessThanBestSlot: below('tokensPerSecondOverBestSlot'),
    worldsNoLessThanBestFilled: once.filter(({ tokensPerSecondOverBestFilled: value }) => (value ?? 0) >= 1).length,
    worldsFirstTokenNoLater: first.filter((value) => value <= noLater).length,
    worldsFirstTokenLater: above('firstTokenOverMaxSinr'),
    worldsFirstTokenLaterThanBestSimple: above('firstTokenOverBestSimple'),
    worldsMoreJoules: above('joulesPerTokenOverBestSimple'),
    worldsMoreJoulesAuto: above('joulesPerTokenOverBestSimpleAuto'),
    worldsSimpleBetterInBoth: once.filter(({ betterInBoth }) => betterInBoth.length > 0).length,
  };
}

function keysOfPreset(row: BaselineRow): [string, number | null][] {
  const name = camelCase(`tokensPerSecondFeltOverBestSimple ${row.preset}`);
  return [
    [name, row.tokensPerSecondOverBestSimple],
    [`${name}Low`, row.tokensPerSecondOverBestSimpleLow],
    [`${name}High`, row.tokensPerSecondOverBestSimpleHigh],
  ];
}

/** A ratio in each world, of which the mean over worlds is a key of the summary. */
interface MeanOf {
  readonly key: string;
  readonly policy: string;
  readonly over: Reference;
  readonly figure: (run: FeltRun) => number | null;
}

const ofFelt = { policy: bestFelt, over: baselines.MaxSinr } as const;
const meansOverWorlds: readonly MeanOf[] = [
  ...Object.entries(baselines).flatMap(([name, over]) =>
    // In `auto` some worlds have hardly a draft, and ratios of their joules say nothing.
    (['tokensPerSecond', 'firstToken', ...(over.mode === 'auto' ? [] : (['joulesPerToken'] as const))] as const).map(
      (one) => ({ policy: bestFelt, key: `${one}FeltOver${name}Mean`, over, figure: read[one] }),
    ),
  ),
  ...firstTokenWeights.flatMap((weight) =>
    (['tokensPerSecond', 'firstToken'] as const).map((name) => ({
      policy: weightedFelt(weight),
      key: `${name}FirstTokenWeight${weight}Over1Mean`,
      over: streamed(bestFelt),
      figure: read[name],
    })),
  ),
  { ...ofFelt, key: 'msPerTokenFeltOverBestSimpleMeanOfPresets', over: baselines.BestSimple, figure: read.msPerToken },
  { ...ofFelt, key: 'msPerTokenFeltOverMaxSinrMeanOfPresets', figure: (run) => run.msPerToken },
  { ...ofFelt, key: 'msPerTokenFeltOverMaxSinrP95OfPresets', figure: (run) => run.msPerTokenP95 },
  { ...ofFelt, key: 'tokensPerSecondFeltSharesOverMaxSinrMean', policy: feltShares, figure: read.tokensPerSecond },
];

/** Where sessions come at a rate, every policy brings the tokens that are asked for, and ratios are near 1. */
function meansByArrivals(runs: readonly FeltRun[], worlds: readonly FeltWorld[]): Partial<Within<string>>[] {
  const groups = Object.groupBy(worlds, ({ preset }) =>
    worldOf(preset, 'ids').workload.arrivals.kind === 'poisson-sessions' ? 'OfSessions' : 'OfTasks',
  );
  return Object.entries(groups).map(([name, own]) => {
    const key = `tokensPerSecondFeltOverBestSimpleMean${name}`;
    return meanOverWorlds(
      runs,
      own,
      { ...ofFelt, key, over: baselines.BestSimple, figure: read.tokensPerSecond },
      true,
    );
  });
}

/** Nothing where a world lacks the policy or the baseline. */
function meanOverWorlds(
  runs: readonly FeltRun[],
  worlds: readonly FeltWorld[],
  { key, policy, over, figure }: MeanOf,
  areDrawn: boolean,
): Partial<Within<string>> {
  const pairs = worlds.map((world) => {
    return { own: runsOf(runs, world, policy, over.mode), reference: over.find(runs, world) };
  });
  const ratio = ratioOfMeans(figure);
  const seeds = pairs[0]?.own.length ?? 0;
  if (seeds === 0 || pairs.some(({ own, reference }) => own.length !== seeds || reference.length !== seeds)) return {};
  const ratioIn = (world: number, columns: readonly number[]): number => {
    const { own, reference } = pairs[world] as (typeof pairs)[number];
    const drawn = (of: readonly FeltRun[]): FeltRun[] => columns.map((at) => of[at] as FeltRun);
    return ratio([drawn(own)], drawn(reference));
  };
  return within(key, overWorlds(pairs.length, seeds, ratioIn, areDrawn));
}

/** The mean over worlds of a figure of some seeds: new seeds are drawn, and new worlds where worlds are a sample. */
export function overWorlds(
  worlds: number,
  seeds: number,
  figure: (world: number, seeds: readonly number[]) => number,
  areDrawn: boolean,
): Estimate {
  const all = Array.from({ length: worlds }, (_, world) => world);
  return crossedEstimate(worlds, seeds, (drawn, columns) =>
    mean((areDrawn ? drawn : all).map((world) => figure(world, columns))),
  );
}

/** Null for an empty list. */
export function least(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values);
}

export function most(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}
