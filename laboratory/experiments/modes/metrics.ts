// The results of "bench modes" with both clocks: one row for each mode in each cell, and the ratios in the project's goals.
// Definitions: docs/research/benchmarks.md.

import { type Ratios, standardError } from '../../../simulator/runner/session-metrics.ts';
import type { SessionConditions } from '../../../simulator/virtual-time/run-session.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { limits } from '../../../src/core/protocol/wire/limits.ts';
import { type ModeName, modeNames, modeOf } from '../../../src/core/protocol/wire/mode.ts';

/** Rows of both clocks that are not one mode of the protocol: `psd` with several windows in flight, and psd beside the target. */
export const rivalNames = ['psd-windows', 'edge-psd'] as const;

/** `stream` with hedged drafts: the device continues the runner-up of an unsure draft beside it. */
export const hedgedName = 'stream-hedged';

/**
 * Plain decoding: the edge alone without a shape law. It evaluates each row by itself, and its texts may differ from those of the other
 * modes. `ar-native` is the engine of the bench, `ar-llama` llama.cpp beside another engine, both with as many threads as the edge of the
 * other modes; with `-cores` they have one for each core.
 */
export const plainNames = ['ar-native', 'ar-llama', 'ar-native-cores', 'ar-llama-cores'] as const;
export type PlainMode = (typeof plainNames)[number];

export function isPlain(mode: RowMode): mode is PlainMode {
  return plainNames.some((name) => name === mode);
}

/** The mode of a row. `auto` chooses a mode from measurements of earlier texts. */
export type BenchMode = ModeName | typeof hedgedName | (typeof rivalNames)[number] | 'auto' | PlainMode;

/**
 * Rivals that are emulated in virtual time (emulated-rivals.ts): a static draft tree on the edge, a draft head of EAGLE's cost and
 * acceptance there, and a draft tree of the device in turns with the edge, without and with drafting during the verification (SpecEdge).
 */
export const emulatedRivals = ['edge-tree', 'edge-head', 'device-tree', 'device-tree-proactive'] as const;
export type EmulatedRival = (typeof emulatedRivals)[number];

/** `edge-sd` and `mix` on an edge whose own draft model hedges; in virtual time, where an edge can be one of its own for each row. */
export const edgeHedgedNames = ['edge-sd-hedged', 'mix-hedged'] as const;
export type EdgeHedgedMode = (typeof edgeHedgedNames)[number];

/** On a loaded edge: `mix` whose edge drafts with the emulated head of the rival `edge-head`. */
export const mixHeadName = 'mix-head';
export type RowMode = BenchMode | EdgeHedgedMode | EmulatedRival | typeof mixHeadName;

export function isEdgeHedged(mode: RowMode): mode is EdgeHedgedMode {
  return edgeHedgedNames.some((name) => name === mode);
}

export function isEmulated(mode: RowMode): mode is EmulatedRival {
  return emulatedRivals.some((rival) => rival === mode);
}

export interface ModeRow extends Ratios {
  readonly mode: RowMode;
  /** The set chance that a draft of the toy is right; null: a real draft model. */
  readonly givenAcceptance: number | null;
  readonly roundTripMs: number;
  /** A step of n rows costs stepFixedMs + n * stepPerRowMs; null: the time that the engine takes on this machine. */
  readonly stepFixedMs: number | null;
  readonly stepPerRowMs: number | null;
  /** Number of runs behind the row: seeds, or wall-clock runs that are not void. */
  readonly runs: number;
  /** The quickest draft length for this cell; null: the mode has no window. */
  readonly bestGamma: number | null;
  /**
   * The quickest draft tree for this cell, of an emulated rival: its nodes, its levels, and whether it is drafted while the one before is
   * verified.
   */
  readonly bestTree?: { readonly nodes: number; readonly levels: number; readonly isProactive?: boolean };
  /** The mode whose machines are quickest, and its windows in flight; in a row with several {@link waysToRun}. */
  readonly bestMachine?: ModeName;
  readonly bestWindows?: number;
  /** Most alternatives beside a draft: the quickest number, on a loaded edge that of the price; 0: none. In hedged rows, and in `stream` on a loaded edge. */
  readonly bestHedges?: number;
  /** The share of a session's steps without a draft, on a loaded edge. */
  readonly stepsWithoutDrafts?: number;
  /** What an alternative adds to a pass of a device, as a share of a draft; in modes that hedge on a loaded edge. */
  readonly widthCost?: number;
  /** Sessions of the edge that write at the same time, each on a device of its own; left out: one. */
  readonly sessions?: number;
  /**
   * Time per output token: (time of the last commit - of the first) / (tokens - those of the first), on the device. Null: no run counts.
   */
  readonly msPerToken: number | null;
  readonly msPerTokenStandardError: number | null;
  readonly timeToFirstTokenMs: number | null;
  /** matches / (matches + first mismatches); null: nothing was compared. */
  readonly acceptance: number | null;
}

export type StepLaw = SessionConditions['step'];

