// The rows and the summary of "bench drafts", from traces and costs alone: every mode in virtual time, with its best draft length. It opens
// no models and no files.

import { acceptanceOf, addCounts, countSession, tpotMs } from '../../../simulator/runner/session-metrics.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { runSourceSession } from '../../../simulator/virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../../simulator/virtual-time/trace-replay.ts';
import { edgeLookUpTokens, type LookUpPlace, looksUpOnDevice } from '../../../src/cli/options/look-up-place.ts';
import { modeOf } from '../../../src/core/protocol/wire/mode.ts';
import type { Result } from '../../../src/files/document.ts';
import { defaultEdgeProfile, findProfile, type LatencyProfile } from '../../../src/models/port/profiles.ts';
import { descendDraftLengths } from '../best-draft-length.ts';

export interface LatencyCase {
  readonly mode: 'ar' | 'stream' | 'sd' | 'psd';
  readonly roundTripMs: number;
  readonly profile: LatencyProfile;
  readonly lookUp: LookUpPlace;
  /** Time of one draft on the device. */
  readonly draftMs: number;
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
  const { mode, roundTripMs, profile, lookUp, draftMs } = given;
  const conditions = {
    mode,
    roundTripMs,
    draftMs,
    step: { fixedMs: profile.stepMs, perRowMs: profile.rowMs },
    cutsChains: true,
    deviceLooksUp: looksUpOnDevice(lookUp),
    lookUpTokens: edgeLookUpTokens(lookUp),
    ...(window === 0 ? {} : { turn: { draftLength: window, maxAhead: Math.max(24, 4 * window) } }),
  };
  const counts = replays.map((replay, index) =>
    countSession(runSourceSession({ ...conditions, seed: seed + index }, traceSource(replay))),
  );
  const sum = addCounts(counts);
  return {
    msPerToken: tpotMs(sum),
    acceptance: acceptanceOf(sum),
    draftsPerToken: sum.drafted / sum.tokens,
    rowsPerToken: sum.rows / sum.tokens,
    window,
  };
}

/** Properties of a draft before any session. */
export interface Draft {
  readonly draft: string;
  readonly layers: number;
  readonly fileMB: number;
  readonly acceptanceGreedy: number;
  /** Null: no trace above temperature 0 was given. */
  readonly acceptanceSampled: number | null;
  readonly costRatio: number;
  readonly greedy: Trace;
}

/** The part of a row that follows from traces and cost; the rest are properties of the draft. */
export interface LatencyRow extends Pick<LatencyCase, 'roundTripMs' | 'mode' | 'lookUp'> {
  /** Task of the prompts; "all": every task. */
  readonly task: string;
  readonly sessions: number;
  readonly profile: string;
  /** From each answer's first commit to its last, over the tokens after the first commit. */
  readonly msPerToken: number;
  /** matches / (matches + first mismatches), all answers together; null in `ar`. */
  readonly acceptance: number | null;
  readonly draftsPerToken: number;
  readonly rowsPerToken: number;
  /** Draft length (gamma); 0: the mode has no window. */
  readonly window: number;
  /** Ratio of msPerToken to the edge alone with the same profile, network and texts. */
  readonly overAr: number;
}

type LatencyResult = Omit<LatencyRow, keyof LatencyCase | 'task' | 'sessions' | 'overAr'>;

export type DraftRow = Omit<Draft, 'greedy'> & LatencyRow;

export interface RowsSettings {
  readonly roundTripsMs: readonly number[];
  /** Time of a step of a model as large as the target on the device; a draft takes its cost ratio of it. */
  readonly deviceStepMs: number;
}

const otherProfiles: readonly LatencyProfile[] = ['reference', 'edge-8b-rtx4090'].map(findProfile);
/** The network of the table of tasks. */
const taskRoundTripMs = 10;

type Played = Pick<Draft, 'greedy' | 'costRatio'>;

export function frontRows({ greedy, costRatio }: Played, { roundTripsMs, deviceStepMs }: RowsSettings): LatencyRow[] {
  const replays = greedy.sessions.map((session) => new TraceReplay(greedy.header, session));
  const profiles = [defaultEdgeProfile, ...otherProfiles];
  return profiles.flatMap((profile) =>
    roundTripsMs.flatMap((roundTripMs) => {
      const shared = { roundTripMs, profile, draftMs: costRatio * deviceStepMs };
      return rowsOf('all', replays, shared, ['none', 'both'], ['ar', 'stream', 'sd', 'psd']);
    }),
  );
}

/** Lookup alone and together with the draft, on each kind of task. */
export function taskRows({ greedy, costRatio }: Played, { deviceStepMs }: RowsSettings): LatencyRow[] {
  const { header, sessions } = greedy;
  const tasks = [...new Set(sessions.map(({ task }) => task))];
  const shared = { roundTripMs: taskRoundTripMs, profile: defaultEdgeProfile, draftMs: costRatio * deviceStepMs };
  return tasks.flatMap((task) => {
    const own = sessions.filter((session) => session.task === task);
    const replays = own.map((session) => new TraceReplay(header, session));
    return rowsOf(task, replays, shared, ['none', 'device', 'edge', 'both'], ['stream']);
  });
}

function rowsOf(
  task: string,
  replays: readonly TraceReplay[],
  shared: Omit<LatencyCase, 'mode' | 'lookUp'>,
  lookUps: readonly LookUpPlace[],
  modes: readonly LatencyCase['mode'][],
): LatencyRow[] {
  // The edge alone drafts nothing, so lookup does not matter to it.
  const alone = playCase(replays, { ...shared, mode: 'ar', lookUp: 'none' });
  return lookUps.flatMap((lookUp) =>
    modes.map((mode) => {
      const found = mode === 'ar' ? alone : playCase(replays, { ...shared, mode, lookUp });
      return {
        task,
        sessions: replays.length,
        profile: shared.profile.name,
        roundTripMs: shared.roundTripMs,
        mode,
        lookUp,
        ...found,
        overAr: found.msPerToken / alone.msPerToken,
      };
    }),
  );
}

/** The rows for the comparison of drafts: mode `stream` with its default settings, all prompts. */
export function isInFront({ task, profile, mode, lookUp }: DraftRow): boolean {
  return task === 'all' && profile === defaultEdgeProfile.name && mode === 'stream' && lookUp === 'both';
}

/** `shipped` names the draft of the summary: the default draft, or the first. */
export function summariseDrafts(own: Draft, rows: readonly DraftRow[]): Result['summary'] {
  const { greedy, draft, ...known } = own;
  const front = rows.filter((row) => row.draft === draft && isInFront(row));
  const at = (roundTripMs: number): number =>
    front.find((row) => row.roundTripMs === roundTripMs)?.overAr ?? Number.NaN;
  const ratios = [10, 60].filter((ms) => !Number.isNaN(at(ms))).map((ms) => [`streamOverArRtt${ms}`, at(ms)] as const);
  return { shipped: draft, ...known, ...Object.fromEntries(ratios), prompts: greedy.sessions.length };
}
