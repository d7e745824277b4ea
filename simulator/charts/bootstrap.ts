// Bootstrap intervals (Efron 1979): runs are resampled with replacement, and the statistic is computed each time. Runs that belong
// together (one seed, several policies) are drawn together, so differences stay paired.

import { createRandom } from '../../src/core/basics/philox.ts';
import { interquartileMean, mean, quantile } from '../../src/core/basics/statistics.ts';

/** Both ends. */
export type Interval = readonly [low: number, high: number];

const redrawCount = 2000;
const stream = 0x41e00000;

/**
 * The middle 95 % of each component of a statistic.
 * @param runCount runs 0 .. runCount - 1; one run gives an interval without width
 * @param statistic of the runs in `pick`, in which a run may occur several times; returns the same count of numbers each time
 */
export function bootstrapIntervals(
  runCount: number,
  statistic: (pick: readonly number[]) => readonly number[],
): Interval[] {
  const random = createRandom(1, stream);
  const draws = Array.from({ length: redrawCount }, () => {
    return statistic(Array.from({ length: runCount }, () => random.integer(runCount)));
  });
  return (draws[0] ?? []).map((_, component) => {
    return middleOf(draws.map((draw) => draw[component] as number));
  });
}

/** Draws without a value do not count; where they are more than a tenth, there is no interval. */
function middleOf(draws: readonly number[]): Interval {
  const values = draws.filter((value) => !Number.isNaN(value));
  if (values.length < 0.9 * draws.length) return [Number.NaN, Number.NaN];
  return [quantile(values, 0.025), quantile(values, 0.975)];
}

/** A number, and its 95 %. */
export interface Estimate {
  readonly value: number;
  readonly interval: Interval;
}

/** Each component of a statistic of all runs, with its interval. */
export function estimates(runCount: number, statistic: (pick: readonly number[]) => readonly number[]): Estimate[] {
  const intervals = bootstrapIntervals(runCount, statistic);
  const values = statistic(Array.from({ length: runCount }, (_, run) => run));
  return values.map((value, component) => ({ value, interval: intervals[component] as Interval }));
}

/** One number of all runs, with its interval. */
export function estimate(runCount: number, statistic: (pick: readonly number[]) => number): Estimate {
  return estimates(runCount, (pick) => [statistic(pick)])[0] as Estimate;
}

/** The ratio of two means over the same runs, which are drawn as pairs. */
export function ratioOfMeans(above: readonly number[], below: readonly number[]): Estimate {
  const meanOf = (values: readonly number[], pick: readonly number[]): number =>
    mean(pick.map((run) => values[run] ?? Number.NaN));
  return estimate(above.length, (pick) => meanOf(above, pick) / meanOf(below, pick));
}

/** The interquartile mean of a value of each run. */
export function middleEstimate(values: readonly number[]): Estimate {
  return estimate(values.length, (pick) => interquartileMean(pick.map((run) => values[run] as number)));
}

/** An estimate as columns of a row: the value by its name, and the ends of its interval. */
export type Within<Name extends string, Value = number> = {
  readonly [Key in Name | `${Name}Low` | `${Name}High`]: Value;
};

export function within<Name extends string>(name: Name, { value, interval: [low, high] }: Estimate): Within<Name> {
  return { [name]: value, [`${name}Low`]: low, [`${name}High`]: high } as Within<Name>;
}

/**
 * The estimate of a statistic over a table of runs, in which each row (a training seed) met each column (a world): rows and columns are
 * drawn with replacement apart from each other (the two-way bootstrap; Owen 2007, "The pigeonhole bootstrap"). So the interval holds for
 * new training seeds and new worlds, and is too wide rather than too narrow.
 * @param statistic of the drawn rows and columns, in which each may occur several times
 */
export function crossedEstimate(
  rowCount: number,
  columnCount: number,
  statistic: (rows: readonly number[], columns: readonly number[]) => number,
): Estimate {
  const random = createRandom(1, stream + 1);
  const pick = (count: number): number[] => Array.from({ length: count }, () => random.integer(count));
  const all = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
  const values = Array.from({ length: redrawCount }, () => statistic(pick(rowCount), pick(columnCount)));
  return {
    value: statistic(all(rowCount), all(columnCount)),
    interval: middleOf(values),
  };
}
