// The time of an engine step. The engine's shape law splits a step into calls; under a law that pads calls, the time is a staircase
// over rows. The time of one call is learnt from measurements (step-curve.ts).

import { invariant } from '../basics/invariant.ts';
import { engineRows, freeLaw, isAllowedCall, isFree, layOutCalls, type ShapeLaw } from '../decoding/shape-law.ts';
import { curveMs, fitCurve, observeCall, type StepCurve, type StepTimeSample, straightCurve } from './step-curve.ts';

export type { StepTimeSample } from './step-curve.ts';

/** Opaque to callers; read it with {@link stepMs} and {@link batchMs}. */
export interface StepTimeModel {
  readonly law: ShapeLaw;
  /** The law is free, so a batch costs the sum of its rows, whatever their number and their sessions. */
  readonly goesByRows: boolean;
  /** Time by the rows of a call, padding included. */
  readonly calls: StepCurve;
}

/** A new measurement counts a tenth: a machine that warms up is followed within about twenty steps. */
const defaultForgetting = 0.1;

/** From steps of one item, by its rows; under a law that pads, of one call each. Needs at least one sample. */
export function fitStepTime(samples: readonly StepTimeSample[], law: ShapeLaw = freeLaw): StepTimeModel {
  if (isFree(law)) return modelOf(law, fitCurve(samples));
  const padded = samples.map(({ rows, ms }) => ({ rows: engineRows(law, rows), ms }));
  for (const { rows } of padded)
    invariant(isAllowedCall(law, rows), `a measured step of ${rows} rows is no single call`);
  return modelOf(law, fitCurve(padded));
}

/** A call takes `fixedMs` + `perRowMs` for each row, padding included. */
export function linearStepTime(fixedMs: number, perRowMs: number, law: ShapeLaw = freeLaw): StepTimeModel {
  return modelOf(law, straightCurve(fixedMs, perRowMs, engineRows(law, 1)));
}

/** Expected milliseconds of a step whose only item has `rows` rows. It never falls as rows are added. */
export function stepMs({ law, goesByRows, calls }: StepTimeModel, rows: number): number {
  if (goesByRows || rows <= 0) return curveMs(calls, rows);
  const full = Math.floor(rows / law.most);
  const rest = engineRows(law, rows - full * law.most);
  return full * curveMs(calls, law.most) + curveMs(calls, rest);
}

/** Expected milliseconds of a step over several items, by the rows of each. */
export function batchMs(model: StepTimeModel, itemRows: readonly number[]): number {
  if (model.goesByRows) return curveMs(model.calls, sum(itemRows));
  return sum(callRows(model, itemRows).map((rows) => curveMs(model.calls, rows)));
}

/** The same for a growing step: first `itemCount` items of one row each, then after each further row; `grown` names the item of that row. */
export function growingBatchMs(model: StepTimeModel, itemCount: number, grown: readonly number[]): number[] {
  const { law, calls } = model;
  const rowsOf: number[] = [];
  const rowsIn: number[] = [itemCount * engineRows(law, 1)];
  let ms = law.merges ? curveMs(calls, itemCount * engineRows(law, 1)) : itemCount * stepMs(model, 1);
  const times = [ms];
  for (const item of grown) {
    const rows = rowsOf[item] ?? 1;
    if (law.merges) {
      const call = Math.floor(rows / law.most);
      const before = rowsIn[call] ?? 0;
      const after = before + engineRows(law, rows + 1) - engineRows(law, rows);
      ms += curveMs(calls, after) - curveMs(calls, before);
      rowsIn[call] = after;
    } else ms += stepMs(model, rows + 1) - stepMs(model, rows);
    rowsOf[item] = rows + 1;
    times.push(ms);
  }
  return times;
}

/** Adds one measured step of a single item; `forgetting` is its weight against all earlier ones, in (0, 1]. */
export function observeStep(model: StepTimeModel, rows: number, ms: number, forgetting?: number): StepTimeModel {
  invariant(rows >= 1, () => `a step of ${rows} rows in ${ms} ms`);
  return observeBatch(model, [rows], ms, forgetting);
}

/**
 * Adds one measured step over several items. Only its total time is known. If it had several calls, each gets its expected part of
 * the time: the model then follows an engine that becomes slower or faster, and single-call steps alone decide the ratios between
 * call sizes. Without such steps, an edge that always serves several sessions in calls of their own would never learn. Calls of one
 * size count once, as one step is one measurement.
 */
export function observeBatch(
  model: StepTimeModel,
  itemRows: readonly number[],
  ms: number,
  forgetting: number = defaultForgetting,
): StepTimeModel {
  const rows = callRows(model, itemRows);
  const expectedMs = rows.map((count) => curveMs(model.calls, count));
  const wholeMs = sum(expectedMs);
  const partMs = new Map(
    rows.map((count, call) => {
      if (rows.length === 1) return [count, ms];
      return [count, wholeMs > 0 ? (ms * (expectedMs[call] as number)) / wholeMs : ms / rows.length];
    }),
  );
  let { calls } = model;
  for (const [count, part] of partMs) calls = observeCall(calls, count, part, forgetting);
  return { ...model, calls };
}

function modelOf(law: ShapeLaw, calls: StepCurve): StepTimeModel {
  return { law, goesByRows: isFree(law), calls };
}

/** Rows of each call of a step. A long item of an engine under the free law counts as one call, as it was measured. */
function callRows({ law, goesByRows }: StepTimeModel, itemRows: readonly number[]): readonly number[] {
  if (goesByRows) return [sum(itemRows)];
  return layOutCalls(law, itemRows).map((parts) => sum(parts.map(({ count, padding }) => count + padding)));
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (let index = 0; index < values.length; index += 1) total += values[index] as number;
  return total;
}
