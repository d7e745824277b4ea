// The results of "bench modes" with both clocks: one row for each mode in each cell, and the ratios in the project's goals.
// Definitions: docs/research/benchmarks.md.

import { type Ratios, standardError } from '../../../simulator/runner/session-metrics.ts';
import { processorWidthCost, type WidthCost } from '../../../simulator/virtual-time/device.ts';
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

/** Windows that end where a confidence is too low, several in flight (PipeSD). On drafts that are all alike they are `psd-windows`. */
export const pipesdName = 'pipesd';

/**
 * Rows of virtual time alone that run on the machines of the modes: `mix` on an edge whose own draft model hedges, and rivals of 2026.
 * `edge-ssd` drafts for the outcomes of a verification while it runs, on an accelerator of its own beside the target (SpecBranch, Saguaro):
 * also `edge-sd` on an edge whose draft model hedges. `device-ssd` does so on a device that waits for each answer of the edge.
 */
export const virtualOnlyNames = ['mix-hedged', 'edge-ssd', 'device-ssd', 'pipesd'] as const;
export type VirtualOnlyMode = (typeof virtualOnlyNames)[number];

/** On a loaded edge: `mix` whose edge drafts with the emulated head of the rival `edge-head`. */
export const mixHeadName = 'mix-head';
export type RowMode = BenchMode | VirtualOnlyMode | EmulatedRival | typeof mixHeadName;

export function isVirtualOnly(mode: RowMode): mode is VirtualOnlyMode {
  return virtualOnlyNames.some((name) => name === mode);
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
  /** What a further row adds to a pass of the device's draft model; left out: the usual price. */
  readonly rowPrice?: RowPrice;
  /** The thresholds with which `pipesd` is quickest; left out: none. */
  readonly bestThresholds?: WindowThresholds;
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
]);
export const edgeWindowedModes: ReadonlySet<RowMode> = new Set(
  modeNames.filter((mode) => modeOf(mode).hasEdgeDraftLength),
);

/** Acceptance of most goals, and the round trips of their means. */
export const goalAcceptance = 0.8;
export const goalRoundTripsMs: readonly number[] = [0, 10, 30, 60];

/** Rows of one session at the acceptance of the goals, or of a real draft, with the step law of the first row and the usual price of a row. */
export function rowsAtGoal(rows: readonly ModeRow[]): ModeRow[] {
  return rows.filter(({ givenAcceptance, stepPerRowMs, sessions, rowPrice }) => {
    const isAtGoal = givenAcceptance === null || givenAcceptance === goalAcceptance;
    const isUsual = sessions === undefined && rowPrice === undefined;
    return isAtGoal && isUsual && stepPerRowMs === rows[0]?.stepPerRowMs;
  });
}

/** Ratios of means, for the goals; a ratio without all of its cells is left out. */
export function summariseModes(rows: readonly ModeRow[]): Record<string, number> {
  const atGoal = rows.filter(({ givenAcceptance }) => givenAcceptance === null || givenAcceptance === goalAcceptance);
  const over = (rival: TpotMs, roundTripsMs: readonly number[], mode: RowMode = 'stream'): number =>
    mean(roundTripsMs.map((roundTripMs) => tpotOf(atGoal, mode, roundTripMs) / rival(roundTripMs)));
  const of = (mode: RowMode) => (roundTripMs: number) => tpotOf(atGoal, mode, roundTripMs);
  const psdModes: readonly RowMode[] = ['psd', 'psd-lockstep', 'psd-windows'];
  const isPipelined = atGoal.some(({ mode }) => mode === pipesdName);
  const rivals: readonly RowMode[] = isPipelined ? [...psdModes, pipesdName] : psdModes;
  const bestPsd = (roundTripMs: number): number => Math.min(...rivals.map((mode) => of(mode)(roundTripMs)));
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
    streamOverEdgeSsdMean: over(of('edge-ssd'), goalRoundTripsMs),
    streamOverDeviceSsdMean: over(of('device-ssd'), goalRoundTripsMs),
    streamHedgedOverArRtt10: over(of('ar'), [10], hedgedName),
    streamHedgedOverPsdMean: over(bestPsd, goalRoundTripsMs, hedgedName),
    streamHedgedOverPlainMean: over(of('stream'), goalRoundTripsMs, hedgedName),
    streamHedgedOverPlainWorst: worstOver(rows, hedgedName, 'stream'),
    mixOverArRtt10: over(of('ar'), [10], 'mix'),
    mixOverPsdMean: over(bestPsd, goalRoundTripsMs, 'mix'),
    mixOverEdgeSdMean: over(of('edge-sd'), goalRoundTripsMs, 'mix'),
    mixOverEdgeSdWorst: worstOver(rows, 'mix', 'edge-sd'),
    mixHedgedOverPlainMean: over(of('mix'), goalRoundTripsMs, 'mix-hedged'),
    mixHedgedOverPlainWorst: worstOver(rows, 'mix-hedged', 'mix'),
    payloadBytesPerToken: payload('payloadBytesPerToken'),
    payloadBytesPerTokenWithOpening: payload('payloadBytesPerTokenWithOpening'),
  });
}