export interface TimedCell<Mode extends RowMode = RowMode, Acceptance extends number | null = number | null> {
  readonly mode: Mode;
  /** Null: drafts come from a trace. */
  readonly givenAcceptance: Acceptance;
  readonly roundTripMs: number;
  readonly step: StepLaw;
}

/** What rows of all cells of virtual time begin with. @param tpotsMs time per output token of each run */
export function timedRow(
  { mode, givenAcceptance, roundTripMs, step }: TimedCell,
  tpotsMs: readonly number[],
): Pick<
  ModeRow,
  | ('mode' | 'givenAcceptance' | 'roundTripMs' | 'stepFixedMs' | 'stepPerRowMs')
  | ('runs' | 'msPerToken' | 'msPerTokenStandardError')
> {
  return {
    mode,
    givenAcceptance,
    roundTripMs,
    stepFixedMs: step.fixedMs,
    stepPerRowMs: step.perRowMs,
    runs: tpotsMs.length,
    msPerToken: mean(tpotsMs),
    msPerTokenStandardError: standardError(tpotsMs),
  };
}

/** Modes that draft in windows of gamma tokens; the windows of `edge-sd` are the edge's own. */
export const windowedModes: ReadonlySet<RowMode> = new Set([
  ...modeNames.filter((mode) => modeOf(mode).hasWindows),
  ...rivalNames,
  'edge-sd-hedged',
]);
export const edgeWindowedModes: ReadonlySet<RowMode> = new Set(
  modeNames.filter((mode) => modeOf(mode).hasEdgeDraftLength),
);

/** Acceptance of most goals, and the round trips of their means. */
export const goalAcceptance = 0.8;
export const goalRoundTripsMs: readonly number[] = [0, 10, 30, 60];

/** Rows of one session at the acceptance of the goals, or of a real draft, with the step law of the first row. */
export function rowsAtGoal(rows: readonly ModeRow[]): ModeRow[] {
  return rows.filter(({ givenAcceptance, stepPerRowMs, sessions }) => {
    const isAtGoal = givenAcceptance === null || givenAcceptance === goalAcceptance;
    return isAtGoal && stepPerRowMs === rows[0]?.stepPerRowMs && sessions === undefined;
  });
}

/** Ratios of means, for the goals; a ratio without all of its cells is left out. */
export function summariseModes(rows: readonly ModeRow[]): Record<string, number> {
  const atGoal = rows.filter(({ givenAcceptance }) => givenAcceptance === null || givenAcceptance === goalAcceptance);
  const over = (rival: TpotMs, roundTripsMs: readonly number[], mode: RowMode = 'stream'): number =>
    mean(roundTripsMs.map((roundTripMs) => tpotOf(atGoal, mode, roundTripMs) / rival(roundTripMs)));
  const of = (mode: RowMode) => (roundTripMs: number) => tpotOf(atGoal, mode, roundTripMs);
  const psdModes = ['psd', 'psd-lockstep', 'psd-windows'] as const;
  const bestPsd = (roundTripMs: number): number => Math.min(...psdModes.map((mode) => of(mode)(roundTripMs)));
  const streams = atGoal.filter(({ mode }) => mode === 'stream');
  const payload = (key: 'payloadBytesPerToken' | 'payloadBytesPerTokenWithOpening'): number =>
    mean(goalRoundTripsMs.map((ms) => streams.find((row) => row.roundTripMs === ms)?.[key] ?? Number.NaN));
  return withoutGaps({
    streamOverArWorst: worstOver(rows, 'stream', 'ar'),
    streamOverArRtt10: over(of('ar'), [10]),
    streamOverArNativeRtt10: over(of('ar-native'), [10]),
    mixOverArNativeRtt10: over(of('ar-native'), [10], 'mix'),
    arOverArNativeRtt10: over(of('ar-native'), [10], 'ar'),
    autoOverArNativeWorst: worstOver(rows, 'auto', 'ar-native'),
    streamOverPsdMean: over(bestPsd, goalRoundTripsMs),
    streamOverPsdOverlappedMean: over(of('psd'), goalRoundTripsMs),
    streamOverEdgeSdRtt10: over(of('edge-sd'), [10]),
    streamHedgedOverArRtt10: over(of('ar'), [10], hedgedName),
    streamHedgedOverPsdMean: over(bestPsd, goalRoundTripsMs, hedgedName),
    streamHedgedOverPlainMean: over(of('stream'), goalRoundTripsMs, hedgedName),
    streamHedgedOverPlainWorst: worstOver(rows, hedgedName, 'stream'),
    mixOverArRtt10: over(of('ar'), [10], 'mix'),
    mixOverPsdMean: over(bestPsd, goalRoundTripsMs, 'mix'),
    mixOverEdgeSdMean: over(of('edge-sd'), goalRoundTripsMs, 'mix'),
    mixOverEdgeSdWorst: worstOver(rows, 'mix', 'edge-sd'),
    edgeSdHedgedOverPlainMean: over(of('edge-sd'), goalRoundTripsMs, 'edge-sd-hedged'),
    edgeSdHedgedOverPlainWorst: worstOver(rows, 'edge-sd-hedged', 'edge-sd'),
    mixHedgedOverPlainMean: over(of('mix'), goalRoundTripsMs, 'mix-hedged'),
    mixHedgedOverPlainWorst: worstOver(rows, 'mix-hedged', 'mix'),
    payloadBytesPerToken: payload('payloadBytesPerToken'),
    payloadBytesPerTokenWithOpening: payload('payloadBytesPerTokenWithOpening'),
  });
}

