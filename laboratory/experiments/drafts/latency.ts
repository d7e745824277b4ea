// Time per token with a draft, from its trace: every mode in virtual time, with its best draft length. It knows no models and no files.

import { acceptanceOf, addCounts, countSession, tpotMs } from '../../../simulator/runner/session-metrics.ts';
import { runSourceSession, type SessionConditions } from '../../../simulator/virtual-time/run-session.ts';
import { type TraceReplay, traceSource } from '../../../simulator/virtual-time/trace-replay.ts';
import { edgeLookUpTokens, type LookUpPlace, looksUpOnDevice } from '../../../src/cli/options/look-up-place.ts';
import { modeOf } from '../../../src/core/protocol/wire/mode.ts';
import type { LatencyProfile } from '../../../src/models/port/profiles.ts';
import { descendDraftLengths } from '../best-draft-length.ts';

export interface LatencyCase {
  readonly mode: 'ar' | 'stream' | 'sd' | 'psd';
  readonly roundTripMs: number;
  readonly profile: LatencyProfile;
  readonly lookUp: LookUpPlace;
  /** Time of one draft on the device. */
  readonly draftMs: number;
}

export interface LatencyResult {
  /** From each answer's first commit to its last, over the tokens after the first commit. */
  readonly msPerToken: number;
  /** matches / (matches + first mismatches), all answers together; null in `ar`. */
  readonly acceptance: number | null;
  readonly draftsPerToken: number;
  readonly rowsPerToken: number;
  /** Draft length (gamma); 0: the mode has no window. */
  readonly window: number;
}

const windows = [1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 23, 31];
/** Index at which the search for the best draft length begins. */
const firstWindow = 2;
/** The search for the draft length uses one answer of so many. */
const searchStride = 4;
const seed = 20_261_124;

/** @param replays the same ones for all cases, because they cache their lookups */
export function playCase(replays: readonly TraceReplay[], given: LatencyCase): LatencyResult {
  if (!modeOf(given.mode).hasWindows) return playAll(replays, given, 0);
  const few = replays.filter((_, index) => index % searchStride === 0);
  const window = descendDraftLengths(windows, firstWindow, (one) => playAll(few, given, one).msPerToken);
  return playAll(replays, given, window);
}

function playAll(replays: readonly TraceReplay[], given: LatencyCase, window: number): LatencyResult {
  const sum = addCounts(
    replays.map((replay, index) =>
      countSession(runSourceSession(conditionsOf(given, window, seed + index), traceSource(replay))),
    ),
  );
  return {
    msPerToken: tpotMs(sum),
    acceptance: acceptanceOf(sum),
    draftsPerToken: sum.drafted / sum.tokens,
    rowsPerToken: sum.rows / sum.tokens,
    window,
  };
}

function conditionsOf(given: LatencyCase, window: number, seed: number): SessionConditions {
  const { mode, roundTripMs, profile, lookUp, draftMs } = given;
  return {
    mode,
    seed,
    roundTripMs,
    draftMs,
    step: { fixedMs: profile.stepMs, perRowMs: profile.rowMs },
    cutsChains: true,
    deviceLooksUp: looksUpOnDevice(lookUp),
    lookUpTokens: edgeLookUpTokens(lookUp),
    ...(window === 0 ? {} : { turn: { draftLength: window, maxAhead: Math.max(24, 4 * window) } }),
  };
}