/**
 * What a further row adds to a pass of a draft model on an accelerator, as a share of a draft: assumed, near what others have measured. On
 * an Apple M3 Ultra a pass of a model of 1.0 B weights in bf16 takes 5.94 ms for one text and 5.96 ms for four of 512 tokens, 0.001 a row,
 * and 6.22 and 6.87 ms at 2,048 tokens, 0.035 a row (github.com/Blaizzy/mlx-vlm/pull/2153).
 */
export const acceleratorWidthCost = 0.02;

/** Prices of a further row of the device's draft model, as shares of a draft; `processor`: as measured on a processor core. */
export type RowPrice = '0.02' | '0.1' | '0.75' | 'processor';
export const rowPrices: Readonly<Record<RowPrice, { readonly widthCost: WidthCost; readonly key: string }>> = {
  '0.02': { widthCost: acceleratorWidthCost, key: 'Row002' },
  '0.1': { widthCost: 0.1, key: 'Row01' },
  '0.75': { widthCost: 0.75, key: 'Row075' },
  processor: { widthCost: processorWidthCost, key: 'RowProcessor' },
};
/** That of drafts for outcomes. */
const acceleratorPrice: RowPrice = '0.02';

/**
 * Time per token of `stream` with hedges at acceptance 0.8 by the price of a row: over that of the edge alone at 10 ms; and, at the price that
 * drafts for outcomes have, over theirs, means of the ratios at 0, 10, 30 and 60 ms. NaN: a row is missing.
 */
