// One unit of the bench: how many sessions an edge holds in one mode, for one seed, at all targets of a profile.

import { findTrace } from '../../../simulator/files/shipped-traces.ts';
import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { type TokenSource, traceSourceOf } from '../../../simulator/simulation/token-source.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { edgePower, joulesPerToken, type Target, targetsOf } from './hardware.ts';
import { Measured } from './search.ts';
import { runBestRounds, runSteady, type SteadyResult, type SteadySettings } from './steady-edge.ts';

/** `auto-edge-draft`: `auto` on an edge that has the draft model of `edge-sd` as well. */
export const capacityModes = ['ar', 'stream', 'auto', 'auto-edge-draft', 'edge-sd'] as const;
export type CapacityMode = (typeof capacityModes)[number];

/** What all units of a run share. */
export interface CapacitySettings {
  /** Name or file of a trace. */
  readonly drafts: string;
  readonly roundTripsMs: readonly number[];
  readonly draftMs: number;
  readonly edgeDraftShare: number;
  /** Limit of the rows of a step for each session, in `stream` and `auto`; null: the result of {@link rowsPerSessionAt}. */
  readonly rowsPerSession: number | null;
  /** Whether the edge evaluates the prompts, too; otherwise they are evaluated elsewhere. */
  readonly hasPrompts: boolean;
  /** In steps of a session alone. */
  readonly targets: readonly number[];
  /** Where the search ends. */
  readonly mostSessions: number;
}

export interface CapacityCell extends CapacitySettings {
  readonly profile: string;
  readonly mode: CapacityMode;
  readonly seed: number;
}

/** What an edge does with so many sessions. */
export interface LoadPoint {
  readonly sessions: number;
  /** Time per output token, over the answers that count. */
  readonly p95Ms: number;
  readonly meanMs: number;
  readonly tokensPerSecond: number;
  readonly rowsPerToken: number;
  /** Null: the power of the hardware is not known. */
  readonly joulesPerToken: number | null;
  /** The best one, in `edge-sd`. */
  readonly draftLength: number | null;
}

export interface CapacityRun extends Pick<CapacityCell, 'profile' | 'mode' | 'seed'> {
  readonly capacities: readonly (Target & { readonly sessions: number })[];
  /** In the order of the sessions. */
  readonly points: readonly LoadPoint[];
}

/** With few sessions rows are cheap: the limit is not below this. */
const leastRows = 12;
/** Rows of a session at most, where the rows of all sessions without drafts cost up to this share of a step's fixed time. */
const rowLimits = [
  { share: 0.4, rows: 2.5 },
  { share: 0.75, rows: 2 },
  { share: 1.6, rows: 1.5 },
  { share: Number.POSITIVE_INFINITY, rows: 1 },
] as const;

/**
 * The rows of a step, for each session, with which the slowest answers are about quickest (`outrider edge --max-rows`). Without a limit the
 * scheduler writes the most tokens a second: it takes more rows of easy texts, and longer steps make hard ones slower.
 */
export function rowsPerSessionAt(sessions: number, { fixedMs, perRowMs }: SteadySettings['step']): number {
  const share = (perRowMs * sessions) / fixedMs;
  return (rowLimits.find((limit) => share <= limit.share) ?? rowLimits[0]).rows;
}
export const usualSettings = { timeJitter: 0.2, maxAhead: 24, hedges: 1, leastTokens: 16 } as const;

export function measureCapacity(cell: CapacityCell): CapacityRun {
  const profile = findProfile(cell.profile);
  const loads = new Measured(
    (sessions) => loadAt(cell, sessions),
    ({ p95Ms }) => p95Ms,
  );
  const capacities = targetsOf(profile, cell.targets).map((target) => {
    // Where the edge alone would be.
    const start = Math.max(1, Math.floor((target.ms - profile.stepMs) / profile.rowMs));
    return { ...target, sessions: loads.largestWithin(target.ms, start, cell.mostSessions) };
  });
  const points = [...loads.found.values()].toSorted((one, other) => one.sessions - other.sessions);
  return { profile: cell.profile, mode: cell.mode, seed: cell.seed, capacities, points };
}

export function loadAt(cell: CapacityCell, sessions: number): LoadPoint {
  const { profile: name, mode, seed, roundTripsMs, draftMs, edgeDraftShare, rowsPerSession, drafts, hasPrompts } = cell;
  const { stepMs: fixedMs, rowMs: perRowMs } = findProfile(name);
  const source = sourceOf(drafts, hasPrompts);
  const shared = { sessions, source, seed, step: { fixedMs, perRowMs }, ...usualSettings };
  if (mode === 'edge-sd') {
    const found = runBestRounds({ ...shared, edgeDraftShare });
    return pointOf(name, sessions, found, found.draftLength);
  }
  const rows = rowsPerSession ?? rowsPerSessionAt(sessions, shared.step);
  const maxRows = Math.max(leastRows, Math.round(rows * sessions));
  const settings = { ...shared, roundTripsMs, draftMs, maxRows };
  const found =
    mode === 'auto-edge-draft' ? runSteady('auto', { ...settings, edgeDraftShare }) : runSteady(mode, settings);
  return pointOf(name, sessions, found, null);
}

function pointOf(profile: string, sessions: number, found: SteadyResult, draftLength: number | null): LoadPoint {
  const { msPerToken, tokens, rows, elapsedMs } = found;
  return {
    sessions,
    p95Ms: quantile(msPerToken, 0.95),
    meanMs: mean(msPerToken),
    tokensPerSecond: (1000 * tokens) / elapsedMs,
    rowsPerToken: rows / tokens,
    joulesPerToken: joulesPerToken(edgePower(profile), found),
    draftLength,
  };
}

const sources = new Map<string, TokenSource>();

function sourceOf(drafts: string, hasPrompts: boolean): TokenSource {
  const key = `${hasPrompts} ${drafts}`;
  const known = sources.get(key);
  if (known !== undefined) return known;
  const { header, sessions } = findTrace(drafts);
  // With a prompt of one token there is nothing to evaluate before the first step.
  const shortened = sessions.map((session) => ({ ...session, prompt: session.prompt.slice(-1) }));
  const source = traceSourceOf({ header, sessions: hasPrompts ? sessions : shortened }, drafts);
  sources.set(key, source);
  return source;
}

/** The units in worker threads. */
export const capacityWork: Work<CapacityCell, CapacityRun, null> = {
  role: 'outrider bench capacity',
  file: import.meta.url,
  measure: measureCapacity,
};
serveWork(capacityWork);
