// One cell of "bench modes" in virtual time: a mode at one acceptance, round trip and step law, over seeds that all modes share.
// Modes with windows get their quickest draft length.

import { mean } from '../../basics/statistics.ts';
import type { ModeName } from '../../protocol/mode.ts';
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
import { type ModeRow, windowedModes } from './metrics.ts';

export interface VirtualCell {
  readonly mode: ModeName;
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
  const runsOf = runsByGamma(cell, settings);
  const meanTpotMs = (gamma: number, seedCount?: number): number =>
    mean(runsOf(gamma, seedCount).map(({ counts }) => tpotMs(counts)));
  if (!windowedModes.has(cell.mode)) return rowOf(cell, null, runsOf(0));
  const candidates = settings.triesAllGammas
    ? Array.from({ length: longestWindow }, (_, index) => index + 1)
    : searchGammas((gamma) => meanTpotMs(gamma, Math.min(searchSeeds, settings.seedCount)));
  const gamma = quickest(candidates, (candidate) => meanTpotMs(candidate));
  return rowOf(cell, gamma, runsOf(gamma));
}

/** Number of draft lengths left after the search; each of them then runs with every seed. */
export function searchGammas(tpotOf: (gamma: number) => number): number[] {
  return searchDraftLengths(coarseGammas, tpotOf, finalistCount);
}

/** Caches the runs: the same run is made once. */
function runsByGamma(cell: VirtualCell, settings: VirtualSettings) {
  const known = new Map<number, Run[]>();
  return (gamma: number, seedCount = settings.seedCount): readonly Run[] => {
    const runs = known.get(gamma) ?? [];
    known.set(gamma, runs);
    while (runs.length < seedCount) runs.push(runOnce(cell, settings, gamma, settings.firstSeed + runs.length));
    return runs.slice(0, seedCount);
  };
}

function runOnce(cell: VirtualCell, settings: VirtualSettings, gamma: number, seed: number): Run {
  const { mode, givenAcceptance: acceptance, roundTripMs, step } = cell;
  // While two windows wait for their verdicts, a third may be drafted.
  const ahead = windowedModes.has(mode) ? Math.max(settings.maxAhead, 4 * gamma) : settings.maxAhead;
  const session = runSession({
    mode,
    seed,
    roundTripMs,
    acceptance,
    draftMs,
    step,
    answerTokens: settings.tokens,
    limits: { maxRows: ahead + 1, usefulRows: ahead + 1 },
    edgeDraft: { tokenCount: gamma, tokenMs: edgeDraftMs },
    turn: {
      maxAhead: ahead,
      minChainConfidence: settings.minChainConfidence,
      ...(gamma === 0 ? {} : { draftLength: gamma }),
    },
  });
  return { counts: countSession(session, gamma), timeToFirstTokenMs: session.emissions[0]?.atMs ?? Number.NaN };
}

function rowOf(cell: VirtualCell, gamma: number | null, runs: readonly Run[]): ModeRow {
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
  };
}
