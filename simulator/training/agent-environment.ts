// The environment as several agents see it: an observation for each, an action of each, one reward for the team. For learning libraries
// outside this program (docs/research/python.md). Knows no lines and no process.
//
// Agents `servers` are those of Koh & Yang 2025: server j gives each device two scores, for y and for z; shares are softmaxes of the
// scores of the devices that the server has, with a slack that scores 0; association by TMA. Agents `devices` choose a server each;
// shares are closed forms.

import { shareOptimally } from '../../src/allocation/paper/optimal-shares.ts';
import { associateByMaxGain } from '../../src/allocation/policies/simple-association.ts';
import { createProblem } from '../../src/allocation/search/problem.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { badArgument } from '../../src/core/basics/errors.ts';
import {
  describeSlot,
  deviceFeatureCount,
  type FeatureScale,
  linkFeatureCount,
  scaleFeatures,
  serverFeatureCount,
} from '../policies/learned/describe-slot.ts';
import { decideByScores } from '../policies/learned/learned-policy.ts';
import { scoreLimit } from '../policies/learned/score.ts';
import { type Environment, type Outcome, worldSeed } from './environment.ts';
import { fitScale } from './fit-scale.ts';

export const agentKinds = ['servers', 'devices'] as const;
export type AgentKind = (typeof agentKinds)[number];

/** What does not change from slot to slot. M devices, E servers. */
export interface AgentSpaces {
  readonly agents: readonly string[];
  readonly deviceCount: number;
  readonly serverCount: number;
  /** Numbers of an observation. */
  readonly observationLength: number;
  /** `scores`: 2 M numbers of -8 to 8, for y and z of each device in turn. `server`: a whole number from 0 to E - 1. */
  readonly action:
    | { readonly kind: 'scores'; readonly length: number; readonly low: number; readonly high: number }
    | { readonly kind: 'server'; readonly count: number };
}

/** One slot; entry k of each list is that of agent k, or of device k. */
export interface AgentSlot {
  /** Scaled features; zeros for a device without a task and for a link that is not eligible. */
  readonly observations: readonly Float32Array[];
  /**
   * Agents `servers`: [M], 1 for a device that the server can serve. Agents `devices`: [E], 1 for a server that the device can choose; all 1
   * for a device that has no choice to make, whose action counts for nothing.
   */
  readonly masks: readonly Uint8Array[];
}

/** The reward is the same for all agents; `deviceCost` is 0 for a device without a task. */
export interface AgentOutcome extends Omit<Outcome, 'next'> {
  readonly next: AgentSlot;
}

export interface AgentEnvironment {
  readonly spaces: AgentSpaces;
  /** A new world. */
  reset(seed: number): AgentSlot;
  /** @param actions one of each agent @throws OutriderError `bad-argument` for an action outside its space: nothing has happened then */
  step(actions: readonly unknown[]): AgentOutcome;
}

/** The scale of observations comes from these worlds, whatever the seed of the learning is: observations of all runs are alike. */
const scaleSeed = 0;
const scaleWorlds = 4;
const scaleSlots = 16;

export function createAgentEnvironment(environment: Environment, kind: AgentKind): AgentEnvironment {
  const { deviceCount, serverCount } = environment;
  const seeds = Array.from({ length: scaleWorlds }, (_, index) => worldSeed(scaleSeed, -1 - index));
  const { scale } = fitScale(environment, seeds, scaleSlots);
  const spaces = spacesOf(kind, deviceCount, serverCount);
  let state: SlotState | undefined;

  function observe(): AgentSlot {
    return describeFor(kind, spaces, state as SlotState, environment.devices(), scale);
  }

  return {
    spaces,
    reset(seed) {
      state = environment.reset(seed);
      return observe();
    },
    step(actions) {
      if (state === undefined) throw badArgument('there is no world to step in', 'Send a reset first.');
      const devices = environment.devices().slice();
      const decide = kind === 'servers' ? decideShares : decideServers;
      const outcome = environment.step(decide(state, devices, spaces, actions));
      const deviceCosts = new Float64Array(deviceCount);
      for (const [entry, device] of devices.entries()) deviceCosts[device] = outcome.deviceCost[entry] as number;
      state = outcome.next;
      return { ...outcome, deviceCost: deviceCosts, next: observe() };
    },
  };
}

function spacesOf(kind: AgentKind, deviceCount: number, serverCount: number): AgentSpaces {
  const isServers = kind === 'servers';
  const word = isServers ? 'server' : 'device';
  const count = isServers ? serverCount : deviceCount;
  return {
    deviceCount,
    serverCount,
    agents: Array.from({ length: count }, (_, one) => `${word}_${one}`),
    observationLength: isServers
      ? serverFeatureCount + deviceCount * (1 + deviceFeatureCount + linkFeatureCount)
      : 1 + deviceFeatureCount + serverCount * (1 + linkFeatureCount + serverFeatureCount),
    action: isServers
      ? { kind: 'scores', length: 2 * deviceCount, low: -scoreLimit, high: scoreLimit }
      : { kind: 'server', count: serverCount },
  };
}

