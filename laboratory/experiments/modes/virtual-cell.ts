// One cell of "bench modes" in virtual time: a mode at one acceptance, round trip and step law, over seeds that all modes share.
// Modes with windows get their quickest draft length.

import { findTrace } from '../../../simulator/files/shipped-traces.ts';
import {
  acceptanceOf,
  addCounts,
  countSession,
  type ReplayedCounts,
  ratiosOf,
  tpotMs,
} from '../../../simulator/runner/session-metrics.ts';
import {
  runSession,
  runSourceSession,
  type SessionConditions,
  type SessionResult,
  type SessionSettings,
  type SessionSource,
} from '../../../simulator/virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../../simulator/virtual-time/trace-replay.ts';
import { defined } from '../../../src/core/basics/defined.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { modeOf } from '../../../src/core/protocol/wire/mode.ts';
import { quickest, searchDraftLengths } from '../best-draft-length.ts';
import { missShares } from './draft-tree.ts';
import {
  acceleratorWidthCost,
  type BenchMode,
  type ModeRow,
  type PlainMode,
  pricedWays,
  type RowPrice,
  roomFor,
  rowPrices,
  runsBesideTarget,
  type StepLaw,
  type TimedCell,
  takesRoundTrips,
  timedRow,
  unmeasuredBytes,
  type VirtualOnlyMode,
  type WayToRun,
  waysToRun,
} from './metrics.ts';

export interface VirtualCell extends TimedCell<Exclude<BenchMode, 'auto' | PlainMode> | VirtualOnlyMode> {
  /** As in {@link ModeRow}; in cells of `stream-hedged`. */
  readonly rowPrice?: RowPrice;
}

export interface VirtualSettings {
  readonly firstSeed: number;
  readonly seedCount: number;
  readonly tokens: number;
  /** Limit for modes without windows; the others get room for all windows that they may have in flight. */
  readonly maxAhead: number;
  readonly minChainConfidence: number;
  /** True: every gamma with every seed. False: a search. */
  readonly triesAllGammas: boolean;
  /** One of {@link draftKinds}, or the name or path of a trace. Default: all drafts are alike. */
  readonly drafts?: string;
}

/** The toy's drafts: all right with the same chance, or two classes of positions (35 % and 95 %) that their confidence separates. */
export const draftKinds = ['alike', 'classes'] as const;
/**
 * How often the toy's second, third, ... choice is right where its draft is wrong. `outrider trace show` counts 0.53 to 0.59 for the second
 * of the default pair; of the same answers, greedy and sampled, the later ones are right in 0.20 and 0.21, 0.08, 0.04.
 */
export const runnerUpAgreement: readonly number[] = [0.55, 0.2, 0.08, 0.04];

/** Time of a draft on the device; the edge's own draft is quicker. */
export const draftMs = 10;
export const edgeDraftMs = 5;
/** Draft and step times are uniform in their mean * (1 ± timeJitter). */
export const timeJitter = 0.2;
/** A GPU's rows are nearly free; a CPU's cost about as much as a step. */
export const freeRows: StepLaw = { fixedMs: 40, perRowMs: 0.4 };
export const expensiveRows: StepLaw = { fixedMs: 4, perRowMs: 36 };
export const longestWindow = 64;

/** A draft model that hedges begins the next window beside the step, so its best window is short. */
const longestHedgedWindow = 16;

const coarseGammas = [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, longestWindow];
const searchSeeds = 5;
const finalistCount = 3;

interface Run {
  readonly counts: ReplayedCounts;
  readonly timeToFirstTokenMs: number;
}

export function isTrace(drafts: string): boolean {
  return !draftKinds.some((kind) => kind === drafts);
}

const knownReplays = new Map<string, readonly TraceReplay[]>();

/** One for each session of the trace. */
export function replaysOf(name: string): readonly TraceReplay[] {
  const known = knownReplays.get(name);
  if (known !== undefined) return known;
  const { header, sessions } = findTrace(name);
  const replays = sessions.map((session) => new TraceReplay(header, session));
  knownReplays.set(name, replays);
  return replays;
}

