// One cell of "bench modes" in virtual time: a mode at one acceptance, round trip and step law, over seeds that all modes share;
// modes with windows at the window that is quickest there.

import { mean } from '../../basics/statistics.ts';
import type { ModeName } from '../../protocol/mode.ts';
import { runSession, type SessionResult } from '../../virtual-time/run-session.ts';
import { acceptanceOf, type ModeRow, ownComparisons, standardError, windowedModes } from './metrics.ts';

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
  /** Of modes without windows; the others get room for all that they may have under way. */
  readonly maxAhead: number;
  readonly minChainConfidence: number;
  /** Every gamma with every seed; else a search. */
  readonly triesAllGammas: boolean;
}

/** On the device; the edge's own draft is quicker. */
export const draftMs = 10;
export const edgeDraftMs = 5;
export const longestWindow = 64;

const coarseGammas = [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, longestWindow];
const searchSeeds = 5;
const finalistCount = 3;

interface Run {
  readonly session: SessionResult;
  readonly msPerToken: number;
}

export function measureCell(cell: VirtualCell, settings: VirtualSettings): ModeRow {
  const runs = new RunsByGamma(cell, settings);
  if (!windowedModes.has(cell.mode)) return rowOf(cell, null, runs.of(0, settings.seedCount));
  const candidates = settings.triesAllGammas
    ? Array.from({ length: longestWindow }, (_, index) => index + 1)
    : searchGammas((gamma) => runs.paceOf(gamma, Math.min(searchSeeds, settings.seedCount)));
  const gamma = quickest(candidates, (candidate) => runs.paceOf(candidate, settings.seedCount));
  return rowOf(cell, gamma, runs.of(gamma, settings.seedCount));
}

/** The few windows that are left after a coarse search and a finer one around its best; all of them are then run with every seed. */
export function searchGammas(paceOf: (gamma: number) => number): number[] {
  const tried = new Map(coarseGammas.map((gamma) => [gamma, paceOf(gamma)]));
  for (;;) {
    const sorted = [...tried.keys()].toSorted((one, other) => one - other);
    const best = sorted.indexOf(quickest(sorted, (gamma) => tried.get(gamma) as number));
    const gaps = sorted.slice(Math.max(0, best - 1), best + 2);
    const middles = gaps.slice(1).map((gamma, index) => Math.floor((gamma + (gaps[index] as number)) / 2));
    const fresh = middles.filter((gamma) => !tried.has(gamma));
    if (fresh.length === 0) break;
    for (const gamma of fresh) tried.set(gamma, paceOf(gamma));
  }
  const byPace = [...tried].toSorted(([, one], [, other]) => one - other);
  return byPace.slice(0, finalistCount).map(([gamma]) => gamma);
}

function quickest(gammas: readonly number[], paceOf: (gamma: number) => number): number {
  return gammas.reduce((best, gamma) => (paceOf(gamma) < paceOf(best) ? gamma : best));
}

/** A run with a seed is made once, however often it is asked for. */
class RunsByGamma {
  readonly #cell: VirtualCell;
  readonly #settings: VirtualSettings;
  readonly #runs = new Map<number, Run[]>();

  constructor(cell: VirtualCell, settings: VirtualSettings) {
    this.#cell = cell;
    this.#settings = settings;
  }

  of(gamma: number, seedCount: number): readonly Run[] {
    const runs = this.#runs.get(gamma) ?? [];
    this.#runs.set(gamma, runs);
    while (runs.length < seedCount) {
      runs.push(runOnce(this.#cell, this.#settings, gamma, this.#settings.firstSeed + runs.length));
    }
    return runs.slice(0, seedCount);
  }

  paceOf(gamma: number, seedCount: number): number {
    return mean(this.of(gamma, seedCount).map(({ msPerToken }) => msPerToken));
  }
}

function runOnce(cell: VirtualCell, settings: VirtualSettings, gamma: number, seed: number): Run {
  const { mode, givenAcceptance: acceptance, roundTripMs, step } = cell;
  // Two windows may wait for their verdicts while a third is drafted.
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
  const { emissions, answerTokens } = session;
  const [first, last] = [emissions[0], emissions.at(-1)];
  if (first === undefined || last === undefined) return { session, msPerToken: Number.NaN };
  return { session, msPerToken: (last.atMs - first.atMs) / (answerTokens - first.tokenCount) };
}

function rowOf(cell: VirtualCell, gamma: number | null, runs: readonly Run[]): ModeRow {
  const { mode, givenAcceptance, roundTripMs, step } = cell;
  const paces = runs.map(({ msPerToken }) => msPerToken);
  return {
    mode,
    givenAcceptance,
    roundTripMs,
    stepFixedMs: step.fixedMs,
    stepPerRowMs: step.perRowMs,
    runs: runs.length,
    bestGamma: gamma,
    msPerToken: mean(paces),
    msPerTokenStandardError: standardError(paces),
    timeToFirstTokenMs: mean(runs.map(({ session }) => session.emissions[0]?.atMs ?? Number.NaN)),
    ...countsOf(
      runs.map(({ session }) => session),
      gamma ?? 0,
    ),
  };
}

function countsOf(sessions: readonly SessionResult[], gamma: number) {
  const sum = (pick: (session: SessionResult) => number): number =>
    sessions.reduce((total, session) => total + pick(session), 0);
  const tokens = sum(({ answerTokens }) => answerTokens);
  const own = sessions.map(({ emissions, account }) =>
    ownComparisons(
      emissions.map(({ tokenCount }) => tokenCount),
      account.acceptedEdgeDraftRows,
      gamma,
    ),
  );
  const ownSum = (key: 'matched' | 'mismatched'): number => own.reduce((total, one) => total + one[key], 0);
  // Where both draft, the device's comparisons tell of its draft; the edge's own are not told apart.
  const isOwn = sum(({ drafts }) => drafts.drafted) === 0;
  const compared = isOwn
    ? { matched: ownSum('matched'), mismatched: ownSum('mismatched') }
    : { matched: sum(({ drafts }) => drafts.matched), mismatched: sum(({ drafts }) => drafts.mismatched) };
  const bytes = (key: 'payloadBytes' | 'wireBytes'): number =>
    sum(({ up, down, opening, greeting }) => up[key] + down[key] - opening[key] - greeting[key]);
  const openingBytes = sum(({ opening }) => opening.payloadBytes);
  return {
    acceptance: acceptanceOf(compared),
    draftsPerToken: sum(({ drafts, account }) => drafts.drafted + account.edgeDraftRows) / tokens,
    acceptedPerStep:
      sum(({ account }) => account.acceptedRows + account.acceptedEdgeDraftRows) / sum(({ account }) => account.steps),
    rowsPerToken: sum(({ rows }) => rows) / tokens,
    payloadBytesPerToken: bytes('payloadBytes') / tokens,
    payloadBytesPerTokenWithOpening: (bytes('payloadBytes') + openingBytes) / tokens,
    wireBytesPerToken: bytes('wireBytes') / tokens,
  };
}
