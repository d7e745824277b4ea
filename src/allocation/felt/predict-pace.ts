// The pace that an assignment gives each session in mode `stream`: predicted ms for each token of its answers, and to the first one. The
// objective `felt` is the cost of this time.

import { membersByGroup } from '../slot/columns.ts';
import { findLink } from '../slot/links.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import { leastServedBitPerSecond, rateBitPerSecond } from '../slot/uplink-rate.ts';
import { computeMs, decodeMs, energyMs, feltBits, firstStepMs, type PromptCost, promptCost } from './felt-cost.ts';
import type { PaceClass } from './pace-class.ts';
import { createPaceModel, type PaceModel, type StepClass, settleStep, valueAt } from './pace-model.ts';

/**
 * All [M] unless noted, ms. Of a device without a server, or with a rate below {@link leastServedBitPerSecond}: the slot for each token.
 */
export interface PacePrediction {
  /** From the request to the last token, over all tokens of the answer. */
  readonly msPerToken: Float64Array;
  /** The same without the part of the prompt that has been evaluated already: what decisions can still change. */
  readonly msPerTokenAhead: Float64Array;
  /** That, with the weight of the first token: what the objective counts. */
  readonly costMs: Float64Array;
  /** From the request to the first token. */
  readonly firstTokenMs: Float64Array;
  /** Between later tokens. */
  readonly laterTokenMs: Float64Array;
  /** w E / B for each token. */
  readonly energyMs: Float64Array;
  /** The part of it that no decision changes: drafting. */
  readonly draftEnergyMs: Float64Array;
  /** T, the mean time of a step, prompts of other sessions included; 0 for a server without a device; [E]. */
  readonly stepMs: Float64Array;
  /** Rows of each device in a step, prompts included; 0 without a server. */
  readonly rows: Float64Array;
  /** Rows of its drafts among these, and the tokens that a step commits of its text; 0 without a server. */
  readonly draftRows: Float64Array;
  readonly stepTokens: Float64Array;
}

/** What a device drafts, as predicted: rows and committed tokens in a step. */
export type DraftingPace = Readonly<Record<'draftRows' | 'stepTokens', number>>;

/** Null: no server serves it. */
export function draftingPace({ draftRows, stepTokens }: PacePrediction, device: number): DraftingPace | null {
  const tokens = stepTokens[device] as number;
  return tokens === 0 ? null : { draftRows: draftRows[device] as number, stepTokens: tokens };
}

/** @param state with `pace` @param assignment must have passed checkAssignment */
export function predictPace(
  state: SlotState,
  assignment: Assignment,
  model: PaceModel = createPaceModel(state),
): PacePrediction {
  const { deviceCount, serverCount, slotMs } = state;
  const places = settleServers(assignment.server, model);
  const decodeStepMs = decodeSteps(assignment.server, model, places);
  const prompts = promptsOf(assignment.server, model);
  const room = (value: number): Float64Array => new Float64Array(deviceCount).fill(value);
  const out = {
    msPerToken: room(slotMs),
    msPerTokenAhead: room(slotMs),
    costMs: room(slotMs),
    firstTokenMs: room(slotMs),
    laterTokenMs: room(slotMs),
    energyMs: room(0),
    draftEnergyMs: room(0),
    rows: room(0),
    draftRows: room(0),
    stepTokens: room(0),
    stepMs: new Float64Array(serverCount),
  };
  for (let device = 0; device < deviceCount; device++) {
    const server = assignment.server[device] as number;
    const energy = energyMs(state, model, device);
    out.draftEnergyMs[device] = energy.draft;
    out.energyMs[device] = energy.draft;
    const rate = server < 0 ? 0 : rateOf(state, assignment, device);
    if (rate < leastServedBitPerSecond) continue;
    const step = model.stepClass[server] as StepClass;
    const pace = model.classOf(device, server);
    const place = places[server] as number;
    const at = (read: (node: number) => number): number => between(read, place);
    const bits = feltBits(model, device);
    const bitMs = 1e3 / rate;
    out.stepMs[server] = valueAt(step.stepMs, place);
    out.rows[device] = at((node) => rowsOn(model, device, server, pace, node));
    out.draftRows[device] = pace.rowsNear(place) - 1;
    out.stepTokens[device] = pace.tokensNear(place);
    const meanMs = at((node) => decodeMs(step, pace, node));
    // A chunk of a prompt makes a step at most about twice as long. What prompts take beyond that, sessions wait before they decode.
    const mostMs = (2 * (decodeStepMs[server] as number)) / pace.tokensNear(place);
    const laterMs = Math.min(meanMs, mostMs);
    const answerTokens = model.pace.answerTokens[device] as number;
    const waitedMs = (answerTokens - 1) * (meanMs - laterMs);
    const promptMs = prompts.sharedMs[device] as number;
    const weight = model.firstTokenWeight;
    const firstMs = at((node) => firstStepMs(pace, step, node)) + waitedMs + answerTokens * promptMs;
    out.laterTokenMs[device] = laterMs + bits.frame * bitMs;
    // They may have been as many at their prompts as now.
    const others = (prompts.busy[server] as number) - (prompts.cost[device] as PromptCost).part;
    const doneMs = (1 + others) * step.promptTokenMs * (model.pace.promptTokensDone[device] as number);
    out.firstTokenMs[device] = firstMs + doneMs + (model.pace.promptBits[device] as number) * bitMs;
    out.msPerTokenAhead[device] =
      at((node) => computeMs(model, device, { step, pace, weight: 1 }, node)) +
      promptMs +
      (bits.frame + bits.prompt) * bitMs;
    out.costMs[device] =
      at((node) => computeMs(model, device, { step, pace, weight }, node)) +
      (prompts.sharedCostMs[device] as number) +
      (bits.frame + weight * bits.prompt) * bitMs;
    out.msPerToken[device] = (out.msPerTokenAhead[device] as number) + doneMs / answerTokens;
    out.energyMs[device] = energy.draft + energy.perAirMs * energy.perBits * bitMs;
  }
  return out;
}

