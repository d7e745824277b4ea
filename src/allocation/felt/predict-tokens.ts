// The tokens that a decision gives each device's reader within one slot, or within a longer time for which it is kept. Unlike predictPace, which uses means over sessions, this
// starts from where each session stands: a session that starts, or moves, waits for its text to be evaluated on the new
// server, which takes time from the sessions that decode there; the old one continues meanwhile. Mode `stream`.
//
// Between the ends of short intervals all rates are constant. A server's step takes T = a + b (rows + chunk); in it a session that decodes
// commits tau(T) tokens, and one session's text gets a chunk, by fair queueing. docs/research/allocation-derivations.md, Tokens of a slot.

import { rememberWorthwhile } from '../../core/scheduling/stream-pace.ts';
import { type PaceState, standingsOf } from '../slot/pace-state.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import type { Standing } from '../slot/standing.ts';
import { leastServedBitPerSecond } from '../slot/uplink-rate.ts';
import { draftKind, type PaceClass, paceClass } from './pace-class.ts';
import {
  createPaceModel,
  gridStepOf,
  leastChunk,
  mostChunk,
  type PaceModel,
  placeOf,
  type StepClass,
} from './pace-model.ts';
import { rateOf } from './predict-pace.ts';

/** In which a slot is cut. */
const usualIntervals = 24;
/** As in token-device.ts: a weight must be above 0. */
const leastWeight = 1e-6;

/** One text on one server. */
interface Leg {
  readonly server: number;
  readonly weight: number;
  readonly pace: PaceClass;
  /** Tokens to be evaluated at the start of the slot: chunks are no longer than that. */
  readonly evaluationTokens: number;
  leftTokens: number;
  aheadTokens: number;
  fromMs: number;
  decodes: boolean;
  /** What its first step brings beyond that of a later one. */
  firstBonus: number;
}

/** One device in the slot. */
interface Reader {
  /** Texts of the running session, in the order of its connections; the last is the newest. */
  legs: Leg[];
  readonly isServed: boolean;
  /** The chance that the session of the slot's start is still running. */
  running: number;
  seenTokens: number;
  /** Sessions after it, on the assigned server: the chance that one waits for its prompt, and that one decodes. */
  waiting: number;
  decoding: number;
  /** The part of `waiting` in which the prompt is on the server, and not on its way. */
  evaluating: number;
  /** Where they run; absent where no session follows within the slot. */
  readonly next: Following | undefined;
  readonly drafting: Drafting;
  tokens: number;
  /** When the running session gets its first token, ms; 0: it has it; infinite: it gets none in the slot. */
  firstMs: number;
  /** For which later sessions wait for their first tokens, ms. */
  waitedMs: number;
}

interface Drafting {
  readonly draftMs: number;
  readonly acceptance: number;
  readonly maxAhead: number;
  /** When it began with the present text: in this slot, or before. */
  readonly fromMs: number;
}

interface Following {
  readonly server: number;
  readonly weight: number;
  readonly pace: PaceClass;
  readonly promptTokens: number;
  /** Its upload and a round trip, ms. */
  readonly openingMs: number;
  readonly answerTokens: number;
}

/** One server during an interval. */
interface Load {
  readonly step: StepClass;
  stepMs: number;
  place: number;
  rows: number;
  /** Sum of the weights of sessions that wait for an evaluation, and of weight times chunk. */
  weights: number;
  chunks: number;
  /** How many sessions of the slot's start wait, and how many later ones in the mean. */
  waiters: number;
  followers: number;
  chunkTokens: number;
  readonly worthwhile: ReturnType<typeof rememberWorthwhile>;
}

/** What readers get of a slot; [M] each. */
export interface ExpectedTokens {
  readonly tokens: Float64Array;
  /** The part of the slot in which a reader has asked and has no token of the answer, ms. */
  readonly waitedMs: Float64Array;
  /** How long after the slot a reader who gets none waits for its first token, at the rates of its end, ms; infinite without a server. */
  readonly laterMs: Float64Array;
}

/**
 * @param state with `pace`; a longer `slotMs` asks what comes if the assignment is kept for that time
 * @param assignment must have passed checkAssignment
 */
