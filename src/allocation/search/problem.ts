// One slot in the form for optimisers: the eligible links only, and for each the few numbers of its cost.
//
// Serving device i from server j over link l, with shares y and z, costs (constants left out, all in ms)
//
// fixed_l  +  s_i^2 / (z F_j)  +  phi_l(y),     phi_l(y) = lambda (t - D_i)^2 + mu_i t + c_l y,     t = upload time with share y
//
// with s_i^2 = 1000 f_i^ES, fixed_l the delay of the queue and of a handover, c_l > 0 in the energy model `band` and mu_i > 0 in
// `airtime`. phi falls until t reaches the effective target t_i = D_i - mu_i / (2 lambda) or the price c_l stops it, so no optimum
// uploads faster than t_i. Down to there phi is convex in y in both radio models: t is a convex falling function of y, and t - t_i
// is not negative.

import { badArgument } from '../../core/basics/errors.ts';
import { createFeltProblem, type FeltProblem } from '../felt/felt-problem.ts';
import { computeEnergyJ, deviceDelayMs, handoverDelayMs, unservedDelayMs } from '../paper/objective.ts';
import { membersByGroup } from '../slot/columns.ts';
import { eligibleLinks, linkServer } from '../slot/links.ts';
import type { SlotState } from '../slot/slot-state.ts';

/** 4 MiB; for more links, bisection finds a link. */
const largestTable = 2 ** 20;

/**
 * The form of phi. `cubic`: as above, with fixed SNR; the optimum is the root of a cubic. `concentrated`: as above, with all power
 * in the allotted band. `latency`: max(D_i, t), with fixed SNR (laboratory/experiments/policies/latency-limit.ts).
 */
export type BandForm = 'cubic' | 'concentrated' | 'latency';

/** M devices, E servers, L eligible links sorted by device and then by server. */
export interface Problem {
  readonly deviceCount: number;
  readonly serverCount: number;
  readonly lambdaPerMs: number;
  readonly bandForm: BandForm;
  /** Links linkStart[i] .. linkStart[i + 1] - 1 are those of device i; none if it can't be served. */
  readonly linkStart: Int32Array;
  readonly linkServer: Int32Array;
  readonly linkDevice: Int32Array;
  /** The link between device i and server j at i * E + j, -1 for none; absent where the table would be too large. */
  readonly linkTable: Int32Array | undefined;
  /** The links of each server, ascending; [E]. */
  readonly linksOfServer: readonly Int32Array[];
  /** Upload time with the whole band, ms; [L]. */
  readonly airMs: Float64Array;
  /** airMs / (2 lambda): the factor of a price in the cubic of band-root.ts; [L]. */
  readonly cubicScale: Float64Array;
  /** SNR over the whole band; [L]. */
  readonly snr: Float64Array;
  /** c: energy cost of a whole band, ms; [L]. */
  readonly bandPriceMs: Float64Array;
  /** The delay of the queue and of a handover; [L]. */
  readonly fixedMs: Float64Array;
  /** D^MD; [M]. */
  readonly deviceMs: Float64Array;
  /** mu: energy cost of a ms on air, ms; [M]. */
  readonly airPrice: Float64Array;
  /** t = D - mu / (2 lambda); [M]. */
  readonly targetMs: Float64Array;
  /** lambda (D^2 - t^2): phi is lambda (upload time - t)^2 + c y and this; [M]. */
  readonly offsetMs: Float64Array;
  /** s = sqrt(1000 f^ES): n devices together on server j take (sum s)^2 / F_j ms of computing; [M]. */
  readonly workRoot: Float64Array;
  /** F, FLOP/s; [E]. */
  readonly serverSpeed: Float64Array;
  /** W, Hz; [E]. */
  readonly bandwidthHz: Float64Array;
  /** With the objective `felt` its numbers, which then count alone: links and SNR are as above, all other terms are the paper's. */
  readonly felt?: FeltProblem | undefined;
  /** The part that no decision changes: D^MD and w E^CP / B of all devices, and the slot for which devices without a server wait. */
  readonly constantMs: number;
}

/** Work on one problem: its arrays have the problem's sizes, and are made as fields. */
export abstract class ProblemWork {
  protected readonly problem: Problem;

  constructor(problem: Problem) {
    this.problem = problem;
  }
}

/**
 * @param state must have passed checkState
 * @throws OutriderError `bad-argument` when lambda is 0 in the paper's objective: then no term needs bandwidth, and the best share
 * would be 0; or when the objective is `felt` and the slot has no pace
 */
export function createProblem(state: SlotState): Problem {
  const { objective } = state;
  const isFelt = objective.kind === 'felt';
  if (!isFelt && !(objective.lambdaPerMs > 0)) {
    const remedy = 'Set lambda above 0, or use equal shares: without lambda no term asks for bandwidth.';
    throw badArgument(`lambda is ${objective.lambdaPerMs}, which gives no best bandwidth`, remedy);
  }
  const links = Array.from({ length: state.deviceCount }, (_, device) => eligibleLinks(state, device));
  const empty = emptyProblem(state, links);
  fillDevices(state, empty);
  fillLinks(state, empty, links);
  const problem = { ...empty, linksOfServer: membersByGroup(empty.linkServer, state.serverCount) };
  if (!isFelt) return { ...problem, constantMs: constantOf(state, problem) };
  const felt = createFeltProblem(state, problem);
  return { ...problem, felt, constantMs: felt.constantMs };
}

