// How long a call of n rows takes, learnt from measurements: a curve that never falls as rows are added. Context length is not
// modelled: the figures are those of the sessions that were measured. Which rows make up a call is step-time.ts's matter.

import { invariant } from '../basics/invariant.ts';
import { median } from '../basics/statistics.ts';

export interface StepTimeSample {
  readonly rows: number;
  readonly ms: number;
}

interface Point extends StepTimeSample {
  /** How many measurements stand behind it, old ones counted less. */
  readonly weight: number;
}

/** Opaque to callers; read it with {@link curveMs}. */
export interface StepCurve {
  /** By rows, ascending, as measured. */
  readonly measured: readonly Point[];
  /** The closest non-decreasing values, one for each measured point. */
  readonly fittedMs: readonly number[];
}

/** One step that a busy machine held up counts as at most this many times its expected time. */
const surpriseLimit = 4;
/** Keeps a point that was not measured for long from losing all its weight, which a mean could not bear. */
const leastWeight = 1e-6;
/** Rows at which a straight line is stored; beyond them its slope goes on. */
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

/** `fixedMs` + `perRowMs` for each row. @param leastRows the smallest call that there is */
export function straightCurve(fixedMs: number, perRowMs: number, leastRows: number): StepCurve {
  invariant(fixedMs >= 0 && perRowMs >= 0, `a step of ${fixedMs} + ${perRowMs} ms a row`);
  const at = (rows: number): Point => ({ rows, ms: fixedMs + perRowMs * rows, weight: 1 });
  return withCurve([at(leastRows), at(lineEndRows)]);
}

/**
 * Expected milliseconds of `rows`. Linear between measured counts, flat below the smallest, and with the last slope above the
 * largest; with a single measured count more rows are taken to cost in proportion, the worst case.
 */
export function curveMs({ measured, fittedMs }: StepCurve, rows: number): number {
  if (rows <= 0) return 0;
  const above = measured.findIndex((point) => point.rows >= rows);
  if (above === 0) return fittedMs[0] ?? 0;
  const last = measured.length - 1;
  const upper = above === -1 ? last : above;
  const lower = upper - 1;
  const upperRows = measured[upper]?.rows ?? 1;
  const upperMs = fittedMs[upper] ?? 0;
  if (lower < 0) return (upperMs * rows) / upperRows;
  const slope = (upperMs - (fittedMs[lower] ?? 0)) / (upperRows - (measured[lower]?.rows ?? 0));
  return upperMs + slope * (rows - upperRows);
}

/** Folds in one measurement; `forgetting` is its weight against all earlier ones, in (0, 1]. */
export function observeCall(curve: StepCurve, rows: number, ms: number, forgetting: number): StepCurve {
  invariant(rows >= 1 && Number.isFinite(ms) && ms >= 0, `a step of ${rows} rows in ${ms} ms`);
  const known = curve.measured.find((point) => point.rows === rows);
  // A row count that was never measured starts from what its neighbours say.
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
