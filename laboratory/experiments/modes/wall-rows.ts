// The rows and the summary of "bench modes --clock wall", from its runs. Pure.

import { addCounts, ratiosOf, standardError, tpotMs } from '../../../simulator/runner/session-metrics.ts';
import { mean, median } from '../../../src/core/basics/statistics.ts';
import { windowTokens } from '../../../src/core/scheduling/predict-latency.ts';
import { type BenchMode, type ModeRow, summariseModes, withoutGaps } from './metrics.ts';
import { unmeasuredBytes, waysToRun } from './rivals.ts';
import type { StepFigures } from './wall-edges.ts';
import { isVoid, type PacedRun } from './wall-plan.ts';
import type { WallRun, WallText } from './wall-run.ts';

export interface WallRow extends ModeRow {
  /** Texts compared with those of the edge alone, void runs included, and the number of equal ones. */
  readonly texts: number;
  readonly identical: number;
  readonly voidRuns: number;
  /** Share in the runs that count. */
  readonly pacedOverrunShare: number;
}

type Law = { readonly mode: BenchMode } & Pick<ModeRow, 'roundTripMs' | 'stepFixedMs' | 'stepPerRowMs'>;

export function rowsOf(
  runs: readonly WallRun[],
  cells: readonly { readonly mode: BenchMode; readonly roundTripMs: number }[],
  step: Pick<ModeRow, 'stepFixedMs' | 'stepPerRowMs'>,
): WallRow[] {
  return cells.map(({ mode, roundTripMs }) => {
    const made = runs.filter((run) => run.mode === mode && run.roundTripMs === roundTripMs);
    return rowOf({ mode, roundTripMs, ...step }, made);
  });
}

export function summariseWall(
  rows: readonly WallRow[],
  runs: readonly WallRun[],
  steps: StepFigures | null = null,
): Record<string, number> {
  const texts = runs.filter(isLawful).flatMap((run) => run.texts);
  const native = runs.filter((run) => !isLawful(run)).flatMap((run) => run.texts);
  const streams = rows.filter(({ mode }) => mode === 'stream');
  const acceptance = mean(streams.map((row) => row.acceptance).filter((value) => value !== null));
  return {
    ...summariseModes(rows),
    ...withoutGaps({ acceptance, boundOverArNative: boundOverNative(steps, acceptance) }),
    ...identityOf(texts),
    ...(native.length === 0
      ? {}
      : { nativeTexts: native.length, nativeIdentical: native.filter(({ isIdentical }) => isIdentical).length }),
    voidRuns: runs.filter(isVoid).length,
    pacedOverrunShare: overrunShare(runs.filter((run) => !isVoid(run))),
  };
}

/**
 * Lower bound for any mode that verifies chains on this edge: drafts cost nothing and are always there, and every step has the
 * best number of rows. NaN: nothing to compare with.
 */
export function boundOverNative(steps: StepFigures | null, acceptance: number): number {
  if (steps === null || steps.nativeMs === null) return Number.NaN;
  const msPerToken = steps.stepMs.map((ms, index) => ms / windowTokens(acceptance, index));
  return Math.min(...msPerToken) / steps.nativeMs;
}

/** Texts without the law may differ; they are counted separately. */
function isLawful({ mode }: Pick<WallRun, 'mode'>): boolean {
  return mode !== 'ar-native';
}

/** Time per output token over all texts of the run, ms. */
export function tpotOf({ texts }: Pick<WallRun, 'texts'>): number {
  return tpotMs(addCounts(texts));
}

/** Of a row with several ways to run: the one that the pilot found quickest. */
function wayOf(mode: BenchMode, [first]: readonly WallRun[]): Pick<ModeRow, 'bestMachine' | 'bestWindows'> {
  if (first === undefined || waysToRun(mode).length === 1) return {};
  return { bestMachine: first.machine, bestWindows: first.windowsInFlight };
}

function rowOf(law: Law, made: readonly WallRun[]): WallRow {
  const counted = made.filter((run) => !isVoid(run));
  const tpotsMs = counted.map(tpotOf);
  const texts = counted.flatMap((run) => run.texts);
  const acceptances = texts.map(({ acceptance }) => acceptance).filter((value) => value !== null);
  const gamma = made[0]?.gamma ?? 0;
  return {
    ...law,
    givenAcceptance: null,
    runs: counted.length,
    bestGamma: gamma === 0 ? null : gamma,
    ...wayOf(law.mode, made),
    msPerToken: tpotsMs.length === 0 ? null : median(tpotsMs),
    msPerTokenStandardError: standardError(tpotsMs),
    timeToFirstTokenMs: texts.length === 0 ? null : median(texts.map((text) => text.timeToFirstTokenMs)),
    acceptance: acceptances.length === 0 ? null : mean(acceptances),
    ...ratiosOf(addCounts(texts)),
    ...unmeasuredBytes(law.mode),
    ...identityOf(made.flatMap((run) => run.texts)),
    voidRuns: made.length - counted.length,
    pacedOverrunShare: overrunShare(counted),
  };
}

function identityOf(texts: readonly WallText[]): { readonly texts: number; readonly identical: number } {
  return { texts: texts.length, identical: texts.filter(({ isIdentical }) => isIdentical).length };
}

function overrunShare(runs: readonly PacedRun[]): number {
  const sum = (key: 'pacedSteps' | 'overranSteps'): number => runs.reduce((total, run) => total + run[key], 0);
  return sum('pacedSteps') === 0 ? 0 : sum('overranSteps') / sum('pacedSteps');
}
