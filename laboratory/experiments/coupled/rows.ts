// The rows and the summary of "bench coupled", from its runs: interquartile means over paired seeds, ratios of costs, and beside them
// plain means and the tail, since an interquartile mean hides the worst seeds.

import { type Estimate, estimate, middleEstimate, type Within, within } from '../../../src/core/basics/bootstrap.ts';
import { interquartileMean, mean, quantile } from '../../../src/core/basics/statistics.ts';
import type { CoupledRun } from './run.ts';

/** The baseline of all policies: it optimises each slot by itself. */
const reference = 'best';
/** The second baseline: it knows the coupling, and it is not learned. */
const lookAhead = 'look-ahead';

/**
 * Interquartile means over the seeds. `costVsBest`: cost over that of `best` with the same seed; `costMeanVsBest`: mean cost of all seeds
 * over the mean cost of `best`; `costVsLookAhead`: cost over that of `look-ahead`, null where that isn't among the policies.
 */
export interface CoupledRow
  extends Middles,
    Pick<CoupledRun, 'coupling' | 'policy'>,
    Within<'costMs' | 'costVsBest' | 'costMeanVsBest' | 'latencyMs'>,
    Within<'costVsLookAhead', number | null> {
  readonly seeds: number;
  /** Plain mean of the costs; the worst seeds dominate it. */
  readonly costMsMean: number;
  /** Cost of the worst seed. */
  readonly costMsWorst: number;
  /** Over the seeds, of the cost over that of `best` with the same seed. */
  readonly costVsBestP95: number;
  readonly costVsBestWorst: number;
}

const middles = [
  'costMsP95',
  'energyJ',
  'queueMs',
  'handoversPer1000Tasks',
  'batteryOutShare',
  'decisionCpuMs',
] as const;
type Middles = Pick<CoupledRun, (typeof middles)[number]>;

export function rowOf(runs: readonly CoupledRun[], policy: string): CoupledRow {
  const own = runs.filter((run) => run.policy === policy);
  const [{ coupling }] = own as [CoupledRun];
  const ratiosTo = (other: string): number[] =>
    own.flatMap(({ seed, costMs }) => {
      const paired = runs.find((run) => run.policy === other && run.seed === seed);
      return paired === undefined ? [] : [costMs / paired.costMs];
    });
  const costsMs = own.map(({ costMs }) => costMs);
  const toBest = ratiosTo(reference);
  const toLookAhead = ratiosTo(lookAhead);
  const notCompared = { costVsLookAhead: null, costVsLookAheadLow: null, costVsLookAheadHigh: null };
  return {
    ...{ coupling, policy, seeds: own.length, costMsMean: mean(costsMs), costMsWorst: Math.max(...costsMs) },
    ...{
      costVsBestP95: quantile(toBest, 0.95),
      costVsBestWorst: toBest.length === 0 ? Number.NaN : Math.max(...toBest),
    },
    ...within('costMeanVsBest', meanRatio(own, runs)),
    ...within('costMs', middleEstimate(costsMs)),
    ...within('costVsBest', middleEstimate(toBest)),
    ...(toLookAhead.length === 0 ? notCompared : within('costVsLookAhead', middleEstimate(toLookAhead))),
    ...within('latencyMs', middleEstimate(own.map(({ latencyMs }) => latencyMs))),
    ...(Object.fromEntries(middles.map((key) => [key, interquartileMean(own.map((run) => run[key]))])) as Middles),
  };
}

/** The mean cost of the runs over that of `best`; seeds are drawn as pairs. */
function meanRatio(own: readonly CoupledRun[], all: readonly CoupledRun[]): Estimate {
  const best = new Map(all.filter(({ policy }) => policy === reference).map(({ seed, costMs }) => [seed, costMs]));
  const pairs = own.flatMap(({ seed, costMs }) => {
    const other = best.get(seed);
    return other === undefined ? [] : [{ costMs, other }];
  });
  const of = (pick: readonly number[], key: 'costMs' | 'other'): number =>
    mean(pick.map((at) => pairs[at]?.[key] ?? 0));
  return estimate(pairs.length, (pick) => of(pick, 'costMs') / of(pick, 'other'));
}

/**
 * Ratios of costs to those of `best` and `look-ahead`: `allHysteresisOptimalVsBest`, `allHysteresisOptimalVsLookAheadLow`, ...; of plain
 * means: `allHysteresisOptimalMeanVsBest`; of the worst seed: `allHysteresisOptimalVsBestWorst`.
 */
export function summariseCoupled(rows: readonly CoupledRow[]): Record<string, number> {
  const others = rows.filter(({ policy }) => policy !== reference);
  const entries = others.flatMap((row) => {
    const name = camelCase(`${row.coupling} ${row.policy}`);
    const toBest = ['VsBest', 'MeanVsBest'];
    const compared = row.policy === lookAhead || row.costVsLookAhead === null ? toBest : [...toBest, 'VsLookAhead'];
    const intervals = compared.flatMap((to) => ['', 'Low', 'High'].map((end) => `${to}${end}`));
    const keys = [...intervals, 'VsBestP95', 'VsBestWorst'];
    return keys.map((key) => [`${name}${key}`, row[`cost${key}` as keyof CoupledRow]] as const);
  });
  return Object.fromEntries(entries) as Record<string, number>;
}

function camelCase(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}
