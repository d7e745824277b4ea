// The rows and the summary of "bench coupled", from its runs: interquartile means over paired seeds, and ratios of costs.

import { bootstrapInterval, type Interval } from '../../basics/bootstrap.ts';
import { interquartileMean, mean } from '../../basics/statistics.ts';
import type { CoupledRun } from './run.ts';

/** What others are held against: the optimum of each slot by itself. */
const reference = 'best';
/** Those that know as much are held against what looks ahead without learning, too. */
const lookAhead = 'look-ahead';

/** Interquartile means over the seeds, with 95 % intervals. */
export interface CoupledRow {
  readonly coupling: string;
  readonly policy: string;
  readonly seeds: number;
  readonly costMs: number;
  readonly costMsLow: number;
  readonly costMsHigh: number;
  /** Cost over that of `best` with the same seed. */
  readonly costVsBest: number;
  readonly costVsBestLow: number;
  readonly costVsBestHigh: number;
  /** Over that of `look-ahead`; null where that isn't among the policies. */
  readonly costVsLookAhead: number | null;
  readonly costVsLookAheadLow: number | null;
  readonly costVsLookAheadHigh: number | null;
  /** Plain mean of the costs, which the worst seeds make. */
  readonly costMsMean: number;
  readonly costMsP95: number;
  readonly latencyMs: number;
  readonly latencyMsLow: number;
  readonly latencyMsHigh: number;
  readonly energyJ: number;
  readonly queueMs: number;
  readonly handoversPer1000Tasks: number;
  readonly batteryOutShare: number;
  readonly decisionCpuMs: number;
}

export function rowOf(runs: readonly CoupledRun[], policy: string): CoupledRow {
  const own = runs.filter((run) => run.policy === policy);
  const [first] = own as [CoupledRun];
  const middle = (pick: (run: CoupledRun) => number): number => interquartileMean(own.map(pick));
  const interval = (values: readonly number[]): Interval =>
    bootstrapInterval(values.length, (at) => interquartileMean(at.map((index) => values[index] as number)));
  const ratiosTo = (other: string): number[] =>
    own.flatMap(({ seed, costMs }) => {
      const paired = runs.find((run) => run.policy === other && run.seed === seed);
      return paired === undefined ? [] : [costMs / paired.costMs];
    });
  const ratios = ratiosTo(reference);
  const toLookAhead = ratiosTo(lookAhead);
  const [costVsLookAheadLow, costVsLookAheadHigh] = toLookAhead.length === 0 ? [null, null] : interval(toLookAhead);
  const [costMsLow, costMsHigh] = interval(own.map(({ costMs }) => costMs));
  const [costVsBestLow, costVsBestHigh] = interval(ratios);
  const [latencyMsLow, latencyMsHigh] = interval(own.map(({ latencyMs }) => latencyMs));
  return {
    coupling: first.coupling,
    policy,
    seeds: own.length,
    costMs: middle(({ costMs }) => costMs),
    costMsLow,
    costMsHigh,
    costVsBest: interquartileMean(ratios),
    costVsBestLow,
    costVsBestHigh,
    costVsLookAhead: toLookAhead.length === 0 ? null : interquartileMean(toLookAhead),
    costVsLookAheadLow,
    costVsLookAheadHigh,
    costMsMean: mean(own.map(({ costMs }) => costMs)),
    costMsP95: middle(({ costMsP95 }) => costMsP95),
    latencyMs: middle(({ latencyMs }) => latencyMs),
    latencyMsLow,
    latencyMsHigh,
    energyJ: middle(({ energyJ }) => energyJ),
    queueMs: middle(({ queueMs }) => queueMs),
    handoversPer1000Tasks: middle(({ handoversPer1000Tasks }) => handoversPer1000Tasks),
    batteryOutShare: middle(({ batteryOutShare }) => batteryOutShare),
    decisionCpuMs: middle(({ decisionCpuMs }) => decisionCpuMs),
  };
}

/** Costs over those of `best` and `look-ahead`: `allHysteresisOptimalVsBest`, `allHysteresisOptimalVsLookAheadLow`, ... */
export function summariseCoupled(rows: readonly CoupledRow[]): Record<string, number> {
  const entries = rows.flatMap((row) => {
    const { coupling, policy } = row;
    const name = camelCase(`${coupling} ${policy}`);
    const toBest = [
      [`${name}VsBest`, row.costVsBest],
      [`${name}VsBestLow`, row.costVsBestLow],
      [`${name}VsBestHigh`, row.costVsBestHigh],
    ];
    const toLookAhead = [
      [`${name}VsLookAhead`, row.costVsLookAhead],
      [`${name}VsLookAheadLow`, row.costVsLookAheadLow],
      [`${name}VsLookAheadHigh`, row.costVsLookAheadHigh],
    ];
    return [
      ...(policy === reference ? [] : toBest),
      ...(policy === reference || policy === lookAhead || row.costVsLookAhead === null ? [] : toLookAhead),
    ];
  });
  return Object.fromEntries(entries) as Record<string, number>;
}

function camelCase(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}
