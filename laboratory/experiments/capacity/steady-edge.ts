// An edge in virtual time whose places are always taken, in the modes of the protocol's machines: `ar`, `stream` as a live device runs it,
// and `auto`. Each place is used by several devices in turn, one for each round trip; each device keeps its measurements.

import type { TokenSource } from '../../../simulator/simulation/token-source.ts';
import { sessionIdOf, textsOf } from '../../../simulator/simulation/token-texts.ts';
import { isRightAt } from '../../../simulator/traces/trace.ts';
import type { Emission } from '../../../simulator/virtual-time/device.ts';
import { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import {
  beginAnswer,
  type LoadedAnswer,
  type LoadedEdgeSettings,
  openLoadedEdge,
  paceOf,
} from '../../../simulator/virtual-time/loaded-edge.ts';
import type { VirtualEdgeDrafter } from '../../../simulator/virtual-time/model.ts';
import type { TraceReplay } from '../../../simulator/virtual-time/trace-replay.ts';
import { invariant, unreachable } from '../../../src/core/basics/invariant.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { AutoMode, adviseTurn, type TurnAdvice } from '../../../src/processes/device/auto-mode.ts';
import { chainTree } from '../modes/draft-tree.ts';
import { levelLaw, playRounds, type RoundSession } from '../modes/emulated-rivals.ts';
import { type AnswerPlan, type EndedAnswer, type PlannedAnswer, planAnswers } from './answer-plan.ts';

export const machineModes = ['ar', 'stream', 'auto'] as const;
export type MachineMode = (typeof machineModes)[number];

/** What does not depend on the mode. */
export interface SteadySettings
  extends Pick<LoadedAnswer, 'draftMs' | 'timeJitter' | 'maxAhead' | 'hedges'>,
    Pick<LoadedEdgeSettings, 'step'> {
  readonly sessions: number;
  readonly source: TokenSource;
  readonly roundTripsMs: readonly number[];
  /** A shorter answer has no pace, and does not count. */
  readonly leastTokens: number;
  /** Limit of the rows of a step; default: none. */
  readonly maxRows?: number | undefined;
  /** Target of every session, ms a token; default: none. */
  readonly targetMsPerToken?: number | undefined;
  /** Round trips that a device needs to connect, before it opens its session. Default: 0. */
  readonly connectRoundTrips?: number;
  /** The edge drafts as well, on its own accelerator: a draft takes this share of a step of one row. Default: it has no draft model. */
  readonly edgeDraftShare?: number | undefined;
  readonly seed: number;
}

/** Figures of the time from the first answer that counts to the end of the last. */
export interface SteadyResult {
  /** Empty: the edge has refused the target of a session. */
  readonly answers: readonly EndedAnswer[];
  readonly tokens: number;
  readonly rows: number;
  readonly elapsedMs: number;
  /** Time in which the engine ran. */
  readonly busyMs: number;
}

const streams = { engine: 2, devices: 0x53900000 } as const;

export interface Counts {
  readonly tokens: number;
  readonly rows: number;
  readonly atMs: number;
  readonly busyMs: number;
}

export function resultOf({ answers }: Pick<AnswerPlan, 'answers'>, from: Counts, until: Counts): SteadyResult {
  return {
    answers,
    tokens: until.tokens - from.tokens,
    rows: until.rows - from.rows,
    elapsedMs: until.atMs - from.atMs,
    busyMs: until.busyMs - from.busyMs,
  };
}

export function runSteady(mode: MachineMode, settings: SteadySettings): SteadyResult {
  const { sessions, source, step, timeJitter, roundTripsMs, leastTokens, maxRows, targetMsPerToken, seed } = settings;
  const queue = new EventQueue();
  const { target, edgeDrafter } = textsOf(source);
  const edge = openLoadedEdge(queue, {
    target,
    edgeDraft: edgeDraftOf(settings, edgeDrafter),
    tokenizerHash: source.header.tokenizerHash,
    step,
    timeJitter,
    // The next device of a place may open before the edge has seen that the last one has gone.
    capacity: 2 * sessions,
    limits: maxRows === undefined ? undefined : { maxRows, usefulRows: maxRows },
    targetMsPerToken,
    random: createRandom(seed, streams.engine),
  });
  const planned = { leastTokens, places: sessions, roundTripCount: roundTripsMs.length, roundTripShift: seed };
  const plan = planAnswers(source, planned, seed);
  let begun = 0;
  let tokens = 0;
  let start: Counts | null = null;
  let isRefused = false;
  const counts = (): Counts => {
    const { rows, busyMs } = edge.account;
    return { tokens, rows, atMs: queue.nowMs(), busyMs };
  };
  const begin = (place: Place): void => {
    const next = plan.next();
    const emissions: Emission[] = [];
    const beganMs = queue.nowMs();
    let hasEnded = false;
    beginAnswer(queue, edge, answerOf(mode, settings, next, place, begun++), {
      deviceEmits: (_, emission) => {
        emissions.push(emission);
        tokens += emission.tokenCount;
      },
      deviceStepped: (_device, _event, { state: { outcome } }) => {
        if (outcome === null || hasEnded) return;
        isRefused ||= outcome.kind === 'failed' && outcome.code === 'target-refused';
        if (isRefused) return;
        invariant(outcome.kind === 'ended', `an answer ${outcome.kind}`);
        hasEnded = true;
        // The last tokens are emitted after this step.
        queue.after(0, () => {
          plan.ended(next, { msPerToken: paceOf(emissions), firstTokenMs: (emissions[0]?.atMs ?? beganMs) - beganMs });
          if (plan.isSteady) start ??= counts();
          if (!plan.isOver) begin(place);
        });
      },
    });
  };
  const places = Array.from({ length: sessions }, (_, index) => ({
    index,
    autos: roundTripsMs.map(() => new AutoMode()),
  }));
  for (const place of places) begin(place);
  while (!plan.isOver && !isRefused && queue.runNext());
  return resultOf(isRefused ? { answers: [] } : plan, start ?? counts(), counts());
}

/** A draft model as that of `edge-sd`: in passes for all sessions, each of which costs what a level of its drafts does. */
function edgeDraftOf(
  { step, edgeDraftShare }: SteadySettings,
  edgeDrafter: VirtualEdgeDrafter,
): LoadedEdgeSettings['edgeDraft'] {
  if (edgeDraftShare === undefined) return undefined;
  const tokenMs = edgeDraftShare * (step.fixedMs + step.perRowMs);
  return { edgeDrafter, tokenCount: 1, tokenMs, pass: levelLaw(tokenMs, step) };
}

interface Place {
  readonly index: number;
  /** The memories of its devices, by round trip. */
  readonly autos: readonly AutoMode[];
}

/** As a live device has it in these modes: without a set least confidence, `stream` stops drafting that does not pay. */
function advise(mode: MachineMode, { autos }: Place, roundTrip: number): TurnAdvice | undefined {
  switch (mode) {
    case 'ar':
      return undefined;
    case 'stream':
      return adviseTurn();
    case 'auto':
      return autos[roundTrip]?.follow({ canDraft: true });
    default:
      return unreachable(mode);
  }
}

/** @param count answers that have begun before it */
function answerOf(
  mode: MachineMode,
  { source, roundTripsMs, connectRoundTrips = 0, seed, ...settings }: SteadySettings,
  { text, tokens, roundTrip }: PlannedAnswer,
  place: Place,
  count: number,
): LoadedAnswer {
  const replay = source.replays[text] as TraceReplay;
  const advice = advise(mode, place, roundTrip);
  const roundTripMs = roundTripsMs[roundTrip] as number;
  return {
    ...settings,
    session: sessionIdOf(text, place.index, count),
    // On an edge without a draft model `mix` is `stream`.
    mode: mode === 'auto' ? 'mix' : mode,
    text: { ...replay.turn, maxAnswerTokens: tokens },
    drafter: replay,
    roundTripMs,
    connectMs: connectRoundTrips * roundTripMs,
    seed: seed + count,
    random: createRandom(seed, streams.devices + count),
    advice,
    cutsChainsAtMs: advice === undefined ? undefined : roundTripMs,
  };
}

export interface RoundsSettings
  extends Pick<SteadySettings, 'sessions' | 'source' | 'step' | 'timeJitter' | 'leastTokens' | 'seed'> {
  /** Time of a draft on the edge as a share of a step of one row. */
  readonly edgeDraftShare: number;
}

export interface RoundsResult extends SteadyResult {
  /** Drafts of a round; 0: none pays. */
  readonly draftLength: number;
}

const longestDraft = 12;
const timesStream = 9;

export function runBestRounds(settings: RoundsSettings): RoundsResult {
  let best: RoundsResult | null = null;
  let bestMs = Number.POSITIVE_INFINITY;
  // The p95 falls and then rises with the draft length, apart from noise.
  for (let draftLength = 0, worse = 0; draftLength <= longestDraft && worse < 3; draftLength++) {
    const found = { ...runRounds(settings, draftLength), draftLength };
    const ms = quantile(
      found.answers.map(({ msPerToken }) => msPerToken),
      0.95,
    );
    if (ms < bestMs) {
      worse = 0;
      best = found;
      bestMs = ms;
    } else worse++;
  }
  return best as RoundsResult;
}

export function runRounds(settings: RoundsSettings, draftLength: number): SteadyResult {
  const { sessions: places, source, step, timeJitter, leastTokens, seed, edgeDraftShare } = settings;
  // The round trip is not part of the time per token: only tokens cross the network.
  const plan = planAnswers(source, { places, leastTokens, roundTripCount: 1, roundTripShift: 0 }, seed);
  let until: Counts = { tokens: 0, rows: 0, atMs: 0, busyMs: 0 };
  let start: Counts | null = null;
  const note = (written: number, atMs: number): void => {
    // Draft and target take turns on one accelerator, which is never idle.
    until = { tokens: until.tokens + written, rows: until.rows + draftLength + 1, atMs, busyMs: atMs };
    if (plan.isSteady) start ??= until;
  };
  const all = Array.from({ length: places }, () => placeOn(plan, source, note));
  const rival = {
    rival: 'edge-sd',
    step,
    timeJitter,
    levelMs: edgeDraftShare * (step.fixedMs + step.perRowMs),
  } as const;
  // Which drafts are right is recorded: any chance makes the same chain.
  playRounds(rival, chainTree([0.5], draftLength), all, createRandom(seed, timesStream), () => plan.isOver);
  return resultOf(plan, start ?? until, until);
}

/** A place of the edge: one answer after the other. */
function placeOn(
  plan: AnswerPlan,
  { replays }: TokenSource,
  note: (tokens: number, atMs: number) => void,
): RoundSession {
  const begin = () => {
    const planned = plan.next();
    const text = (replays[planned.text] as TraceReplay).session;
    return { planned, text, written: 0, arrivals: [] as { readonly atMs: number; readonly tokenCount: number }[] };
  };
  let answer = begin();
  let beganMs = 0;
  return {
    rankAt(offset) {
      const position = answer.written + offset;
      return position < answer.planned.tokens && isRightAt(answer.text, position) ? 0 : 1;
    },
    wrote(tokens, atMs) {
      const tokenCount = Math.min(tokens, answer.planned.tokens - answer.written);
      answer.written += tokenCount;
      answer.arrivals.push({ atMs, tokenCount });
      note(tokenCount, atMs);
      if (answer.written < answer.planned.tokens) return;
      const firstTokenMs = (answer.arrivals[0]?.atMs ?? atMs) - beganMs;
      plan.ended(answer.planned, { msPerToken: paceOf(answer.arrivals), firstTokenMs });
      answer = begin();
      beganMs = atMs;
    },
  };
}
