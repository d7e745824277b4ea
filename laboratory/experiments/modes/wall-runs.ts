// The runs of "bench modes --clock wall": which one comes next, which of them count, and the rows and the summary that they give. Pure, so
// an interrupted bench continues with the run that it would have made without the interruption.

import {
  acceptanceOf,
  addCounts,
  edgeComparisons,
  ratiosOf,
  type SessionCounts,
  standardError,
  tpotMs,
} from '../../../simulator/runner/session-metrics.ts';
import { mean, median } from '../../../src/core/basics/statistics.ts';
import { bytesOnLink } from '../../../src/core/protocol/wire/link-model.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';
import { sameText } from '../../readers/toy-reader.ts';
import {
  type BenchMode,
  isPlain,
  type ModeRow,
  type PlainMode,
  summariseModes,
  unmeasuredBytes,
  type Window,
  waysToRun,
  withoutGaps,
} from './metrics.ts';
import { chainBoundMs } from './predict-modes.ts';

/** A run: every prompt once, in one mode at one round trip. */
export interface PlannedRun {
  readonly mode: BenchMode;
  readonly roundTripMs: number;
  readonly repeat: number;
}

export interface PacedRun extends PlannedRun {
  /** Number of paced steps, and of paced steps that lasted longer than in the profile. */
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

export interface WallText extends SessionCounts {
  readonly prompt: string;
  /** The text equals that of the edge alone, id for id. */
  readonly isIdentical: boolean;
  readonly timeToFirstTokenMs: number;
  /** Null: nothing was compared. */
  readonly acceptance: number | null;
}

export interface WrittenText {
  readonly report: TurnReport;
  readonly commitTokenCounts: readonly number[];
}

const noAccount = { steps: 0, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 } as const;

/** @param reference the text of the edge alone */
export function measureText(
  prompt: string,
  { report, commitTokenCounts }: WrittenText,
  reference: readonly number[] | undefined,
  gamma: number,
): WallText {
  const { tokens, traffic, outcome } = report;
  const account = outcome.kind === 'ended' ? outcome.account : noAccount;
  const decodedTokens = tokens.length - (commitTokenCounts[0] ?? 0);
  const { sentBytes, receivedBytes, helloBytes, attachBytes, sentFrames, receivedFrames } = traffic;
  const payloadBytes = sentBytes + receivedBytes - helloBytes - attachBytes;
  // Headers of WebSocket, TCP and IPv4 for all frames except the opening and the greeting; each frame fits one segment.
  const headerBytes = (sentFrames - 1) * bytesOnLink('up', 0) + (receivedFrames - 1) * bytesOnLink('down', 0);
  const isEdgeAlone = account.edgeDraftRows > 0 && report.draftedTokens === 0;
  const ofEdge = acceptanceOf(edgeComparisons(commitTokenCounts, account.acceptedEdgeDraftRows, gamma));
  return {
    prompt,
    isIdentical: sameText(tokens, reference),
    timeToFirstTokenMs: report.timeToFirstTokenMs ?? 0,
    acceptance: isEdgeAlone ? ofEdge : (report.acceptance ?? null),
    tokens: tokens.length,
    decodeMs: (report.msPerToken ?? 0) * decodedTokens,
    decodedTokens,
    drafted: report.draftedTokens,
    edgeDrafted: account.edgeDraftRows,
    accepted: account.acceptedRows + account.acceptedEdgeDraftRows,
    steps: account.steps,
    rows: account.steps + account.draftRows + account.edgeDraftRows,
    payloadBytes,
    openingBytes: attachBytes,
    wireBytes: payloadBytes + headerBytes,
  };
}

export interface WallRun extends PacedRun, Pick<Window, 'gamma' | 'machine' | 'windowsInFlight'> {
  readonly texts: readonly WallText[];
}

export interface StepFigures {
  /** Times of steps of 1, 2, ... rows, up to the limit of rows in a step. */
  readonly stepMs: readonly number[];
  /** Time of a step of one row on the edge without a law; null: there is no such edge. */
  readonly nativeMs: number | null;
  /** The same of each edge of plain decoding. */
  readonly plainMs?: Partial<Record<PlainMode, number>>;
}

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

/** Lower bound for any mode, over the edge alone without a law. NaN: nothing to compare with. */
export function boundOverNative(steps: StepFigures | null, acceptance: number): number {
  if (steps === null || steps.nativeMs === null) return Number.NaN;
  return chainBoundMs(steps.stepMs, acceptance) / steps.nativeMs;
}

/** Texts without the law may differ; they are counted separately. */
function isLawful({ mode }: Pick<WallRun, 'mode'>): boolean {
  return !isPlain(mode);
}

export function tpotOf({ texts }: Pick<WallRun, 'texts'>): number {
  return tpotMs(addCounts(texts));
}

/** The way to run that the pilot found quickest, in a row with several of them. */
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
