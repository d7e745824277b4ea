// The rows and the summary of "bench coupled", from its runs: interquartile means over paired seeds, and ratios of costs.

import { middleEstimate, type Within, within } from '../../basics/bootstrap.ts';
import { interquartileMean, mean } from '../../basics/statistics.ts';
import type { CoupledRun } from './run.ts';

/** The baseline of all policies: it optimises each slot by itself. */
const reference = 'best';
/** The second baseline: it knows the coupling, and it is not learned. */
const lookAhead = 'look-ahead';

/**
 * Interquartile means over the seeds. `costVsBest`: cost over that of `best` with the same seed; `costVsLookAhead`: over that of
 * `look-ahead`, null where that isn't among the policies.
 */
export interface CoupledRow
  extends Middles,
    Pick<CoupledRun, 'coupling' | 'policy'>,
    Within<'costMs' | 'costVsBest' | 'latencyMs'>,
    Within<'costVsLookAhead', number | null> {
  readonly seeds: number;
  /** Plain mean of the costs; the worst seeds dominate it. */
  readonly costMsMean: number;
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
  const toLookAhead = ratiosTo(lookAhead);
  const notCompared = { costVsLookAhead: null, costVsLookAheadLow: null, costVsLookAheadHigh: null };
  return {
    ...{ coupling, policy, seeds: own.length, costMsMean: mean(costsMs) },
    ...within('costMs', middleEstimate(costsMs)),
    ...within('costVsBest', middleEstimate(ratiosTo(reference))),
    ...(toLookAhead.length === 0 ? notCompared : within('costVsLookAhead', middleEstimate(toLookAhead))),
    ...within('latencyMs', middleEstimate(own.map(({ latencyMs }) => latencyMs))),
    ...(Object.fromEntries(middles.map((key) => [key, interquartileMean(own.map((run) => run[key]))])) as Middles),
  };
}

/** Ratios of costs to those of `best` and `look-ahead`: `allHysteresisOptimalVsBest`, `allHysteresisOptimalVsLookAheadLow`, ... */
export function summariseCoupled(rows: readonly CoupledRow[]): Record<string, number> {
  const others = rows.filter(({ policy }) => policy !== reference);
  const entries = others.flatMap((row) => {
    const name = camelCase(`${row.coupling} ${row.policy}`);
    const compared = row.policy === lookAhead || row.costVsLookAhead === null ? ['VsBest'] : ['VsBest', 'VsLookAhead'];
    const keys = compared.flatMap((to) => ['', 'Low', 'High'].map((end) => `${to}${end}`));
    return keys.map((key) => [`${name}${key}`, row[`cost${key}` as keyof CoupledRow]] as const);
  });
  return Object.fromEntries(entries) as Record<string, number>;
}

function camelCase(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}
