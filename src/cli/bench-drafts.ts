// `outrider bench drafts`: what drafts for one target are worth. Acceptance from recorded traces, cost on this machine, ms per token of
// each mode in virtual time; then, for the shipped one, what looking back brings on each kind of task.

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { acquireModel } from '../models/acquire.ts';
import { readGguf } from '../models/gguf.ts';
import { defaultPair } from '../models/manifest-data.ts';
import { openModel } from '../models/open-model.ts';
import { defaultEdgeProfile, findProfile, type LatencyProfile } from '../models/profiles.ts';
import type { Trace } from '../traces/trace.ts';
import { traceStatistics } from '../traces/trace-statistics.ts';
import { type DraftCost, measureCost } from './bench-drafts-cost.ts';
import { type PaceCase, paceOf, type TracedSessions, tracedSessions } from './bench-drafts-pace.ts';
import { type DraftTraces, recordTraces } from './bench-drafts-traces.ts';
import type { Result } from './document.ts';
import type { LookUpPlace } from './draft-flags.ts';
import type { PromptFile } from './trace-prompts.ts';

export interface DraftsOptions {
  readonly target: string;
  /** Names and paths; the shipped draft need not be among them. */
  readonly drafts: readonly string[];
  /** What to record traces of; null: `traces` holds them. */
  readonly prompts: PromptFile | null;
  readonly traces: ReadonlyMap<string, DraftTraces>;
  readonly traceDirectory: string;
  readonly tokens: number;
  readonly roundTripsMs: readonly number[];
  /** What a step of a model as large as the target takes on the device; a draft takes its cost ratio of it. */
  readonly deviceStepMs: number;
  readonly repeats: number;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

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
  readonly acceptance: number | null;
  readonly draftsPerToken: number;
  readonly rowsPerToken: number;
}

export interface DraftsResult extends Result {
  readonly rows: readonly DraftRow[];
}

const otherProfiles: readonly LatencyProfile[] = ['reference', 'edge-8b-rtx4090'].map(findProfile);
/** The network of the table of tasks. */
const taskRoundTripMs = 10;
const contextLength = 4096;

/** What is known of a draft before it is put to work. */
type Draft = Pick<DraftRow, 'draft' | 'layers' | 'fileMB' | 'acceptanceGreedy' | 'acceptanceSampled' | 'costRatio'> & {
  readonly greedy: Trace;
};

export async function benchDrafts(options: DraftsOptions): Promise<DraftsResult> {
  const drafts: Draft[] = [];
  for (const name of namesOf(options)) drafts.push(await examine(name, options));
  const rows: DraftRow[] = [];
  for (const [index, draft] of drafts.entries()) {
    options.onProgress?.('drafts in virtual time', index, drafts.length);
    rows.push(...frontRows(draft, options));
  }
  const own = (drafts.find(({ draft }) => draft === defaultPair.draft) ?? drafts[0]) as Draft;
  rows.push(...taskRows(own, options));
  const { onProgress: _progress, prompts, traces: _traces, ...params } = options;
  return { rows, summary: summarise(own, rows), params: { ...params, prompts: prompts?.prompts.length ?? null } };
}

/** With prompts the shipped draft and all others; with traces those that they are of. */
function namesOf({ drafts, prompts, traces }: DraftsOptions): string[] {
  if (prompts !== null) return [...new Set([defaultPair.draft, ...drafts])];
  return [...traces.keys()].map((name) => drafts.find((path) => basename(path) === name) ?? name);
}

async function examine(name: string, options: DraftsOptions): Promise<Draft> {
  const { path } = await acquireModel(name);
  const { metadata } = await readGguf(path);
  const layers = Number(metadata.get(`${String(metadata.get('general.architecture')?.value)}.block_count`)?.value ?? 0);
  const shape = { sequences: 2, contextLength, exact: true, threads: 1 };
  await using target = await openModel(options.target, { role: 'target', ...shape });
  await using draft = await openModel(name, { role: 'draft', ...shape });
  const cost: DraftCost = await measureCost({ target, draft }, options.repeats, (done, total) =>
    options.onProgress?.(`${basename(name)}: cost`, done, total),
  );
  const { prompts, tokens, onProgress } = options;
  const given = options.traces.get(draft.identity.name);
  const progress = onProgress === undefined ? {} : { onProgress };
  const record = { directory: options.traceDirectory, tokens, modelLicence: 'see the models', ...progress };
  const traces = given ?? (await recordTraces(target, draft, prompts as PromptFile, record));
  return {
    draft: basename(name),
    layers,
    fileMB: (await stat(path)).size / 1e6,
    acceptanceGreedy: traceStatistics(traces.greedy.sessions).acceptance,
    acceptanceSampled: traceStatistics(traces.sampled.sessions).acceptance,
    costRatio: cost.costRatio,
    greedy: traces.greedy,
  };
}

function frontRows(draft: Draft, { roundTripsMs, deviceStepMs }: DraftsOptions): DraftRow[] {
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
function taskRows(draft: Draft, { deviceStepMs }: DraftsOptions): DraftRow[] {
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

function summarise(own: Draft, rows: readonly DraftRow[]): Result['summary'] {
  const { greedy: _greedy, draft: shipped, ...known } = own;
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
  return { shipped, ...known, ...Object.fromEntries(paces) };
}
