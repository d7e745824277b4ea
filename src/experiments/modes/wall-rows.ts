// The rows and the summary of "bench modes --clock wall", from the runs that were made. Pure.

import { mean, median } from '../../basics/statistics.ts';
import { windowTokens } from '../../scheduling/predict-latency.ts';
import { type BenchMode, type ModeRow, standardError, summariseModes, withoutGaps } from './metrics.ts';
import { isVoid, type PacedRun } from './wall-plan.ts';
import type { StepFigures } from './wall-record.ts';
import type { WallRun, WallText } from './wall-run.ts';

export interface WallRow extends ModeRow {
  /** Compared with what the edge writes alone, void runs included, and those that are equal. */
  readonly texts: number;
  readonly identical: number;
  readonly voidRuns: number;
  /** Of the runs that count. */
  readonly pacedOverrunShare: number;
}

type Law = Pick<ModeRow, 'mode' | 'roundTripMs' | 'stepFixedMs' | 'stepPerRowMs'>;

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
  const acceptances = rows.filter(({ mode }) => mode === 'stream').map(({ acceptance }) => acceptance);
  return {
    ...summariseModes(rows),
    ...withoutGaps({
      acceptance: mean(acceptances.filter((value) => value !== null)),
      boundOverArNative: boundOverNative(steps, mean(acceptances.filter((value) => value !== null))),
    }),
    texts: texts.length,
    identical: texts.filter(({ isIdentical }) => isIdentical).length,
    ...(native.length === 0
      ? {}
      : { nativeTexts: native.length, nativeIdentical: native.filter(({ isIdentical }) => isIdentical).length }),
    voidRuns: runs.filter(isVoid).length,
    pacedOverrunShare: overrunShare(runs.filter((run) => !isVoid(run))),
  };
}

/**
 * What no mode that verifies chains on this edge can get below: drafts cost nothing and are always there, and every step has the
 * best number of rows. NaN: nothing to compare with.
 */
export function boundOverNative(steps: StepFigures | null, acceptance: number): number {
  if (steps === null || steps.nativeMs === null) return Number.NaN;
  const msPerToken = steps.stepMs.map((ms, index) => ms / windowTokens(acceptance, index));
  return Math.min(...msPerToken) / steps.nativeMs;
}

/** Texts without the law may be others; they are counted apart. */
function isLawful({ mode }: Pick<WallRun, 'mode'>): boolean {
  return mode !== 'ar-native';
}

/** Time over tokens of all its texts: a run has one pace. */
export function paceOf({ texts }: Pick<WallRun, 'texts'>): number {
  return sumOf(texts, ({ decodeMs }) => decodeMs) / sumOf(texts, ({ decodedTokens }) => decodedTokens);
}

function rowOf(law: Law, made: readonly WallRun[]): WallRow {
  const counted = made.filter((run) => !isVoid(run));
  const paces = counted.map(paceOf);
  const gamma = made[0]?.gamma ?? 0;
  return {
    ...law,
    givenAcceptance: null,
    runs: counted.length,
    bestGamma: gamma === 0 ? null : gamma,
    msPerToken: paces.length === 0 ? null : median(paces),
    msPerTokenStandardError: standardError(paces),
    ...measuresOf(counted.flatMap(({ texts }) => texts)),
    texts: sumOf(made, ({ texts }) => texts.length),
    identical: sumOf(made, ({ texts }) => texts.filter(({ isIdentical }) => isIdentical).length),
    voidRuns: made.length - counted.length,
    pacedOverrunShare: overrunShare(counted),
  };
}

function measuresOf(texts: readonly WallText[]) {
  const tokens = sumOf(texts, (text) => text.tokens);
  const steps = sumOf(texts, (text) => text.steps);
  const edgeDraftRows = sumOf(texts, (text) => text.edgeDraftRows);
  const payload = sumOf(texts, ({ payloadBytes }) => payloadBytes);
  const acceptances = texts.map(({ acceptance }) => acceptance).filter((value) => value !== null);
  return {
    timeToFirstTokenMs: texts.length === 0 ? null : median(texts.map((text) => text.timeToFirstTokenMs)),
    acceptance: acceptances.length === 0 ? null : mean(acceptances),
    draftsPerToken: per(sumOf(texts, ({ drafted }) => drafted) + edgeDraftRows, tokens),
    acceptedPerStep: per(
      sumOf(texts, ({ accepted }) => accepted),
      steps,
    ),
    rowsPerToken: per(steps + sumOf(texts, ({ draftRows }) => draftRows) + edgeDraftRows, tokens),
    payloadBytesPerToken: per(payload, tokens),
    payloadBytesPerTokenWithOpening: per(payload + sumOf(texts, ({ openingBytes }) => openingBytes), tokens),
    wireBytesPerToken: per(payload + sumOf(texts, ({ headerBytes }) => headerBytes), tokens),
  };
}

function sumOf<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}

function per(value: number, count: number): number | null {
  return count === 0 ? null : value / count;
}

function overrunShare(runs: readonly PacedRun[]): number {
  const steps = sumOf(runs, ({ pacedSteps }) => pacedSteps);
  return steps === 0 ? 0 : sumOf(runs, ({ overranSteps }) => overranSteps) / steps;
}