/** The problem's link between device and server, or -1. */
export function findProblemLink(problem: Problem, device: number, server: number): number {
  const { linkStart, linkServer: servers, linkTable } = problem;
  if (linkTable !== undefined) return linkTable[device * problem.serverCount + server] as number;
  let low = linkStart[device] as number;
  let high = (linkStart[device + 1] as number) - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = servers[middle] as number;
    if (found === server) return middle;
    if (found < server) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function emptyProblem(state: SlotState, links: readonly (readonly number[])[]): Problem {
  const { deviceCount, serverCount, objective } = state;
  const linkStart = new Int32Array(deviceCount + 1);
  let linkCount = 0;
  for (const [device, { length }] of links.entries()) {
    linkCount += length;
    linkStart[device + 1] = linkCount;
  }
  const tableSize = deviceCount * serverCount;
  return {
    deviceCount,
    serverCount,
    lambdaPerMs: objective.lambdaPerMs,
    bandForm: objective.radioModel === 'concentrated' ? 'concentrated' : 'cubic',
    linkStart,
    linkServer: new Int32Array(linkCount),
    linkDevice: new Int32Array(linkCount),
    linkTable: tableSize <= largestTable ? new Int32Array(tableSize).fill(-1) : undefined,
    linksOfServer: [],
    airMs: new Float64Array(linkCount),
    cubicScale: new Float64Array(linkCount),
    snr: new Float64Array(linkCount),
    bandPriceMs: new Float64Array(linkCount),
    fixedMs: new Float64Array(linkCount),
    deviceMs: new Float64Array(deviceCount),
    airPrice: new Float64Array(deviceCount),
    targetMs: new Float64Array(deviceCount),
    offsetMs: new Float64Array(deviceCount),
    workRoot: new Float64Array(deviceCount),
    serverSpeed: state.serverFlopPerSecond,
    bandwidthHz: state.bandwidthHz,
    constantMs: 0,
  };
}

function fillDevices(state: SlotState, problem: Problem): void {
  const { objective } = state;
  const isAirtime = objective.energyModel === 'airtime';
  for (let device = 0; device < state.deviceCount; device++) {
    const deviceMs = deviceDelayMs(state, device);
    const msPerJ = objective.energyWeight / (state.battery[device] as number);
    const wattMs = objective.transmitEnergyFactor * (state.transmitPowerW[device] as number) * 1e-3;
    const airPrice = isAirtime ? msPerJ * wattMs : 0;
    problem.deviceMs[device] = deviceMs;
    problem.airPrice[device] = airPrice;
    const targetMs = deviceMs - airPrice / (2 * objective.lambdaPerMs);
    problem.targetMs[device] = targetMs;
    problem.offsetMs[device] = objective.lambdaPerMs * (deviceMs - targetMs) * (deviceMs + targetMs);
    problem.workRoot[device] = Math.sqrt(1e3 * (state.edgeFlop[device] as number));
  }
}

function fillLinks(state: SlotState, problem: Problem, links: readonly (readonly number[])[]): void {
  const { objective } = state;
  const isBand = objective.energyModel === 'band';
  let next = 0;
  for (const [device, own] of links.entries()) {
    const wattPrice =
      (objective.energyWeight * objective.transmitEnergyFactor * (state.transmitPowerW[device] as number)) /
      (state.battery[device] as number);
    const payload = 1e3 * Math.LN2 * (state.payloadBits[device] as number);
    for (const link of own) {
      const server = linkServer(state, device, link);
      const bandwidthHz = state.bandwidthHz[server] as number;
      problem.linkServer[next] = server;
      problem.linkDevice[next] = device;
      if (problem.linkTable !== undefined) problem.linkTable[device * state.serverCount + server] = next;
      problem.snr[next] = state.snr[link] as number;
      const airMs = payload / (bandwidthHz * Math.log1p(state.snr[link] as number));
      problem.airMs[next] = airMs;
      problem.cubicScale[next] = airMs / (2 * objective.lambdaPerMs);
      problem.bandPriceMs[next] = isBand ? wattPrice * bandwidthHz * 1e-6 : 0;
      problem.fixedMs[next] = (state.queueDelayMs[server] as number) + handoverDelayMs(state, device, server);
      next++;
    }
  }
}

function constantOf(state: SlotState, problem: Problem): number {
  let constantMs = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    const msPerJ = state.objective.energyWeight / (state.battery[device] as number);
    constantMs += (problem.deviceMs[device] as number) + msPerJ * computeEnergyJ(state, device);
    if (problem.linkStart[device] === problem.linkStart[device + 1]) constantMs += unservedDelayMs(state);
  }
  return constantMs;
}
