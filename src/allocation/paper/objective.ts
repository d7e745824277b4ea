// The cost of an assignment: every term of the objective (Koh & Yang 2025, section III; equation numbers are the paper's), for each
// device and in sum, and the latency that a user sees. Evaluates any assignment; decides nothing. Allocates no memory.
//
// Minimise  sum_i [ D_i^MD + D_i^ES + lambda (D_i^MD - d_i/R_i)^2 ] + w sum_i (E_i^CP + E_i^CM) / B_i
//
// A handover (SlotState.handover) adds its time as one more term; the paper has none.
//
// A device that is not served (no eligible link) drafts, sends nothing and waits for the slot to end: D^ES is slotMs, or the price
// that the objective sets (unservedMs), no mismatch, E^CM = 0. No decision changes its cost, so differences and optima are not affected.

import { invariant } from '../../core/basics/invariant.ts';
import { predictPace } from '../felt/predict-pace.ts';
import { eligibleLinks, findLink } from '../slot/links.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import { rateBitPerSecond } from '../slot/uplink-rate.ts';

/** Before anything is added up. */
export const noTermSums = {
  /** The objective. */
  costMs: 0,
  deviceMs: 0,
  edgeMs: 0,
  mismatchMs: 0,
  energyMs: 0,
  handoverMs: 0,
  computeEnergyJ: 0,
  transmitEnergyJ: 0,
  latencyMs: 0,
  serialMs: 0,
  /** The part of the objective that no decision changes: D^MD, w E^CP / B, and the whole cost of devices without a server. */
  constantMs: 0,
  unservedCount: 0,
};

/** Sums over all devices, in the units of {@link SlotTerms}. */
export type TermSums = typeof noTermSums;

/** Every term; one entry per device in each array. May be infinite where a share is 0. */
export interface SlotTerms {
  /** D_i^MD = f_i^MD / F_i^MD. */
  readonly deviceMs: Float64Array;
  /** D_i^ES, eq. 6: queue and computing on the server; {@link unservedDelayMs} when not served. */
  readonly edgeMs: Float64Array;
  /** R_i, eq. 5; 0 when not served. */
  readonly rateBitPerSecond: Float64Array;
  /** d_i / R_i; 0 when not served. */
  readonly uploadMs: Float64Array;
  /** lambda (D_i^MD - d_i/R_i)^2. */
  readonly mismatchMs: Float64Array;
  /** E_i^CP. */
  readonly computeEnergyJ: Float64Array;
  /** E_i^CM. */
  readonly transmitEnergyJ: Float64Array;
  /** w (E_i^CP + E_i^CM) / B_i. */
  readonly energyMs: Float64Array;
  /** Time until another server has the text; 0 where it has it already. */
  readonly handoverMs: Float64Array;
  /** The sum that the objective adds up. */
  readonly costMs: Float64Array;
  /** max(D_i^MD, d_i/R_i) + D_i^ES, and the handover: the user's waiting time if drafting and sending overlap. */
  readonly latencyMs: Float64Array;
  /** D_i^MD + D_i^ES, and the handover: the objective's latency, without sending. */
  readonly serialMs: Float64Array;
  /** Predicted time per output token (PacePrediction.msPerToken); 0 under the paper's objective. */
  readonly msPerToken: Float64Array;
  /** Predicted time to the first token (PacePrediction.firstTokenMs); 0 under the paper's objective. */
  readonly firstTokenMs: Float64Array;
  readonly sum: TermSums;
}

/** Buffers for the terms of `deviceCount` devices, for many evaluations. */
export function createSlotTerms(deviceCount: number): SlotTerms {
  const room = (): Float64Array => new Float64Array(deviceCount);
  return {
    deviceMs: room(),
    edgeMs: room(),
    rateBitPerSecond: room(),
    uploadMs: room(),
    mismatchMs: room(),
    computeEnergyJ: room(),
    transmitEnergyJ: room(),
    energyMs: room(),
    handoverMs: room(),
    costMs: room(),
    latencyMs: room(),
    serialMs: room(),
    msPerToken: room(),
    firstTokenMs: room(),
    sum: { ...noTermSums },
  };
}

/**
 * Writes every term of an assignment into `out`. The assignment must have passed checkAssignment.
 * @param out from {@link createSlotTerms}, for at least as many devices; entries beyond the state's devices keep their values
 */
export function evaluate(state: SlotState, assignment: Assignment, out: SlotTerms): void {
  Object.assign(out.sum, noTermSums);
  for (let device = 0; device < state.deviceCount; device++) {
    const server = assignment.server[device] as number;
    out.deviceMs[device] = deviceDelayMs(state, device);
    out.computeEnergyJ[device] = computeEnergyJ(state, device);
    out.handoverMs[device] = server < 0 ? 0 : handoverDelayMs(state, device, server);
    if (server < 0) writeUnserved(state, device, out);
    else writeServed(state, assignment, device, out);
    addUp(state, device, server < 0, out);
  }
  if (state.objective.kind === 'felt') chargeFelt(state, assignment, out);
}

/** The terms of one assignment, in buffers of their own. */
export function termsOf(state: SlotState, assignment: Assignment): SlotTerms {
  const terms = createSlotTerms(state.deviceCount);
  evaluate(state, assignment, terms);
  return terms;
}

/** Under the objective `felt` all terms stay as they are, but the cost is the predicted time per token and its energy. */
function chargeFelt(state: SlotState, assignment: Assignment, out: SlotTerms): void {
  const { msPerToken, costMs: feltMs, firstTokenMs, energyMs, draftEnergyMs } = predictPace(state, assignment);
  const { sum } = out;
  out.msPerToken.set(msPerToken);
  out.firstTokenMs.set(firstTokenMs);
  sum.costMs = 0;
  sum.constantMs = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    const costMs = (feltMs[device] as number) + (energyMs[device] as number);
    out.costMs[device] = costMs;
    sum.costMs += costMs;
    const isFixed = eligibleLinks(state, device).length === 0;
    sum.constantMs += isFixed ? costMs : (draftEnergyMs[device] as number);
  }
}

