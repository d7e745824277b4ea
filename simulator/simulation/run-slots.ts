// The slot fidelity: a world advances slot by slot, a policy decides, the paper's equations give the cost (Koh & Yang 2025, section
// III; src/allocation/paper/objective.ts). Returns after every slot, so a caller can show progress, save or stop.

import { shareEqually } from '../../src/allocation/paper/equal-shares.ts';
import { createSlotTerms, evaluate, type SlotTerms } from '../../src/allocation/paper/objective.ts';
import type { Certificate } from '../../src/allocation/search/certify.ts';
import { type NamedPolicy, requireAssignment } from '../../src/allocation/slot/require-assignment.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { createWorld, type World } from './slot-world.ts';

/** The settings of a run. The same options give the same slots. */
export interface SlotRunOptions {
  readonly scenario: Scenario;
  readonly policy: NamedPolicy;
  readonly seed: number;
  /** The map of the scenario's channel, if it names one. */
  readonly map?: RadioMap | undefined;
  /** Called for every slot before the next one. Nothing may be kept: the next slot uses the same arrays. */
  readonly onSlot?: (slot: SlotOutcome) => void;
  /** Replays the slot's decision with the protocol's machines. @returns new tokens of each device's answer; see Workload.advance */
  readonly play?: ((slot: SlotOutcome) => Float64Array) | undefined;
}

/** One slot: its real state (see World.actual), the decision, and the cost. */
export interface SlotOutcome {
  readonly world: World;
  /** The slot as the policy saw it. */
  readonly seen: SlotState;
  readonly state: SlotState;
  readonly assignment: Assignment;
  readonly terms: SlotTerms;
  /** The bound on its optimality gap, on request. */
  readonly certificate?: Certificate | undefined;
}

/** A run slot by slot; see {@link createSlotRun}. */
export interface SlotRun {
  readonly world: World;
  /** Runs the next slot. @throws OutriderError `bad-argument` when the policy returns no assignment */
  step(): void;
}

/** @throws OutriderError `bad-argument` when scenario and map do not fit */
export function createSlotRun(options: SlotRunOptions): SlotRun {
  const { policy, onSlot } = options;
  const world = createWorld(options.scenario, options.seed, options.map);
  const terms = createSlotTerms(world.parts.kinds.length);
  return {
    world,
    step() {
      const seen = world.next();
      const state = world.actual;
      // Between sessions there may be no task.
      const assignment =
        seen.deviceCount === 0 ? shareEqually(seen, new Int32Array(0)) : requireAssignment(policy, seen);
      evaluate(state, assignment, terms);
      const outcome = { world, seen, state, assignment, terms };
      onSlot?.(outcome);
      world.settle(assignment, terms, options.play?.(outcome));
    },
  };
}

/** Runs several slots. @returns the world after them */
export function runSlots(options: SlotRunOptions, slots: number): World {
  const run = createSlotRun(options);
  for (let slot = 0; slot < slots; slot++) run.step();
  return run.world;
}
