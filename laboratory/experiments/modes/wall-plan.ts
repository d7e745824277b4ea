// Which run of "bench modes --clock wall" comes next, from the runs so far, and which of them count. It is pure, so an interrupted bench
// continues with the run that it would have made without the interruption.

import type { BenchMode } from './metrics.ts';

/** A run: every prompt once, in one mode at one round trip. */
export interface PlannedRun {
  readonly mode: BenchMode;
  readonly roundTripMs: number;
  /** Index of the repeat, from 0. */
  readonly repeat: number;
}

/** The pacing of a finished run. */
export interface PacedRun extends PlannedRun {
  /** Number of paced steps, and of paced steps that lasted longer than the profile says. */
  readonly pacedSteps: number;
  readonly overranSteps: number;
}

export interface PlanSettings {
  readonly modes: readonly BenchMode[];
  readonly roundTripsMs: readonly number[];
  /** Runs of each mode and round trip; a run writes every prompt once. */
  readonly repeats: number;
}

/** A run with a larger share of steps over the profile is void. */
export const overrunLimit = 0.01;
export interface TryLimits {
  readonly perRun: number;
  /** Repeated runs may be no more than this share of the planned ones. */
  readonly repeatShare: number;
}

/** Keeps the bench short on a machine that is too busy to keep to the profile. */
const usualLimits: TryLimits = { perRun: 3, repeatShare: 1 / 3 };

/** @param perRun tries of each planned run, however many there are in all; null: as usual */
export function tryLimits(perRun: number | null): TryLimits {
  return perRun === null ? usualLimits : { perRun, repeatShare: perRun };
}

export function isVoid({ pacedSteps, overranSteps }: Pick<PacedRun, 'pacedSteps' | 'overranSteps'>): boolean {
  return pacedSteps > 0 && overranSteps / pacedSteps > overrunLimit;
}

/** A whole repeat of all cells comes before the next; modes take turns, and no mode always has the same one before it. */
export function planRuns({ modes, roundTripsMs, repeats }: PlanSettings): PlannedRun[] {
  return Array.from({ length: repeats }, (_, repeat) => {
    const start = repeat % modes.length;
    const turned = [...modes.slice(start), ...modes.slice(0, start)];
    return roundTripsMs.flatMap((roundTripMs) => turned.map((mode) => ({ mode, roundTripMs, repeat })));
  }).flat();
}

/** Undefined: no run is left. A void run is repeated at once. */
export function nextRun(
  plan: readonly PlannedRun[],
  made: readonly PacedRun[],
  limits: TryLimits = usualLimits,
): PlannedRun | undefined {
  const byRun = Map.groupBy(made, keyOf);
  const mayRepeat = made.length - byRun.size < Math.ceil(plan.length * limits.repeatShare);
  return plan.find((planned) => {
    const tries = byRun.get(keyOf(planned)) ?? [];
    if (tries.length === 0) return true;
    return mayRepeat && tries.length < limits.perRun && tries.every(isVoid);
  });
}

/** Key of a run in the record; it holds the number of the try, because void runs are repeated. */
export function keyOfTry(planned: PlannedRun, made: readonly PlannedRun[]): string {
  const key = keyOf(planned);
  return `run ${key} try ${made.filter((one) => keyOf(one) === key).length}`;
}

function keyOf({ mode, roundTripMs, repeat }: PlannedRun): string {
  return `${mode} ${roundTripMs} ${repeat}`;
}
