// The rows and the summary of "bench drafts", from traces and costs alone: virtual time, no model.

import { defaultEdgeProfile, findProfile, type LatencyProfile } from '../models/profiles.ts';
import type { Trace } from '../traces/trace.ts';
import { type PaceCase, paceOf, type TracedSessions, tracedSessions } from './bench-drafts-pace.ts';
import type { Result } from './document.ts';
import type { LookUpPlace } from './draft-flags.ts';

export interface DraftRow {
  readonly draft: string;
  readonly layers: number;
  readonly fileMB: number;
  readonly acceptanceGreedy: number;
  readonly acceptanceSampled: number;
  readonly costRatio: number;
  /** Of the prompts; "all": every one. */
  readonly task: string;
  readonly sessions: number;
  readonly profile: string;
  readonly roundTripMs: number;
  readonly mode: PaceCase['mode'];
  readonly window: number;
  readonly lookUp: LookUpPlace;
  readonly msPerToken: number;
  /** msPerToken over that of the edge alone, same profile, network and texts. */
  readonly overAr: number;
  /** matches / (matches + first mismatches) of this row's sessions, looked-up drafts included. */
  readonly acceptance: number | null;
  readonly draftsPerToken: number;
  readonly rowsPerToken: number;
}

/** What is known of a draft before it is put to work. */
export type Draft = Pick<
  DraftRow,
  'draft' | 'layers' | 'fileMB' | 'acceptanceGreedy' | 'acceptanceSampled' | 'costRatio'
> & { readonly greedy: Trace };

export interface RowsSettings {
  readonly roundTripsMs: readonly number[];
  /** What a step of a model as large as the target takes on the device; a draft takes its cost ratio of it. */
  readonly deviceStepMs: number;
}

const otherProfiles: readonly LatencyProfile[] = ['reference', 'edge-8b-rtx4090'].map(findProfile);
/** The network of the table of tasks. */
const taskRoundTripMs = 10;

export function frontRows(draft: Draft, { roundTripsMs, deviceStepMs }: RowsSettings): DraftRow[] {
  const sessions = tracedSessions(draft.greedy.header, draft.greedy.sessions);
  const profiles = [defaultEdgeProfile, ...otherProfiles];
  return profiles.flatMap((profile) =>
    roundTripsMs.flatMap((roundTripMs) =>
      (['none', 'both'] as const).flatMap((lookUp) => {
        const shared = { roundTripMs, profile, lookUp, draftMs: draft.costRatio * deviceStepMs };
        return rowsOf(draft, 'all', sessions, shared, ['ar', 'stream', 'sd', 'psd']);
      }),
    ),
  );
}

/** Look-up alone and together, on each kind of task. */
export function taskRows(draft: Draft, { deviceStepMs }: RowsSettings): DraftRow[] {
  const { header, sessions } = draft.greedy;
  const tasks = [...new Set(sessions.map(({ task }) => task))];
  const shared = { roundTripMs: taskRoundTripMs, profile: defaultEdgeProfile, draftMs: draft.costRatio * deviceStepMs };
  return tasks.flatMap((task) => {
    const own = tracedSessions(
      header,
      sessions.filter((session) => session.task === task),
    );
    return (['none', 'device', 'edge', 'both'] as const).flatMap((lookUp) =>
      rowsOf(draft, task, own, { ...shared, lookUp }, ['ar', 'stream']).slice(1),
    );
  });
}

function rowsOf(
  draft: Draft,
  task: string,
  sessions: TracedSessions,
  shared: Omit<PaceCase, 'mode'>,
  modes: readonly PaceCase['mode'][],
): DraftRow[] {
  const { greedy: _greedy, ...known } = draft;
  const alone = paceOf(sessions, { ...shared, mode: 'ar', lookUp: 'none' }).msPerToken;
  return modes.map((mode) => {
    const pace = paceOf(sessions, { ...shared, mode });
    return {
      ...known,
      task,
      sessions: sessions.replays.length,
      profile: shared.profile.name,
      roundTripMs: shared.roundTripMs,
      mode,
      lookUp: shared.lookUp,
      ...pace,
      overAr: pace.msPerToken / alone,
    };
  });
}

export function summariseDrafts(own: Draft, rows: readonly DraftRow[]): Result['summary'] {
  const { greedy, draft: shipped, ...known } = own;
  const at = (roundTripMs: number): number =>
    rows.find(
      (row) =>
        row.draft === shipped &&
        row.task === 'all' &&
        row.profile === defaultEdgeProfile.name &&
        row.mode === 'stream' &&
        row.lookUp === 'both' &&
        row.roundTripMs === roundTripMs,
    )?.overAr ?? Number.NaN;
  const paces = [10, 60].filter((ms) => !Number.isNaN(at(ms))).map((ms) => [`streamOverArRtt${ms}`, at(ms)] as const);
  return { shipped, ...known, ...Object.fromEntries(paces), prompts: greedy.sessions.length };
}
