// The slot simulator as an environment: reset by seed, step by assignment. The team's reward is -J / J_random, where J_random is
// the mean objective of 16 random associations with equal shares in the same slot (Koh & Yang 2025 normalise by random association
// and do not state the number of draws): -1 is as good as chance, 0 would be free. Slots may be coupled (queues, batteries): a
// decision is applied to the world before the next slot. Episodes have no end of their own.

import { shareEqually } from '../../src/allocation/paper/equal-shares.ts';
import { createSlotTerms, evaluate, type SlotTerms } from '../../src/allocation/paper/objective.ts';
import { drawServers } from '../../src/allocation/policies/simple-association.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { createRandom } from '../../src/core/basics/philox.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { createWorld, type World } from '../simulation/slot-world.ts';
import type { RadioMap } from '../world/radio-map.ts';

/** The result of one decision. */
export interface Outcome {
  /** -costMs / randomCostMs. */
  readonly reward: number;
  /** Each device's part of -reward, times M, so their mean is -reward; [M], valid until the next step. */
  readonly deviceCost: Float64Array;
  /** The objective J of the slot, ms. */
  readonly costMs: number;
  /** Mean J of random associations with equal shares, ms. */
  readonly randomCostMs: number;
  /** Mean of max(D^MD, d/R) + D^ES over the slot's devices, ms. */
  readonly latencyMs: number;
  /** The next slot; valid until the next step. */
  readonly next: SlotState;
}

export interface Environment {
  /** A new world. @returns its first slot with a task; valid until the next step */
  reset(seed: number): SlotState;
  /** @param assignment for the slot of the last reset or step; must be valid */
  step(assignment: Assignment): Outcome;
  /**
   * The present slot with its real gains, which give the cost. With stale CSI it differs from the state for policies. Valid until
   * the next step.
   */
  actual(): SlotState;
  /** Mean J of random associations with equal shares in the present slot, ms. */
  randomCostMs(): number;
  /** The device of each entry of the present slot, ascending: devices without a task have none. Valid until the next step. */
  devices(): Int32Array;
  /** The largest M of any world of the scenario, with or without tasks, and E. */
  readonly deviceCount: number;
  readonly serverCount: number;
}

const episodeStream = 0x57000000;

/** The world of an episode of a training run; below 2^31, so never a held-out one. */
export function worldSeed(seed: number, episode: number): number {
  return createRandom(seed, episodeStream + episode).integer(2 ** 31);
}

/** Number of random associations that normalise the reward. */
export const randomDrawCount = 16;
/** Stream of createRandom, plus the slot. */
const drawStream = 0x4d000000;
/** Limit of slots in a row without any task. */
const idleLimit = 100_000;

/** @throws OutriderError `bad-argument` when scenario and map do not fit */
export function createEnvironment(scenario: Scenario, map?: RadioMap): Environment {
  let world = createWorld(scenario, scenario.seed, map);
  const { count } = scenario.devices;
  const deviceCount = typeof count === 'number' ? count : count.maximum;
  const terms = createSlotTerms(deviceCount);
  const deviceCost = new Float64Array(deviceCount);
  let state = nextBusy(world, terms);
  return {
    deviceCount,
    serverCount: world.parts.sites.length,
    reset(seed) {
      world = createWorld(scenario, seed, map);
      state = nextBusy(world, terms);
      return state;
    },
    actual: () => world.actual,
    randomCostMs: () => meanRandomCost(world.actual, terms),
    devices: () => world.devices.subarray(0, state.deviceCount),
    step(assignment) {
      const randomCostMs = meanRandomCost(world.actual, terms);
      evaluate(world.actual, assignment, terms);
      const { costMs, latencyMs } = terms.sum;
      const { deviceCount: count } = state;
      const scale = count / randomCostMs;
      for (let device = 0; device < count; device++) deviceCost[device] = scale * (terms.costMs[device] as number);
      world.settle(assignment, terms);
      state = nextBusy(world, terms);
      return {
        reward: -costMs / randomCostMs,
        deviceCost: deviceCost.subarray(0, count),
        costMs,
        randomCostMs,
        latencyMs: latencyMs / count,
        next: state,
      };
    },
  };
}

/** Between sessions there may be no task: such slots are skipped. */
function nextBusy(world: World, terms: SlotTerms): SlotState {
  let state = world.next();
  for (let idle = 0; state.deviceCount === 0 && idle < idleLimit; idle++) {
    const empty = shareEqually(state, new Int32Array(0));
    evaluate(state, empty, terms);
    world.settle(empty, terms);
    state = world.next();
  }
  return state;
}

function meanRandomCost(state: SlotState, terms: SlotTerms): number {
  const random = createRandom(state.seed, drawStream + state.slot);
  let sum = 0;
  for (let draw = 0; draw < randomDrawCount; draw++) {
    evaluate(state, shareEqually(state, drawServers(state, random.uniform)), terms);
    sum += terms.sum.costMs;
  }
  return sum / randomDrawCount;
}