/** @param devices the device of each entry of the state */
function describeFor(
  kind: AgentKind,
  { agents, observationLength, deviceCount, serverCount }: AgentSpaces,
  state: SlotState,
  devices: Int32Array,
  scale: FeatureScale,
): AgentSlot {
  const problem = createProblem(state);
  const features = scaleFeatures(describeSlot(state, problem), scale);
  const rowOf = (values: Float32Array, width: number, at: number): Float32Array =>
    values.subarray(at * width, (at + 1) * width);
  const isServers = kind === 'servers';
  const observations = agents.map(() => new Float32Array(observationLength));
  const masks = agents.map(() => new Uint8Array(isServers ? deviceCount : serverCount));
  // After the features of the agent itself: a block for each device or server, with 1 where there is a link, its features, and those of the link.
  const ownWidth = isServers ? serverFeatureCount : 1 + deviceFeatureCount;
  const blockWidth = 1 + linkFeatureCount + (isServers ? deviceFeatureCount : serverFeatureCount);
  const blockAt = (other: number): number => ownWidth + other * blockWidth;
  for (let server = 0; server < serverCount; server++) {
    const own = rowOf(features.servers, serverFeatureCount, server);
    if (isServers) observations[server]?.set(own, 0);
    else for (const device of devices) observations[device]?.set(own, blockAt(server) + 1 + linkFeatureCount);
  }
  for (const [entry, device] of devices.entries()) {
    const own = rowOf(features.devices, deviceFeatureCount, entry);
    if (isServers) for (const row of observations) row.set(own, blockAt(device) + 1);
    else observations[device]?.set([1, ...own], 0);
    for (let link = problem.linkStart[entry] as number; link < (problem.linkStart[entry + 1] as number); link++) {
      const server = problem.linkServer[link] as number;
      const numbers = rowOf(features.links, linkFeatureCount, link);
      const [agent, other] = isServers ? [server, device] : [device, server];
      const row = observations[agent] as Float32Array;
      row[blockAt(other)] = 1;
      row.set(numbers, blockAt(other) + 1 + (isServers ? deviceFeatureCount : 0));
      (masks[agent] as Uint8Array)[other] = 1;
    }
  }
  // A choice among nothing would be no distribution.
  if (!isServers) for (const mask of masks) if (!mask.includes(1)) mask.fill(1);
  return { observations, masks };
}

function decideShares(
  state: SlotState,
  devices: Int32Array,
  { action, serverCount }: AgentSpaces,
  actions: readonly unknown[],
): Assignment {
  const length = action.kind === 'scores' ? action.length : 0;
  requireCount(actions, serverCount);
  for (const [server, scores] of actions.entries()) {
    const isFit = Array.isArray(scores) && scores.length === length && scores.every((one) => Number.isFinite(one));
    if (!isFit) throw badArgument(`the action of server_${server} is no list of ${length} numbers`, actionRemedy);
  }
  const problem = createProblem(state);
  const score = new Float64Array(2 * problem.linkServer.length);
  for (let link = 0; link < problem.linkServer.length; link++) {
    const scores = actions[problem.linkServer[link] as number] as readonly number[];
    const device = devices[problem.linkDevice[link] as number] as number;
    for (const part of [0, 1]) {
      const wanted = scores[2 * device + part] as number;
      score[2 * link + part] = Math.min(scoreLimit, Math.max(-scoreLimit, wanted));
    }
  }
  return decideByScores(state, problem, 'tma-masac', score);
}

const actionRemedy = 'The first line of "outrider env" says which actions there are.';

/** A server that the device can't reach counts as its choice of the highest gain. */
function decideServers(
  state: SlotState,
  devices: Int32Array,
  { deviceCount, serverCount }: AgentSpaces,
  actions: readonly unknown[],
): Assignment {
  requireCount(actions, deviceCount);
  for (const [device, one] of actions.entries()) {
    if (Number.isInteger(one) && (one as number) >= 0 && (one as number) < serverCount) continue;
    throw badArgument(`the action of device_${device} is no whole number from 0 to ${serverCount - 1}`, actionRemedy);
  }
  const problem = createProblem(state);
  const fallback = associateByMaxGain(state);
  const server = Int32Array.from(devices, (device, entry) => {
    const wanted = actions[device] as number;
    const links = problem.linkServer.subarray(problem.linkStart[entry], problem.linkStart[entry + 1]);
    return links.includes(wanted) ? wanted : (fallback[entry] as number);
  });
  return shareOptimally(state, server, problem);
}

function requireCount(actions: readonly unknown[], count: number): void {
  if (actions.length === count) return;
  throw badArgument(`there are ${actions.length} actions for ${count} agents`, actionRemedy);
}
