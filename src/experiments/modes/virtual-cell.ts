// One cell of "bench modes" in virtual time: a mode at one acceptance, round trip and step law, over seeds that all modes share.
// Modes with windows get their quickest draft length.

import { mean } from '../../basics/statistics.ts';
import { runSession } from '../../virtual-time/run-session.ts';
import { quickest, searchDraftLengths } from '../best-draft-length.ts';
import {
  acceptanceOf,
  addCounts,
  countSession,
  type ReplayedCounts,
  ratiosOf,
  standardError,
  tpotMs,
} from '../session-metrics.ts';
import { type BenchMode, type ModeRow, windowedModes } from './metrics.ts';
import { roomFor, runsBesideTarget, unmeasuredBytes, type WayToRun, waysToRun } from './rivals.ts';

export interface VirtualCell {
  readonly mode: Exclude<BenchMode, 'auto' | 'ar-native'>;
  readonly givenAcceptance: number;
  readonly roundTripMs: number;
  readonly step: { readonly fixedMs: number; readonly perRowMs: number };
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
}

/** Time of a draft on the device; the edge's own draft is quicker. */
export const draftMs = 10;
export const edgeDraftMs = 5;
export const longestWindow = 64;

const coarseGammas = [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, longestWindow];
const searchSeeds = 5;
const finalistCount = 3;

interface Run {
  readonly counts: ReplayedCounts;
  readonly timeToFirstTokenMs: number;
}

export function measureCell(cell: VirtualCell, settings: VirtualSettings): ModeRow {
  const rows = waysToRun(cell.mode).map((way) => measureWay(cell, way, settings));
  return quickest(rows, ({ msPerToken }) => msPerToken as number);
}

function measureWay(cell: VirtualCell, way: WayToRun, settings: VirtualSettings): ModeRow {
  const runsOf = runsByGamma(cell, way, settings);
  const meanTpotMs = (gamma: number, seedCount?: number): number =>
    mean(runsOf(gamma, seedCount).map(({ counts }) => tpotMs(counts)));
  if (!windowedModes.has(cell.mode)) return rowOf(cell, way, null, runsOf(0));
  const candidates = settings.triesAllGammas
    ? Array.from({ length: longestWindow }, (_, index) => index + 1)
    : searchGammas((gamma) => meanTpotMs(gamma, Math.min(searchSeeds, settings.seedCount)));
  const gamma = quickest(candidates, (candidate) => meanTpotMs(candidate));
  return rowOf(cell, way, gamma, runsOf(gamma));
}

/** Number of draft lengths left after the search; each of them then runs with every seed. */
export function searchGammas(tpotOf: (gamma: number) => number): number[] {
  return searchDraftLengths(coarseGammas, tpotOf, finalistCount);
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
  const { mode, givenAcceptance: acceptance, step } = cell;
  const isBesideTarget = runsBesideTarget(mode);
  const ahead = windowedModes.has(mode) ? roomFor({ ...way, gamma }, settings.maxAhead) : settings.maxAhead;
  const session = runSession({
    mode: way.machine,
    seed,
    roundTripMs: isBesideTarget ? 0 : cell.roundTripMs,
    acceptance,
    draftMs: isBesideTarget ? edgeDraftMs : draftMs,
    step,
    answerTokens: settings.tokens,
    limits: { maxRows: ahead + 1, usefulRows: ahead + 1 },
    edgeDraft: { tokenCount: gamma, tokenMs: edgeDraftMs },
    turn: {
      maxAhead: ahead,
      minChainConfidence: settings.minChainConfidence,
      windowsInFlight: way.windowsInFlight,
      ...(gamma === 0 ? {} : { draftLength: gamma }),
    },
  });
  // The reader is a round trip away: the prompt travels up and every token down. That adds the same time to all tokens.
  const readerMs = isBesideTarget ? cell.roundTripMs : 0;
  const firstTokenMs = session.emissions[0]?.atMs ?? Number.NaN;
  return { counts: countSession(session), timeToFirstTokenMs: firstTokenMs + readerMs };
}

function rowOf(cell: VirtualCell, way: WayToRun, gamma: number | null, runs: readonly Run[]): ModeRow {
  const { mode, givenAcceptance, roundTripMs, step } = cell;
  const tpotsMs = runs.map(({ counts }) => tpotMs(counts));
  const counts = addCounts(runs.map((run) => run.counts));
  return {
    mode,
    givenAcceptance,
    roundTripMs,
    stepFixedMs: step.fixedMs,
    stepPerRowMs: step.perRowMs,
    runs: runs.length,
    bestGamma: gamma,
    msPerToken: mean(tpotsMs),
    msPerTokenStandardError: standardError(tpotsMs),
    timeToFirstTokenMs: mean(runs.map(({ timeToFirstTokenMs }) => timeToFirstTokenMs)),
    acceptance: acceptanceOf(counts),
    ...ratiosOf(counts),
    ...unmeasuredBytes(mode),
    ...(waysToRun(mode).length > 1 ? { bestMachine: way.machine, bestWindows: way.windowsInFlight } : {}),
  };
}