export function pricedRatios(rows: readonly ModeRow[]): Record<string, number> {
  const atGoal = rows.filter((row) => row.givenAcceptance === goalAcceptance && row.sessions === undefined);
  const usual = rowsAtGoal(atGoal);
  const own = (price: RowPrice, roundTripMs: number): number =>
    tpotOf(
      atGoal.filter(({ rowPrice }) => rowPrice === price),
      hedgedName,
      roundTripMs,
    );
  const over = (rival: RowMode, price: RowPrice, roundTripsMs: readonly number[]): number =>
    mean(roundTripsMs.map((roundTripMs) => own(price, roundTripMs) / tpotOf(usual, rival, roundTripMs)));
  const prices = Object.keys(rowPrices) as RowPrice[];
  const overAlone = prices.map((price) => [rowPrices[price].key, over('ar', price, [10])] as const);
  return {
    ...Object.fromEntries(overAlone.map(([key, ratio]) => [`streamHedgedOverArRtt10${key}`, ratio])),
    streamHedgedOverEdgeSsdMeanRow002: over('edge-ssd', acceleratorPrice, goalRoundTripsMs),
    streamHedgedOverDeviceSsdMeanRow002: over('device-ssd', acceleratorPrice, goalRoundTripsMs),
  };
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

/** Where a window ends before it has its length: the device then asks for its verdict and drafts no more until the text has grown. */
export interface WindowThresholds {
  /** Below this product of the confidences of all drafts beyond the text. */
  readonly chain: number;
  /** Below this confidence of the last draft. */
  readonly token: number;
}

export interface WayToRun {
  readonly machine: ModeName;
  /** Windows that may wait for their verdicts, in mode `psd`. */
  readonly windowsInFlight: number;
  /** Hedges beside a draft of the device, and of the edge; default: none. */
  readonly hedges?: number;
  readonly edgeHedges?: number;
  /** The chance from which on the device extends an alternative. Default: it judges what one is worth. */
  readonly minHedgeChance?: number;
  /** Default: none. */
  readonly thresholds?: WindowThresholds;
}

/** The first one is that of real models, where each hedge needs a sequence of the draft. */
const hedgeCounts = [1, 3];
/** Where the row has a price of its own; more than 8 are refused by `--hedges`. */
const pricedHedgeCounts = [1, 3, 8];
/** Alternatives of an edge's draft model, on an accelerator where a row costs {@link acceleratorWidthCost}. */
const edgeHedgeCounts = [3, 24];
/** Alternatives of a drafter that works beside the target and is never waited for, with the chance from which on it extends one. */
const outcomes: Pick<WayToRun, 'hedges' | 'minHedgeChance'> = { hedges: 16, minHedgeChance: 0.01 };
const windowCounts = [1, 2, 4, 8];
const thresholds: readonly WindowThresholds[] = [
  { chain: 0.2, token: 0 },
  { chain: 0.5, token: 0 },
  { chain: 0, token: 0.5 },
  { chain: 0.2, token: 0.5 },
];
const alone: readonly WayToRun[] = [{ machine: 'ar', windowsInFlight: 1 }];
const severalWindows: readonly WayToRun[] = windowCounts.slice(1).map(windowsOf);
const hedgingEdge = (machine: ModeName, counts: readonly number[]): readonly WayToRun[] =>
  counts.map((edgeHedges) => ({ machine, windowsInFlight: 1, edgeHedges }));

function windowsOf(windowsInFlight: number): WayToRun {
  return { machine: 'psd', windowsInFlight };
}

/** The rows that are no mode of the protocol. `auto` and plain decoding run as `ar` until a turn changes the mode. */
const ownWays: Readonly<Record<Exclude<BenchMode | VirtualOnlyMode, ModeName>, readonly WayToRun[]>> = {
  auto: alone,
  'ar-native': alone,
  'ar-llama': alone,
  'ar-native-cores': alone,
  'ar-llama-cores': alone,
  'psd-windows': severalWindows,
  'edge-psd': [windowsOf(1), { machine: 'psd-lockstep', windowsInFlight: 1 }, ...severalWindows],
  'stream-hedged': hedgeCounts.map((hedges) => ({ machine: 'stream', windowsInFlight: 1, hedges })),
  'mix-hedged': hedgingEdge('mix', edgeHedgeCounts),
  // In rounds, with drafts that the target waits for after an outcome that was not foreseen; and without any waiting.
  'edge-ssd': [...hedgingEdge('edge-sd', edgeHedgeCounts), { machine: 'stream', windowsInFlight: 1, ...outcomes }],
  'device-ssd': hedgingEdge('edge-sd', [24]),
  pipesd: windowCounts.flatMap((count) => [
    windowsOf(count),
    ...thresholds.map((one): WayToRun => ({ ...windowsOf(count), thresholds: one })),
  ]),
};

/** The ways among which a row takes the quickest. */
export function waysToRun(mode: BenchMode | VirtualOnlyMode): readonly WayToRun[] {
  return mode in ownWays ? ownWays[mode as keyof typeof ownWays] : [{ machine: mode as ModeName, windowsInFlight: 1 }];
}

/** The ways of `stream-hedged` at a price of a further row that is not the usual one. */
export const pricedWays: readonly WayToRun[] = pricedHedgeCounts.map((count) => ({
  machine: 'stream',
  windowsInFlight: 1,
  hedges: count,
}));

/** Whether a drafter must give second choices for this row. */
export function needsSecondChoices(mode: BenchMode | VirtualOnlyMode): boolean {
  return waysToRun(mode).some(({ hedges: own = 0, edgeHedges = 0 }) => own + edgeHedges > 0);
}

/** Draft and target run beside each other on the edge, with no network between them; only committed text crosses the network. */
export function runsBesideTarget(mode: RowMode): boolean {
  return mode === 'edge-psd' || mode === 'edge-ssd';
}

/** The device drafts, and each of its rounds is a step and a round trip. */
export function takesRoundTrips(mode: RowMode): boolean {
  return mode === 'device-ssd';
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

/** The frames between draft and target, if they run beside each other or in rounds, are not those of the reader's link. */
export function unmeasuredBytes(mode: RowMode): object {
  return runsBesideTarget(mode) || takesRoundTrips(mode) ? noBytes : {};
}