/** D_i^MD = f_i^MD / F_i^MD, ms. */
export function deviceDelayMs(state: SlotState, device: number): number {
  return (1e3 * (state.deviceFlop[device] as number)) / (state.deviceFlopPerSecond[device] as number);
}

/** What stands in place of D^ES where no server serves a device, ms. */
export function unservedDelayMs({ slotMs, objective }: SlotState): number {
  return objective.unservedMs ?? slotMs;
}

/** E_i^CP = delta_CP f_i^MD, J. */
export function computeEnergyJ(state: SlotState, device: number): number {
  return state.objective.computeEnergyPerFlop * (state.deviceFlop[device] as number);
}

/** The time until a server has the text of a device's session; 0 where it has it, or where there is none. */
export function handoverDelayMs(state: SlotState, device: number, server: number): number {
  const transferMs = isHandover(state, device, server) ? (state.handover?.transferMs[device] as number) : 0;
  return transferMs + textWorkMs(state, device, server);
}

/** The part of it that is work of the server: to evaluate the text. */
export function textWorkMs(state: SlotState, device: number, server: number): number {
  const flop = isHandover(state, device, server) ? (state.handover?.textFlop[device] as number) : 0;
  return flop === 0 ? 0 : (1e3 * flop) / (state.handover?.textFlopPerSecond[server] as number);
}

function isHandover({ handover }: SlotState, device: number, server: number): boolean {
  const textServer = handover?.textServer[device] ?? -1;
  return textServer >= 0 && textServer !== server;
}

/** The time of a server, all of its speed, for the work of a device's task. */
export function serverWorkMs({ edgeFlop, serverFlopPerSecond }: SlotState, device: number, server: number): number {
  return (1e3 * (edgeFlop[device] as number)) / (serverFlopPerSecond[server] as number);
}

function writeUnserved(state: SlotState, device: number, out: SlotTerms): void {
  for (const term of ['rateBitPerSecond', 'uploadMs', 'mismatchMs', 'transmitEnergyJ'] as const) out[term][device] = 0;
  out.edgeMs[device] = unservedDelayMs(state);
}

function writeServed(state: SlotState, assignment: Assignment, device: number, out: SlotTerms): void {
  const { objective } = state;
  const server = assignment.server[device] as number;
  const link = findLink(state, device, server);
  invariant(link >= 0, () => `device ${device} has no link to server ${server}`);
  const y = assignment.bandwidthShare[device] as number;
  const z = assignment.computeShare[device] as number;
  const bandwidthHz = state.bandwidthHz[server] as number;
  const powerW = state.transmitPowerW[device] as number;
  const rate = rateBitPerSecond(objective.radioModel, bandwidthHz, state.snr[link] as number, y);
  const uploadMs = ratio(1e3 * (state.payloadBits[device] as number), rate);
  const behindMs = (out.deviceMs[device] as number) - uploadMs;
  out.rateBitPerSecond[device] = rate;
  out.uploadMs[device] = uploadMs;
  out.edgeMs[device] =
    (state.queueDelayMs[server] as number) +
    ratio(1e3 * (state.edgeFlop[device] as number), z * (state.serverFlopPerSecond[server] as number));
  out.mismatchMs[device] = objective.lambdaPerMs === 0 ? 0 : objective.lambdaPerMs * behindMs * behindMs;
  out.transmitEnergyJ[device] =
    objective.energyModel === 'band'
      ? objective.transmitEnergyFactor * y * bandwidthHz * 1e-6 * powerW
      : objective.transmitEnergyFactor * powerW * uploadMs * 1e-3;
}

/** No work takes no time, even at no speed. */
function ratio(work: number, speed: number): number {
  return work === 0 ? 0 : work / speed;
}

function addUp(state: SlotState, device: number, isUnserved: boolean, out: SlotTerms): void {
  const { sum } = out;
  const deviceMs = out.deviceMs[device] as number;
  const edgeMs = out.edgeMs[device] as number;
  const mismatchMs = out.mismatchMs[device] as number;
  const computeJ = out.computeEnergyJ[device] as number;
  const transmitJ = out.transmitEnergyJ[device] as number;
  const msPerJ = state.objective.energyWeight / (state.battery[device] as number);
  const energyMs = state.objective.energyWeight === 0 ? 0 : msPerJ * (computeJ + transmitJ);
  const handoverMs = out.handoverMs[device] as number;
  const costMs = deviceMs + edgeMs + mismatchMs + energyMs + handoverMs;
  const latencyMs = Math.max(deviceMs, out.uploadMs[device] as number) + edgeMs + handoverMs;
  out.energyMs[device] = energyMs;
  out.costMs[device] = costMs;
  out.latencyMs[device] = latencyMs;
  out.serialMs[device] = deviceMs + edgeMs + handoverMs;
  sum.costMs += costMs;
  sum.deviceMs += deviceMs;
  sum.edgeMs += edgeMs;
  sum.mismatchMs += mismatchMs;
  sum.energyMs += energyMs;
  sum.handoverMs += handoverMs;
  sum.computeEnergyJ += computeJ;
  sum.transmitEnergyJ += transmitJ;
  sum.latencyMs += latencyMs;
  sum.serialMs += deviceMs + edgeMs + handoverMs;
  sum.constantMs += isUnserved ? costMs : deviceMs + msPerJ * computeJ;
  if (isUnserved) sum.unservedCount++;
}