export function predictTokens(
  state: SlotState,
  assignment: Assignment,
  standings: readonly Standing[] = standingsOf(state.pace as PaceState),
  model: PaceModel = createPaceModel(state),
  intervals: number = usualIntervals,
): ExpectedTokens {
  const loads = model.stepClass.map((step): Load => {
    const rest = { rows: 0, weights: 0, chunks: 0, waiters: 0, followers: 0, chunkTokens: 0 };
    return { step, stepMs: step.fixedMs + step.rowMs, place: 0, ...rest, worthwhile: rememberWorthwhile() };
  });
  const readers = standings.map((standing, device) => readerOf({ state, assignment, model }, device, standing));
  const lengthMs = state.slotMs / intervals;
  // Rows depend on T, and T on rows: the first interval starts where they agree.
  for (let round = 0; round < 4; round++) measure(readers, loads, lengthMs / 2);
  for (let index = 0; index < intervals; index++) {
    const nowMs = index * lengthMs;
    measure(readers, loads, nowMs + lengthMs / 2);
    for (const reader of readers) advance(reader, loads, nowMs, lengthMs);
  }
  return {
    tokens: Float64Array.from(readers, ({ tokens }) => tokens),
    waitedMs: Float64Array.from(readers, ({ firstMs, waitedMs }) => Math.min(state.slotMs, firstMs) + waitedMs),
    laterMs: Float64Array.from(readers, (reader) => laterMsOf(reader, loads, state.slotMs)),
  };
}

/** Without a server it waits without end. */
function laterMsOf({ firstMs, legs, isServed, running }: Reader, loads: readonly Load[], slotMs: number): number {
  if (firstMs < Number.POSITIVE_INFINITY) return Math.max(0, firstMs - slotMs);
  const newest = legs.at(-1);
  if (newest === undefined || !isServed) return Number.POSITIVE_INFINITY;
  const load = loads[newest.server] as Load;
  // One that arrives after the slot is in no sum.
  const counted = newest.fromMs < slotMs ? running : 0;
  const perMs = evaluatedPerMs(load, newest.weight, 1 - counted, idleShare(load.waiters - counted, load.followers));
  const wayMs = newest.pace.roundTripMs / 2 + load.stepMs / 2;
  return Math.max(0, newest.fromMs - slotMs) + newest.leftTokens / perMs + wayMs;
}

interface Slot {
  readonly state: SlotState;
  readonly assignment: Assignment;
  readonly model: PaceModel;
}

function readerOf({ state, assignment, model }: Slot, device: number, standing: Standing): Reader {
  const { pace } = model;
  const server = assignment.server[device] as number;
  const rate = server < 0 ? 0 : rateOf(state, assignment, device);
  const isServed = rate >= leastServedBitPerSecond;
  const bitMs = 1e3 / rate;
  const weight = Math.max(leastWeight, assignment.computeShare[device] as number);
  const own = isServed ? sentPace(model, device, server, bitMs) : undefined;
  const legs: Leg[] = [];
  for (const text of standing.texts) {
    const isHere = text.server === server && own !== undefined;
    legs.push({
      server: text.server,
      weight: isHere ? weight : text.share,
      pace: isHere ? own : model.classOf(device, text.server),
      evaluationTokens: text.leftTokens,
      leftTokens: text.leftTokens,
      // What is on its way at both ends of a slot cancels out.
      aheadTokens: standing.wasCutOff ? text.aheadTokens : Math.min(0, text.aheadTokens),
      fromMs: text.fromMs,
      decodes: text.leftTokens === 0 && text.fromMs === 0,
      firstBonus: 0,
    });
  }
  const promptTokens = (pace.promptTokens[device] as number) + (pace.promptTokensDone[device] as number);
  const roundTripMs = own?.roundTripMs ?? pace.roundTripMs;
  const openingMs = roundTripMs / 2 + (pace.promptBits[device] as number) * bitMs;
  if (own !== undefined && legs.at(-1)?.server !== server) {
    const at = legs.findIndex((leg) => leg.server === server);
    const [before] = at < 0 ? [] : legs.splice(at, 1);
    const leftTokens = before === undefined ? standing.textTokens : before.leftTokens - Math.min(0, before.aheadTokens);
    // The fields of all legs have one order, which makes reading them quick.
    legs.push({
      server,
      weight,
      pace: own,
      evaluationTokens: leftTokens,
      leftTokens,
      aheadTokens: 0,
      fromMs: openingMs,
      decodes: false,
      firstBonus: 0,
    });
  }
  const next =
    own === undefined || !pace.isTypical
      ? undefined
      : {
          server,
          weight,
          pace: own,
          promptTokens,
          openingMs: openingMs + roundTripMs / 2,
          answerTokens: pace.answerTokens[device] as number,
        };
  const drafting = {
    draftMs: Math.max(pace.draftMs[device] as number, (pace.frameBits[device] as number) * bitMs),
    acceptance: pace.acceptance[device] as number,
    maxAhead: pace.maxAhead,
    fromMs: standing.texts.length === 0 ? 0 : Number.NEGATIVE_INFINITY,
  };
  const counts = { running: 1, seenTokens: 0, waiting: 0, decoding: 0, evaluating: 0, tokens: 0, waitedMs: 0 };
  return { legs, isServed, next, drafting, ...counts, firstMs: standing.isUnread ? Number.POSITIVE_INFINITY : 0 };
}

