// The slot simulator as an environment: reset by seed, step by assignment. The team's reward is -J / J_random, J_random being the mean
// objective of 16 random associations with equal shares in the same slot (Koh & Yang 2025 normalise by random association, without saying
// by how many draws): -1 is as good as chance, 0 would be free. Slots may depend on one another (queues, batteries): what
// was decided is settled into the world before the next slot. Episodes have no end of their own.

import { shareEqually } from '../allocation/equal-shares.ts';
import { isEligible, linkEnd, linkServer, linkStart } from '../allocation/links.ts';
import { createSlotTerms, evaluate, type SlotTerms } from '../allocation/objective.ts';
import type { Assignment, SlotState } from '../allocation/slot-state.ts';
import { createRandom } from '../basics/philox.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { createWorld, type World } from '../simulation/slot-world.ts';
import type { RadioMap } from '../world/radio-map.ts';

/** What one decision led to. */
export interface Outcome {
  /** -costMs / randomCostMs. */
  readonly reward: number;
  /** What each device adds to -reward, times M, so that their mean is -reward; [M], valid until the next step. */
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
  /** A new world. @returns its first slot in which a device has a task; valid until the next step */
  reset(seed: number): SlotState;
  /** @param assignment of the slot that reset or the step before gave; must be a valid one */
  step(assignment: Assignment): Outcome;
  /** The present slot as it is: what it costs is counted on. Where gains are old, policies see another. Valid until the next step. */
  actual(): SlotState;
  /** Mean J of random associations with equal shares in the present slot, ms. */
  randomCostMs(): number;
  /** The largest M that a world of the scenario can have, tasks or not, and E. */
  readonly deviceCount: number;
  readonly serverCount: number;
}

/** Of random associations that the reward is normalised by. */
export const randomDrawCount = 16;
/** Stream of createRandom, slots added. */
const drawStream = 0x4d000000;
/** Slots without any task in a row that a world may have. */
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

const nobody: Assignment = {
  server: new Int32Array(0),
  bandwidthShare: new Float64Array(0),
  computeShare: new Float64Array(0),
};

/** Between sessions there may be nothing to decide: such slots pass. */
function nextBusy(world: World, terms: SlotTerms): SlotState {
  let state = world.next();
  for (let idle = 0; state.deviceCount === 0 && idle < idleLimit; idle++) {
    evaluate(state, nobody, terms);
    world.settle(nobody, terms);
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

/** An eligible server each, all equally likely. */
function drawServers(state: SlotState, uniform: () => number): Int32Array {
  const server = new Int32Array(state.deviceCount).fill(-1);
  for (let device = 0; device < state.deviceCount; device++) {
    const end = linkEnd(state, device);
    let eligibleCount = 0;
    for (let link = linkStart(state, device); link < end; link++) if (isEligible(state, link)) eligibleCount++;
    let left = Math.floor(uniform() * eligibleCount);
    for (let link = linkStart(state, device); link < end; link++) {
      if (!isEligible(state, link) || left-- > 0) continue;
      server[device] = linkServer(state, device, link);
      break;
    }
  }
  return server;
}
