// The slot fidelity: a world is stepped slot by slot, a policy decides, the paper's equations say what it costs (Koh & Yang 2025,
// section III; src/allocation/objective.ts). Stops after every slot, so that a caller can show progress, keep what there is, or end.

import type { Certificate } from '../allocation/certify.ts';
import { createSlotTerms, evaluate, type SlotTerms } from '../allocation/objective.ts';
import { type NamedPolicy, requireAssignment } from '../allocation/require-assignment.ts';
import type { Assignment, SlotState } from '../allocation/slot-state.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { createWorld, type World } from './slot-world.ts';

/** What a run is made of. The same options give the same slots. */
export interface SlotRunOptions {
  readonly scenario: Scenario;
  readonly policy: NamedPolicy;
  readonly seed: number;
  /** Of the scenario's channel, if it names one. */
  readonly map?: RadioMap | undefined;
  /** Told of every slot before the world goes on. Nothing may be kept: the next slot uses the same arrays. */
  readonly onSlot?: (slot: SlotOutcome) => void;
  /** Plays what the slot decided with the protocol's machines. @returns tokens that each device's answer gained; see Workload.advance */
  readonly play?: ((slot: SlotOutcome) => Float64Array) | undefined;
}

/** One slot: what was the case (see World.actual), what was decided, what it cost. */
export interface SlotOutcome {
  readonly world: World;
  readonly state: SlotState;
  readonly assignment: Assignment;
  readonly terms: SlotTerms;
  /** How far from the optimum of the slot it is at most, where somebody asked. */
  readonly certificate?: Certificate | undefined;
}

/** A run that goes slot by slot; see {@link createSlotRun}. */
export interface SlotRun {
  readonly world: World;
  /** Runs the next slot. @throws OutriderError `bad-argument` when the policy gives no assignment */
  step(): void;
}

/** @throws OutriderError `bad-argument` when scenario and map do not fit */
export function createSlotRun(options: SlotRunOptions): SlotRun {
  const { policy, onSlot } = options;
  const world = createWorld(options.scenario, options.seed, options.map);
  const terms = createSlotTerms(world.parts.kinds.length);
  const nobody: Assignment = {
    server: new Int32Array(0),
    bandwidthShare: new Float64Array(0),
    computeShare: new Float64Array(0),
  };
  return {
    world,
    step() {
      const seen = world.next();
      const state = world.actual;
      // Between sessions there may be nothing to decide.
      const assignment = seen.deviceCount === 0 ? nobody : requireAssignment(policy, seen);
      evaluate(state, assignment, terms);
      const outcome = { world, state, assignment, terms };
      onSlot?.(outcome);
      world.settle(assignment, terms, options.play?.(outcome));
    },
  };
}

/** Runs a number of slots at once. */
export function runSlots(options: SlotRunOptions, slots: number): World {
  const run = createSlotRun(options);
  for (let slot = 0; slot < slots; slot++) run.step();
  return run.world;
}
