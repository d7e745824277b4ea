// One unit of the bench: how many sessions an edge holds in one mode, for one seed, at all targets of a profile.

import { findTrace } from '../../../simulator/files/shipped-traces.ts';
import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { type TokenSource, traceSourceOf } from '../../../simulator/simulation/token-source.ts';
import { isRightAt } from '../../../simulator/traces/trace.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { mostSessionsWithin } from '../../../src/core/scheduling/target-promise.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import type { EndedAnswer } from './answer-plan.ts';
import { edgePower, firstTokenLimitMs, joulesPerToken, type Target, targetsOf } from './hardware.ts';
import { Measured } from './search.ts';
import { type MachineMode, runBestRounds, runSteady, type SteadyResult, type SteadySettings } from './steady-edge.ts';

/**
 * `auto-edge-draft`: `auto` on an edge that has the draft model of `edge-sd` as well. `stream-target`, `auto-target`: `stream` and
 * `auto-edge-draft`, and the edge knows the target of its sessions.
 */
export const capacityModes = [
  'ar',
  'stream-target',
  'stream',
  'auto-target',
  'auto-edge-draft',
  'auto',
  'edge-sd',
] as const;
export type CapacityMode = (typeof capacityModes)[number];

const knowsTarget = (mode: CapacityMode): boolean => mode === 'stream-target' || mode === 'auto-target';

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
  /** Name of the target that the edge knows; null: it knows none. */
  readonly target: string | null;
  /** Time per output token, over the answers that count; Infinity: the edge has refused the target of a session. */
  readonly p95Ms: number;
  readonly meanMs: number;
  readonly medianMs: number;
  /** By target, in the order of the capacities: share of the answers that keep it, and the limit of the first token. */
  readonly kept: readonly number[];
  readonly tokensPerSecond: number;
  readonly rowsPerToken: number;
  /** Null: the power of the hardware is not known. */
  readonly joulesPerToken: number | null;
  /** The best one, in `edge-sd`. */
  readonly draftLength: number | null;
}

/** What an edge holds at one target. */
export interface Capacity extends Target {
  readonly sessions: number;
  /**
   * Sessions that would keep the target with drafts in every step at the trace's acceptance, if every step had the rows that it needs
   * (target-promise.ts): a bound for any scheduler with these drafts.
   */
  readonly bound: number;
  /** Answers a second at the largest load at which nine of ten keep target and first token (goodput, DistServe, Zhong et al. 2024). */
  readonly goodput: number;
}