/** The largest ratio of one mode to another over all cells that have both. NaN: there is none. */
export function worstOver(rows: readonly ModeRow[], mode: RowMode, rival: RowMode): number {
  const ratios = rows
    .filter((row) => row.mode === mode)
    .map((row) => {
      const alike = rows.filter(({ givenAcceptance }) => givenAcceptance === row.givenAcceptance);
      return (row.msPerToken ?? Number.NaN) / tpotOf(alike, rival, row.roundTripMs);
    });
  return ratios.length === 0 ? Number.NaN : Math.max(...ratios);
}

/** Time per output token at a round trip. */
type TpotMs = (roundTripMs: number) => number;

function tpotOf(rows: readonly ModeRow[], mode: RowMode, roundTripMs: number): number {
  return rows.find((row) => row.mode === mode && row.roundTripMs === roundTripMs)?.msPerToken ?? Number.NaN;
}

export function withoutGaps(summary: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(summary).filter(([, value]) => !Number.isNaN(value)));
}

export interface WayToRun {
  readonly machine: ModeName;
  /** Windows that may wait for their verdicts, in mode `psd`. */
  readonly windowsInFlight: number;
  /** Hedges beside a draft of the device, and of the edge; default: none. */
  readonly hedges?: number;
  readonly edgeHedges?: number;
}

const hedgeCounts = [1, 3];
const alone: readonly WayToRun[] = [{ machine: 'ar', windowsInFlight: 1 }];
const severalWindows: readonly WayToRun[] = [2, 4, 8].map((windowsInFlight) => ({ machine: 'psd', windowsInFlight }));

/** The rows that are no mode of the protocol. `auto` and plain decoding run as `ar` until a turn changes the mode. */
const ownWays: Readonly<Record<Exclude<BenchMode | EdgeHedgedMode, ModeName>, readonly WayToRun[]>> = {
  auto: alone,
  'ar-native': alone,
  'ar-llama': alone,
  'ar-native-cores': alone,
  'ar-llama-cores': alone,
  'psd-windows': severalWindows,
  'edge-psd': [
    { machine: 'psd', windowsInFlight: 1 },
    { machine: 'psd-lockstep', windowsInFlight: 1 },
    ...severalWindows,
  ],
  // The first one is that of real models, where each hedge needs a sequence of the draft.
  'stream-hedged': hedgeCounts.map((hedges) => ({ machine: 'stream', windowsInFlight: 1, hedges })),
  'edge-sd-hedged': hedgeCounts.map((edgeHedges) => ({ machine: 'edge-sd', windowsInFlight: 1, edgeHedges })),
  'mix-hedged': hedgeCounts.map((edgeHedges) => ({ machine: 'mix', windowsInFlight: 1, edgeHedges })),
};

/** The ways among which a row takes the quickest. */
export function waysToRun(mode: BenchMode | EdgeHedgedMode): readonly WayToRun[] {
  return mode in ownWays ? ownWays[mode as keyof typeof ownWays] : [{ machine: mode as ModeName, windowsInFlight: 1 }];
}

/** Draft and target run beside each other on the edge, with no network between them; only committed text crosses the network. */
export function runsBesideTarget(mode: RowMode): boolean {
  return mode === 'edge-psd';
}

/** A way to run, and its draft length; 0: the mode has no window. */
export interface Window extends WayToRun {
  readonly gamma: number;
}

/** For modes without windows, and for texts that do not count. */
export function plainWindow(mode: BenchMode, gamma = 0): Window {
  return { ...(waysToRun(mode)[0] as WayToRun), gamma };
}

/**
 * The limit of drafts beyond the text, so that only the mode's own limit applies. While all windows in flight wait for their verdicts,
 * another one may be drafted; `psd-lockstep` has two in flight.
 */
export function roomFor({ windowsInFlight, gamma }: Window, maxAhead: number): number {
  return Math.min(limits.maxAhead, Math.max(maxAhead, (windowsInFlight + 3) * gamma));
}

export const noBytes = {
  payloadBytesPerToken: null,
  payloadBytesPerTokenWithOpening: null,
  wireBytesPerToken: null,
} as const;

/** Drafts between two programs of one machine are no traffic, and the frames between them are not those of the reader's link. */
export function unmeasuredBytes(mode: RowMode): object {
  return runsBesideTarget(mode) ? noBytes : {};
}