export function recordedSource(replay: TraceReplay, tokens: number): SessionSource {
  return traceSource(replay, Math.min(tokens, replay.header.answerTokens));
}

/** Nothing but text crosses the network, so every token reaches the reader later by the same time, and no time between tokens changes. */
const atOnePlace: ReadonlySet<VirtualCell['mode']> = new Set(['ar', 'edge-sd', 'edge-psd', 'edge-ssd']);
const rowsAtOnePlace = new Map<string, ModeRow>();

export function measureCell(cell: VirtualCell, settings: VirtualSettings): ModeRow {
  const { mode, givenAcceptance, roundTripMs, step } = cell;
  if (!atOnePlace.has(mode)) return measureAnywhere(cell, settings);
  const key = JSON.stringify([mode, givenAcceptance, step, settings]);
  const near = rowsAtOnePlace.get(key) ?? measureAnywhere({ ...cell, roundTripMs: 0 }, settings);
  rowsAtOnePlace.set(key, near);
  // The prompt travels up, and the text down.
  return { ...near, roundTripMs, timeToFirstTokenMs: (near.timeToFirstTokenMs as number) + roundTripMs };
}

function measureAnywhere(cell: VirtualCell, settings: VirtualSettings): ModeRow {
  const ways = cell.rowPrice === undefined ? waysToRun(cell.mode) : pricedWays;
  const rows = ways.map((way) => measureWay(cell, way, settings));
  return quickest(rows, ({ msPerToken }) => msPerToken as number);
}

function measureWay(cell: VirtualCell, way: WayToRun, settings: VirtualSettings): ModeRow {
  const runsOf = runsByGamma(cell, way, settings);
  const meanTpotMs = (gamma: number, seedCount?: number): number =>
    mean(runsOf(gamma, seedCount).map(({ counts }) => tpotMs(counts)));
  if (!modeOf(way.machine).hasWindows) return rowOf(cell, way, null, runsOf(0));
  const longest = (way.edgeHedges ?? 0) > 0 ? longestHedgedWindow : longestWindow;
  const candidates = settings.triesAllGammas
    ? Array.from({ length: longest }, (_, index) => index + 1)
    : searchGammas((gamma) => meanTpotMs(gamma, Math.min(searchSeeds, settings.seedCount)), longest);
  const gamma = quickest(candidates, (candidate) => meanTpotMs(candidate));
  return rowOf(cell, way, gamma, runsOf(gamma));
}

/** Number of draft lengths left after the search; each of them then runs with every seed. */
export function searchGammas(tpotOf: (gamma: number) => number, longest: number = longestWindow): number[] {
  const coarse = coarseGammas.filter((gamma) => gamma <= longest);
  return searchDraftLengths(coarse, tpotOf, finalistCount);
}

/** Caches the runs: the same run is made once. */
function runsByGamma(cell: VirtualCell, way: WayToRun, settings: VirtualSettings) {
  const known = new Map<number, Run[]>();
  return (gamma: number, seedCount = settings.seedCount): readonly Run[] => {
    const runs = known.get(gamma) ?? [];
    known.set(gamma, runs);
    while (runs.length < seedCount) runs.push(runOnce(cell, way, settings, gamma, settings.firstSeed + runs.length));
    return runs.slice(0, seedCount);
  };
}

function runOnce(cell: VirtualCell, way: WayToRun, settings: VirtualSettings, gamma: number, seed: number): Run {
  const conditions = conditionsOf(cell, way, settings, gamma, seed);
  const sessions = sessionsOf(cell, conditions, settings, seed);
  const firstTokenMs = mean(sessions.map(({ emissions }) => emissions[0]?.atMs ?? Number.NaN));
  const counts = addCounts(sessions.map((session) => countSession(session)));
  return { counts, timeToFirstTokenMs: firstTokenMs };
}