/** {@link PacePrediction.rows} alone, which takes a third of the time; [M]. */
export function predictRows(state: SlotState, assignment: Assignment, model: PaceModel): Float64Array {
  const places = settleServers(assignment.server, model);
  return Float64Array.from(assignment.server, (server, device) => {
    if (server < 0 || rateOf(state, assignment, device) < leastServedBitPerSecond) return 0;
    const pace = model.classOf(device, server);
    return between((node) => rowsOn(model, device, server, pace, node), places[server] as number);
  });
}

/** Keeps the last prediction: the orders of a slot ask for the same one several times. */
export class LastPace {
  #state: SlotState | null = null;
  #assignment: Assignment | null = null;
  #pace: PacePrediction | null = null;

  /** As {@link predictPace}. The state and the assignment of a prediction must not change. */
  predict(state: SlotState, assignment: Assignment): PacePrediction {
    if (this.#pace === null || this.#state !== state || this.#assignment !== assignment) {
      this.#pace = predictPace(state, assignment);
      this.#state = state;
      this.#assignment = assignment;
    }
    return this.#pace;
  }
}

/** rho: rows of a device in a step at a node of its server's grid. */
export function rowsOn(model: PaceModel, device: number, server: number, pace: PaceClass, node: number): number {
  const { promptTokens, answerTokens } = model.pace;
  const { chunkTokens } = model.stepClass[server] as StepClass;
  const prompt = promptTokens[device] as number;
  const decodeSteps = (answerTokens[device] as number) / pace.tokensAt(node);
  const steps = decodeSteps + prompt / (chunkTokens[node] as number);
  return (pace.rowsAt(node) * decodeSteps + prompt + model.movedTokens(device, server)) / steps;
}

interface Prompts {
  readonly cost: readonly PromptCost[];
  /** Without and with the weight of the first token; [M]. */
  readonly sharedMs: Float64Array;
  readonly sharedCostMs: Float64Array;
  readonly busy: Float64Array;
}

/** The prompts of an assignment (felt-problem.ts): what each device pays for each token, and sum_k v_k of each server. */
function promptsOf(server: Int32Array, model: PaceModel): Prompts {
  const none: PromptCost = { ms: 0, costMs: 0, part: 0 };
  const cost = Array.from(server, (one, device) => (one < 0 ? none : promptCost(model, device, one)));
  const busy = new Float64Array(model.stepClass.length);
  for (const [device, { part }] of cost.entries()) {
    const one = server[device] as number;
    if (one >= 0) busy[one] = (busy[one] as number) + part;
  }
  const shared = (key: 'ms' | 'costMs'): Float64Array => {
    const roots = new Float64Array(busy.length);
    const rootOf = (device: number): number => {
      const prompt = cost[device] as PromptCost;
      return Math.sqrt(prompt[key] * prompt.part);
    };
    for (const [device, one] of server.entries()) if (one >= 0) roots[one] = (roots[one] as number) + rootOf(device);
    return Float64Array.from(cost, ({ [key]: ms, part }, device) => {
      const one = server[device] as number;
      return one < 0 ? 0 : ms * (1 - part) + rootOf(device) * (roots[one] as number);
    });
  };
  return { cost, sharedMs: shared('ms'), sharedCostMs: shared('costMs'), busy };
}

/** The place of each server's step time on its grid. */
function settleServers(server: Int32Array, model: PaceModel): Float64Array {
  return Float64Array.from(membersByGroup(server, model.stepClass.length), (own, one) => {
    const paces = Array.from(own, (device) => model.classOf(device, one));
    const rowsAt = (node: number): number => {
      let sum = 0;
      for (let index = 0; index < own.length; index++)
        sum += rowsOn(model, own[index] as number, one, paces[index] as PaceClass, node);
      return sum;
    };
    const step = model.stepClass[one] as StepClass;
    return settleStep(step, rowsAt, step.typicalPlace);
  });
}

/** The time of each server's step without prompts. */
function decodeSteps(server: Int32Array, model: PaceModel, places: Float64Array): Float64Array {
  const rows = new Float64Array(model.stepClass.length);
  for (const [device, one] of server.entries())
    if (one >= 0) rows[one] = (rows[one] as number) + model.classOf(device, one).rowsNear(places[one] as number);
  return rows.map((count, one) => {
    const { fixedMs, rowMs } = model.stepClass[one] as StepClass;
    return fixedMs + rowMs * count;
  });
}

function between(read: (node: number) => number, place: number): number {
  const node = Math.floor(place);
  const fraction = place - node;
  return fraction === 0 ? read(node) : read(node) * (1 - fraction) + read(node + 1) * fraction;
}

/** Rate of a device's uplink, bit/s. */
export function rateOf(state: SlotState, { server, bandwidthShare }: Assignment, device: number): number {
  const one = server[device] as number;
  const snr = state.snr[findLink(state, device, one)] as number;
  const share = bandwidthShare[device] as number;
  return rateBitPerSecond(state.objective.radioModel, state.bandwidthHz[one] as number, snr, share);
}
