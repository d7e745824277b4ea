// The time of a call of n rows, learnt from measurements: a curve that never falls as rows are added. Context length is not
// modelled: the figures are those of the measured sessions. step-time.ts decides which rows form a call.

import { invariant } from '../basics/invariant.ts';
import { median } from '../basics/statistics.ts';

export interface StepTimeSample {
  readonly rows: number;
  readonly ms: number;
}

interface Point extends StepTimeSample {
  /** Number of measurements behind it; older ones count less. */
  readonly weight: number;
}

/** Opaque to callers; read it with {@link curveMs}. */
export interface StepCurve {
  /** Measured points by rows, ascending. */
  readonly measured: readonly Point[];
  /** The closest non-decreasing values, one for each measured point. */
  readonly fittedMs: readonly number[];
}

/** One step delayed by a busy machine counts as at most this many times its expected time. */
const surpriseLimit = 4;
/** Keeps the weight of an old point above 0, as a weighted mean needs. */
const leastWeight = 1e-6;
/** Row count at which a straight line is stored; beyond it the slope continues. */
const lineEndRows = 64;

/** Medians for each row count, then the closest non-decreasing curve. Needs at least one sample. */
export function fitCurve(samples: readonly StepTimeSample[]): StepCurve {
  invariant(samples.length > 0, 'no step was measured');
  const byRows = new Map<number, number[]>();
  for (const { rows, ms } of samples) {
    invariant(rows >= 1 && Number.isFinite(ms) && ms >= 0, `a step of ${rows} rows in ${ms} ms`);
    byRows.set(rows, [...(byRows.get(rows) ?? []), ms]);
  }
  const measured = [...byRows].map(([rows, times]) => ({ rows, ms: median(times), weight: times.length }));
  return withCurve(measured.sort((left, right) => left.rows - right.rows));
}

/** `fixedMs` + `perRowMs` for each row. @param leastRows the size of the smallest call */
export function straightCurve(fixedMs: number, perRowMs: number, leastRows: number): StepCurve {
  invariant(fixedMs >= 0 && perRowMs >= 0, `a step of ${fixedMs} + ${perRowMs} ms a row`);
  const at = (rows: number): Point => ({ rows, ms: fixedMs + perRowMs * rows, weight: 1 });
  return withCurve([at(leastRows), at(lineEndRows)]);
}

/**
 * Expected milliseconds of `rows`. Linear between measured counts, constant below the smallest, and with the last slope above the
 * largest. With a single measured count, time is in proportion to rows above it: the worst case.
 */
export function curveMs({ measured, fittedMs }: StepCurve, rows: number): number {
  if (rows <= 0) return 0;
  const last = measured.length - 1;
  let upper = 0;
  while (upper < last && (measured[upper]?.rows ?? 0) < rows) upper += 1;
  if (upper === 0 && (measured[0]?.rows ?? 0) >= rows) return fittedMs[0] ?? 0;
  const lower = upper - 1;
  const upperRows = measured[upper]?.rows ?? 1;
  const upperMs = fittedMs[upper] ?? 0;
  if (lower < 0) return (upperMs * rows) / upperRows;
  const slope = (upperMs - (fittedMs[lower] ?? 0)) / (upperRows - (measured[lower]?.rows ?? 0));
  return upperMs + slope * (rows - upperRows);
}

/** Adds one measurement; `forgetting` is its weight against all earlier ones, in (0, 1]. */
export function observeCall(curve: StepCurve, rows: number, ms: number, forgetting: number): StepCurve {
  invariant(rows >= 1 && Number.isFinite(ms) && ms >= 0, `a step of ${rows} rows in ${ms} ms`);
  const known = curve.measured.find((point) => point.rows === rows);
  // A new row count starts from the value of the curve.
  const point = known ?? { rows, ms: curveMs(curve, rows), weight: 0 };
  const plausibleMs = point.ms > 0 ? Math.min(ms, point.ms * surpriseLimit) : ms;
  const updated: Point = {
    rows,
    ms: point.ms + forgetting * (plausibleMs - point.ms),
    weight: (1 - forgetting) * point.weight + 1,
  };
  const others = curve.measured
    .filter((other) => other.rows !== rows)
    .map((other) => ({ ...other, weight: Math.max(leastWeight, (1 - forgetting) * other.weight) }));
  return withCurve([...others, updated].sort((left, right) => left.rows - right.rows));
}

interface Pool {
  ms: number;
  weight: number;
  pointCount: number;
}

/** Pool adjacent violators: neighbours in the wrong order share their weighted mean (Ayer et al. 1955). */
function withCurve(measured: readonly Point[]): StepCurve {
  const pools: Pool[] = [];
  for (const { ms, weight } of measured) {
    let pool: Pool = { ms, weight, pointCount: 1 };
    for (let before = pools.at(-1); before !== undefined && before.ms > pool.ms; before = pools.at(-1)) {
      const joined = before.weight + pool.weight;
      const mean = (before.ms * before.weight + pool.ms * pool.weight) / joined;
      pool = { ms: mean, weight: joined, pointCount: before.pointCount + pool.pointCount };
      pools.pop();
    }
    pools.push(pool);
  }
  return { measured, fittedMs: pools.flatMap((pool) => new Array<number>(pool.pointCount).fill(pool.ms)) };
}
