// An edge in virtual time whose places are always taken, in the modes of the protocol's machines: `ar`, `stream` as a live device runs it, and
// `auto`. A place is taken by several devices in turn, one for each round trip; each remembers what it has measured.

import type { TokenSource } from '../../../simulator/simulation/token-source.ts';
import { sessionIdOf, textsOf } from '../../../simulator/simulation/token-texts.ts';
import type { Emission } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import type { TraceReplay } from '../../../simulator/virtual-time/trace-replay.ts';
import { invariant, unreachable } from '../../../src/core/basics/invariant.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { AutoMode, adviseTurn, type TurnAdvice } from '../../../src/processes/device/auto-mode.ts';
import { beginAnswer, type LoadedAnswer, type LoadedEdgeSettings, openLoadedEdge } from '../modes/loaded-edge.ts';
import { type AnswerPlan, type PlannedAnswer, paceOf, planAnswers } from './answer-plan.ts';

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
  /** Round trips that a device needs to connect, before it opens its session. Default: 0. */
  readonly connectRoundTrips?: number;
  readonly seed: number;
}

/** Of the time from the first answer that counts to the end of the last. */
export interface SteadyResult {
  /** Of each answer that counts. */
  readonly msPerToken: readonly number[];
  /** Of all answers. */
  readonly tokens: number;
  readonly rows: number;
  readonly elapsedMs: number;
  /** Time in which the engine ran. */
  readonly busyMs: number;
}

/** Streams of createRandom. */
const streams = { engine: 2, devices: 0x53900000 } as const;

export function runSteady(mode: MachineMode, settings: SteadySettings): SteadyResult {
  return new SteadyEdge(mode, settings).run();
}

/** What the edge has done so far. */
export interface Counts {
  readonly tokens: number;
  readonly rows: number;
  readonly atMs: number;
  readonly busyMs: number;
}

export function resultOf({ msPerToken }: AnswerPlan, from: Counts, until: Counts): SteadyResult {
  return {
    msPerToken,
    tokens: until.tokens - from.tokens,
    rows: until.rows - from.rows,
    elapsedMs: until.atMs - from.atMs,
    busyMs: until.busyMs - from.busyMs,
  };
}

class SteadyEdge {
  readonly #mode: MachineMode;
  readonly #settings: SteadySettings;
  readonly #queue = new EventQueue();
  readonly #edge: VirtualEdge;
  readonly #plan: AnswerPlan;
  /** By place and round trip. */
  readonly #autos: readonly (readonly AutoMode[])[];
  #begun = 0;
  #tokens = 0;
  #start: Counts | null = null;

  constructor(mode: MachineMode, settings: SteadySettings) {
    const { sessions, source, step, timeJitter, roundTripsMs, leastTokens, maxRows, seed } = settings;
    this.#mode = mode;
    this.#settings = settings;
    this.#edge = openLoadedEdge(this.#queue, {
      target: textsOf(source).target,
      tokenizerHash: source.header.tokenizerHash,
      step,
      timeJitter,
      // The next device of a place may open before the edge has seen that the last one has gone.
      capacity: 2 * sessions,
      limits: maxRows === undefined ? undefined : { maxRows, usefulRows: maxRows },
      random: createRandom(seed, streams.engine),
    });
    const planned = { leastTokens, places: sessions, roundTripCount: roundTripsMs.length, roundTripShift: seed };
    this.#plan = planAnswers(source, planned, seed);
    this.#autos = Array.from({ length: sessions }, () => roundTripsMs.map(() => new AutoMode()));
  }

  run(): SteadyResult {
    for (let place = 0; place < this.#settings.sessions; place++) this.#begin(place);
    while (!this.#plan.isOver && this.#queue.runNext());
    const until = this.#counts();
    return resultOf(this.#plan, this.#start ?? until, until);
  }

  #counts(): Counts {
    const { rows, busyMs } = this.#edge.account;
    return { tokens: this.#tokens, rows, atMs: this.#queue.nowMs(), busyMs };
  }

  #begin(place: number): void {
    const planned = this.#plan.next();
    const emissions: Emission[] = [];
    let hasEnded = false;
    beginAnswer(this.#queue, this.#edge, this.#answerOf(planned, place), {
      deviceEmits: (_, emission) => {
        emissions.push(emission);
        this.#tokens += emission.tokenCount;
      },
      deviceStepped: (_device, _event, { state: { outcome } }) => {
        if (outcome === null || hasEnded) return;
        invariant(outcome.kind === 'ended', `an answer ${outcome.kind}`);
        hasEnded = true;
        // The last tokens are emitted after this step.
        this.#queue.after(0, () => this.#ended(place, planned, emissions));
      },
    });
  }

  #ended(place: number, planned: PlannedAnswer, emissions: readonly Emission[]): void {
    this.#plan.ended(planned, paceOf(emissions));
    if (this.#plan.isSteady) this.#start ??= this.#counts();
    if (!this.#plan.isOver) this.#begin(place);
  }

  /** As a live device has it in these modes: where nobody has set a least confidence, `stream` stops drafting that does not pay. */
  #advise(place: number, roundTrip: number): TurnAdvice | undefined {
    switch (this.#mode) {
      case 'ar':
        return undefined;
      case 'stream':
        return adviseTurn();
      case 'auto':
        return this.#autos[place]?.[roundTrip]?.follow({ canDraft: true });
      default:
        return unreachable(this.#mode);
    }
  }

  #answerOf({ text, tokens, roundTrip }: PlannedAnswer, place: number): LoadedAnswer {
    const { source, roundTripsMs, connectRoundTrips = 0, seed, ...settings } = this.#settings;
    const replay = source.replays[text] as TraceReplay;
    const count = this.#begun++;
    const advice = this.#advise(place, roundTrip);
    const roundTripMs = roundTripsMs[roundTrip] as number;
    return {
      ...settings,
      session: sessionIdOf(text, place, count),
      // On an edge without a draft model `mix` is `stream`.
      mode: this.#mode === 'auto' ? 'mix' : this.#mode,
      text: { ...replay.turn, maxAnswerTokens: tokens },
      drafter: replay,
      roundTripMs,
      connectMs: connectRoundTrips * roundTripMs,
      linkSeed: seed + count,
      random: createRandom(seed, streams.devices + count),
      advice,
      cutsChainsAtMs: advice === undefined ? undefined : roundTripMs,
    };
  }
}