/** A draft comes no faster than its frame can be sent. Times are on a grid, as those of round trips. */
function sentPace(model: PaceModel, device: number, server: number, bitMs: number): PaceClass {
  const { pace, stepClass } = model;
  const known = model.classOf(device, server);
  const frameMs = (pace.frameBits[device] as number) * bitMs;
  const draftMs = pace.draftMs[device] as number;
  if (frameMs <= draftMs) return known;
  const acceptance = pace.acceptance[device] as number;
  const { maxAhead } = pace;
  const roundTripMs = known.roundTripMs;
  const kind = draftKind({ draftMs: gridStepOf(frameMs), acceptance, maxAhead });
  return paceClass((stepClass[server] as StepClass).kind, kind, roundTripMs);
}

/** Each server's step at this moment. */
function measure(readers: readonly Reader[], loads: readonly Load[], middleMs: number): void {
  for (const load of loads) {
    load.chunkTokens = chunkOf(load);
    load.rows = load.weights = load.chunks = load.waiters = load.followers = 0;
  }
  for (const { legs, running, evaluating, decoding, next } of readers) {
    const drafting = draftedFor(legs);
    for (const leg of legs) {
      if (leg.fromMs > middleMs) continue;
      const load = loads[leg.server] as Load;
      if (leg.decodes) load.rows += running * (leg === drafting ? leg.pace.rowsNear(load.place) : 1);
      else if (leg.leftTokens > 0) {
        wait(load, running, leg.weight, leg.evaluationTokens);
        load.waiters += running;
      }
    }
    if (next === undefined) continue;
    const load = loads[next.server] as Load;
    load.rows += decoding * next.pace.rowsNear(load.place);
    wait(load, evaluating, next.weight, next.promptTokens);
    load.followers += evaluating;
  }
  for (const load of loads) {
    const { fixedMs, rowMs } = load.step;
    load.stepMs = fixedMs + rowMs * load.rows;
    load.chunkTokens = load.weights > 0 ? Math.min(chunkOf(load), load.chunks / load.weights) : 0;
    load.stepMs += (1 - idleShare(load.waiters, load.followers)) * rowMs * load.chunkTokens;
    load.place = placeOf(load.step, load.stepMs);
  }
}

/**
 * The share of steps without a chunk. Sessions of the slot's start wait for certain; later ones come and go, and their number is
 * geometric, as in a queue with processor sharing: none is there with chance 1 / (1 + mean).
 */
function idleShare(waiters: number, followers: number): number {
  return Math.max(0, 1 - waiters) / (1 + Math.max(0, followers));
}

function wait(load: Load, chance: number, weight: number, tokens: number): void {
  load.weights += chance * weight;
  load.chunks += chance * weight * Math.min(load.chunkTokens, tokens);
}

/** As the scheduler has it: about as long as the decoding rows of a step. */
function chunkOf({ rows, step }: Load): number {
  if (rows < 1e-3) return mostChunk;
  return Math.min(mostChunk, Math.max(leastChunk, (step.fixedMs + step.rowMs * rows) / step.rowMs));
}

/** Drafts go to the newest server once it decodes, and to the oldest one until then. */
function draftedFor(legs: readonly Leg[]): Leg | undefined {
  const newest = legs[legs.length - 1];
  return newest?.decodes === true ? newest : legs[0];
}