export interface CapacityRun extends Pick<CapacityCell, 'profile' | 'mode' | 'seed'> {
  readonly capacities: readonly Capacity[];
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

/** Share of the answers that may miss one of both limits, for goodput. */
const goodputMisses = 0.1;

export function measureCapacity(cell: CapacityCell): CapacityRun {
  const profile = findProfile(cell.profile);
  const targets = targetsOf(profile, cell.targets);
  const source = sourceOf(cell.drafts, cell.hasPrompts);
  const step = linearStepTime(profile.stepMs, profile.rowMs);
  const found: LoadPoint[] = [];
  // An edge that knows the target does something else at each of them.
  const loadsOf = (known: Target | null) =>
    new Measured(
      (sessions) => loadAt(cell, sessions, known),
      ({ p95Ms }) => p95Ms,
    );
  const shared = loadsOf(null);
  const capacities = targets.map((target, index): Capacity => {
    const loads = knowsTarget(cell.mode) ? loadsOf(target) : shared;
    const known = (sessions: number): LoadPoint => {
      loads.at(sessions);
      return loads.found.get(sessions) as LoadPoint;
    };
    const own = { targetMs: target.ms, acceptance: acceptanceOf(source) };
    const bound = mostSessionsWithin(own, step, cell.mostSessions);
    // Where the edge alone would be, or somewhat below the bound.
    const alone = Math.floor((target.ms - profile.stepMs) / profile.rowMs);
    const start = Math.max(1, loads === shared ? alone : Math.floor(0.85 * bound));
    const sessions = loads.largestWithin(target.ms, start, cell.mostSessions);
    const misses = new Measured(known, ({ kept }) => 1 - (kept[index] as number));
    const good = misses.largestWithin(goodputMisses, Math.max(1, sessions), cell.mostSessions);
    const goodput = good === 0 ? 0 : known(good).tokensPerSecond / meanLength(source);
    if (loads !== shared) found.push(...loads.found.values());
    return { ...target, sessions, bound, goodput };
  });
  found.push(...shared.found.values());
  const points = found.toSorted((one, other) => one.sessions - other.sessions);
  return { profile: cell.profile, mode: cell.mode, seed: cell.seed, capacities, points };
}

/** @param known the target that the edge knows */
export function loadAt(cell: CapacityCell, sessions: number, known: Target | null = null): LoadPoint {
  const { profile: name, mode, seed, roundTripsMs, draftMs, edgeDraftShare, rowsPerSession, drafts, hasPrompts } = cell;
  const { stepMs: fixedMs, rowMs: perRowMs } = findProfile(name);
  const source = sourceOf(drafts, hasPrompts);
  const shared = { sessions, source, seed, step: { fixedMs, perRowMs }, ...usualSettings };
  const point = (found: SteadyResult, draftLength: number | null): LoadPoint => {
    const target = known?.name ?? null;
    return { sessions, target, draftLength, ...figuresOf(cell, found) };
  };
  if (mode === 'edge-sd') {
    const found = runBestRounds({ ...shared, edgeDraftShare });
    return point(found, found.draftLength);
  }
  const rows = rowsPerSession ?? rowsPerSessionAt(sessions, shared.step);
  const maxRows = known === null ? Math.max(leastRows, Math.round(rows * sessions)) : undefined;
  const asked = { ...shared, roundTripsMs, draftMs, maxRows, targetMsPerToken: known?.ms };
  const steady = (machine: MachineMode, more: Partial<SteadySettings> = {}): LoadPoint =>
    point(runSteady(machine, { ...asked, ...more }), null);
  switch (mode) {
    case 'auto-edge-draft':
    case 'auto-target':
      return steady('auto', { edgeDraftShare });
    case 'stream-target':
      return steady('stream');
    default:
      return steady(mode);
  }
}

function figuresOf(
  { profile, targets }: CapacityCell,
  found: SteadyResult,
): Omit<LoadPoint, 'sessions' | 'target' | 'draftLength'> {
  const { answers, tokens, rows, elapsedMs } = found;
  const kept = targetsOf(findProfile(profile), targets).map(({ ms }) => {
    const isKept = ({ msPerToken, firstTokenMs }: EndedAnswer): boolean =>
      msPerToken <= ms && firstTokenMs <= firstTokenLimitMs(profile);
    return answers.length === 0 ? 0 : answers.filter(isKept).length / answers.length;
  });
  const times = answers.length === 0 ? [Number.POSITIVE_INFINITY] : answers.map(({ msPerToken }) => msPerToken);
  return {
    p95Ms: quantile(times, 0.95),
    meanMs: mean(times),
    medianMs: quantile(times, 0.5),
    kept,
    tokensPerSecond: (1000 * tokens) / elapsedMs,
    rowsPerToken: rows / tokens,
    joulesPerToken: joulesPerToken(edgePower(profile), found),
  };
}

/** Share of the recorded drafts that are right, each after the right text. */
function acceptanceOf({ replays }: TokenSource): number {
  let right = 0;
  let all = 0;
  for (const { session } of replays) {
    for (let position = 0; position < session.answer.length; position++) if (isRightAt(session, position)) right++;
    all += session.answer.length;
  }
  return right / all;
}

function meanLength({ replays }: TokenSource): number {
  return mean(replays.map(({ session }) => session.answer.length));
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