/** One session with a toy; of a trace each seed plays its share of the sessions, so that all seeds play each once. */
function sessionsOf(
  { givenAcceptance }: VirtualCell,
  conditions: SessionConditions,
  { drafts = 'alike', tokens, firstSeed, seedCount }: VirtualSettings,
  seed: number,
): SessionResult[] {
  if (!isTrace(drafts)) {
    const toy = { acceptance: givenAcceptance ?? 0, answerTokens: tokens, hasClasses: drafts === 'classes' };
    return [runSession({ ...conditions, ...toy, ...runnerUpsOf(conditions) })];
  }
  const own = replaysOf(drafts).filter((_, index) => index % seedCount === seed - firstSeed);
  return own.map((replay) => runSourceSession(conditions, recordedSource(replay, tokens)));
}

/** All that drafts on the edge has the later choices of the trees there. */
function runnerUpsOf({ hedges = 0, edgeDraft }: SessionConditions): Pick<SessionSettings, 'runnerUpAgreement'> {
  if (hedges > 0) return { runnerUpAgreement };
  return (edgeDraft?.hedges ?? 0) > 0 ? { runnerUpAgreement: missShares } : {};
}

function conditionsOf(
  { mode, roundTripMs, step, rowPrice }: VirtualCell,
  way: WayToRun,
  settings: VirtualSettings,
  gamma: number,
  seed: number,
): SessionConditions {
  const isBesideTarget = runsBesideTarget(mode);
  const inRounds = takesRoundTrips(mode);
  const ahead = modeOf(way.machine).hasWindows ? roomFor({ ...way, gamma }, settings.maxAhead) : settings.maxAhead;
  const { thresholds, minHedgeChance } = way;
  return {
    mode: way.machine,
    seed,
    roundTripMs: inRounds ? 0 : roundTripMs,
    draftMs: isBesideTarget ? edgeDraftMs : draftMs,
    // A verification takes the round trip as well, in which the device drafts as an edge does beside its steps.
    step: inRounds ? { ...step, fixedMs: step.fixedMs + roundTripMs } : step,
    limits: { maxRows: ahead + 1, usefulRows: ahead + 1 },
    edgeDraft: {
      tokenCount: gamma,
      tokenMs: inRounds ? draftMs : edgeDraftMs,
      hedges: way.edgeHedges ?? 0,
      widthCost: acceleratorWidthCost,
    },
    hedges: way.hedges ?? 0,
    ...defined({ widthCost: isBesideTarget ? acceleratorWidthCost : rowPrice && rowPrices[rowPrice].widthCost }),
    ...(thresholds === undefined ? {} : { minDraftConfidence: thresholds.token }),
    turn: {
      maxAhead: ahead,
      minChainConfidence: thresholds?.chain ?? settings.minChainConfidence,
      windowsInFlight: way.windowsInFlight,
      ...defined({ minHedgeChance }),
      ...(gamma === 0 ? {} : { draftLength: gamma }),
    },
  };
}

function rowOf(cell: VirtualCell, way: WayToRun, gamma: number | null, runs: readonly Run[]): ModeRow {
  const tpotsMs = runs.map(({ counts }) => tpotMs(counts));
  const counts = addCounts(runs.map((run) => run.counts));
  return {
    ...timedRow(cell, tpotsMs),
    ...defined({ rowPrice: cell.rowPrice }),
    bestGamma: gamma,
    timeToFirstTokenMs: mean(runs.map(({ timeToFirstTokenMs }) => timeToFirstTokenMs)),
    acceptance: acceptanceOf(counts),
    ...ratiosOf(counts),
    ...unmeasuredBytes(cell.mode),
    ...(waysToRun(cell.mode).length > 1 ? bestOf(way) : {}),
  };
}

function bestOf(way: WayToRun): Partial<ModeRow> {
  const { machine, windowsInFlight, edgeHedges, hedges = edgeHedges, thresholds: bestThresholds } = way;
  if (hedges !== undefined) return { bestMachine: machine, bestHedges: hedges };
  return { bestMachine: machine, bestWindows: windowsInFlight, ...defined({ bestThresholds }) };
}