function advance(reader: Reader, loads: readonly Load[], nowMs: number, lengthMs: number): void {
  const { legs, next } = reader;
  const drafting = draftedFor(legs);
  for (const leg of legs) {
    if (leg.fromMs > nowMs + lengthMs / 2) continue;
    const load = loads[leg.server] as Load;
    const tokens = leg.pace.tokensNear(load.place);
    if (leg.decodes) {
      leg.aheadTokens += leg.firstBonus + (lengthMs * (leg === drafting && reader.isServed ? tokens : 1)) / load.stepMs;
      leg.firstBonus = 0;
      continue;
    }
    const perMs = evaluatedPerMs(
      load,
      leg.weight,
      1 - reader.running,
      idleShare(load.waiters - reader.running, load.followers),
    );
    if (leg.leftTokens > 0) leg.leftTokens -= lengthMs * perMs;
    const enough = lastTurn(load, leg);
    if (leg.leftTokens > enough) continue;
    const endMs = nowMs + lengthMs - Math.min(lengthMs, (enough - leg.leftTokens) / perMs);
    // Tokens come in steps: on average half a step later than in a flow.
    leg.fromMs = endMs + leg.pace.roundTripMs / 2 + load.stepMs / 2;
    if (reader.isServed) reader.firstMs = Math.min(reader.firstMs, leg.fromMs);
    leg.firstBonus = (legs.length === 1 ? firstTokens(reader.drafting, load, endMs) : 1) - tokens;
    leg.leftTokens = 0;
    leg.decodes = true;
  }
  const newest = legs[legs.length - 1];
  let ahead = 0;
  for (const leg of legs) ahead = Math.max(ahead, leg.aheadTokens);
  if (newest?.decodes === true && newest.aheadTokens >= ahead && legs.length > 1) reader.legs = [newest];
  const seen = reader.isServed ? Math.max(0, ahead - reader.seenTokens) : 0;
  reader.seenTokens += seen;
  reader.tokens += reader.running * seen;
  // Of a text that was evaluated before, the first token may come now.
  if (seen > 0) reader.firstMs = Math.min(reader.firstMs, nowMs + lengthMs / 2);
  if (next !== undefined) follow(reader, next, loads, seen, lengthMs);
}

/** Tokens of the first step after a prompt: the device has drafted while it waited. The step of a text that has moved has no drafts. */
function firstTokens({ draftMs, acceptance, maxAhead, fromMs }: Drafting, load: Load, nowMs: number): number {
  const limit = load.worthwhile(acceptance, load.step.fixedMs / load.stepMs);
  const drafts = Math.min(limit, maxAhead, (nowMs - fromMs) / draftMs);
  return acceptance < 1 ? (1 - acceptance ** (drafts + 1)) / (1 - acceptance) : 1 + drafts;
}

/**
 * The part of its text that a session need not wait for: service comes in chunks, in turns, and its last turn is on average half a round
 * earlier than if all were served at once.
 */
function lastTurn(load: Load, { weight, evaluationTokens }: Leg): number {
  const others = Math.max(0, 1 - weight / load.weights);
  return (others * Math.min(chunkOf(load), evaluationTokens)) / 2;
}

/**
 * Sessions end, and the next ones start. A later session waits for its first token with rate 1 / firstMs and ends with rate `endsPerMs`:
 * a chain of two states, solved exactly, so that an interval may be longer than a wait.
 */
function follow(reader: Reader, next: Following, loads: readonly Load[], seen: number, lengthMs: number): void {
  const load = loads[next.server] as Load;
  const tokens = next.pace.tokensNear(load.place);
  const perMs = tokens / load.stepMs;
  const endsPerMs = perMs / next.answerTokens;
  const idle = idleShare(load.waiters, load.followers - reader.evaluating);
  const evaluationMs = next.promptTokens / evaluatedPerMs(load, next.weight, 1 - reader.evaluating, idle);
  const firstMs = next.openingMs + load.stepMs + evaluationMs;
  const later = reader.waiting + reader.decoding;
  const settling = endsPerMs + 1 / firstMs;
  const settled = later * (endsPerMs / settling);
  const left = Math.exp(-settling * lengthMs);
  // Those whose answer ends in this interval wait for half of it, on average.
  const ended = reader.running * (1 - Math.exp(-seen / next.answerTokens));
  const beganMs = ended * firstMs * (1 - Math.exp(-lengthMs / 2 / firstMs));
  const waitMs = settled * lengthMs + ((reader.waiting - settled) * (1 - left)) / settling + beganMs;
  const decodeMs = (later + ended / 2) * lengthMs - waitMs;
  const started = waitMs / firstMs;
  const first = firstTokens({ ...reader.drafting, fromMs: -evaluationMs }, load, 0) - tokens;
  reader.tokens += decodeMs * perMs + started * first;
  reader.waitedMs += waitMs;
  reader.running -= ended;
  reader.waiting = settled + (reader.waiting - settled) * left + ended - beganMs / firstMs;
  reader.decoding = later + ended - reader.waiting;
  reader.evaluating = (reader.waiting * evaluationMs) / firstMs;
}

/**
 * Tokens per ms of a text that waits with this weight. However small that is, it has the chunks of steps in which no other waits.
 * @param absent the part of it that the server's sums do not count @param idle the share of steps in which no other waits
 */
function evaluatedPerMs(load: Load, weight: number, absent: number, idle: number): number {
  const { weights, step, rows } = load;
  const chunk = load.chunkTokens > 0 ? load.chunkTokens : chunkOf(load);
  const stepMs = step.fixedMs + step.rowMs * (rows + chunk);
  return (Math.max(idle, weight / (weights + absent * weight)) * chunk) / stepMs;
}
