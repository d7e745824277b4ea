// Held-out slots: worlds with seeds that no training run draws, stored once. Policies are compared on exactly the same slots, which
// result from Max-SINR with equal shares. For coupled slots, rewards therefore rate single decisions, not their consequences;
// `bench coupled` rates those.

import { createSlotTerms, evaluate } from '../../src/allocation/paper/objective.ts';
import type { Policy, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { mean } from '../../src/core/basics/statistics.ts';
import { createPolicy } from '../policies/policies.ts';
import type { Environment } from './environment.ts';

export interface HeldOutSlot {
  readonly world: number;
  /** The state for policies. */
  readonly state: SlotState;
  /** The real slot, which gives the cost; the same object without stale CSI. */
  readonly actual: SlotState;
  readonly randomCostMs: number;
}

/** Training worlds have lower seeds. */
export const firstHeldOutSeed: number = 2 ** 32;

/** @param worlds number of seeds @param slots of each world, `strideSlots` apart */
export function keepSlots(environment: Environment, worlds: number, slots: number, strideSlots = 1): HeldOutSlot[] {
  const lead = createPolicy('max-sinr');
  const kept: HeldOutSlot[] = [];
  for (let world = 0; world < worlds; world++) {
    let state = environment.reset(firstHeldOutSeed + world);
    for (let step = 0; step <= (slots - 1) * strideSlots; step++) {
      if (step % strideSlots === 0) {
        // One object stays one object.
        const both = structuredClone({ state, actual: environment.actual() });
        kept.push({ world, ...both, randomCostMs: environment.randomCostMs() });
      }
      state = environment.step(lead(state)).next;
    }
  }
  return kept;
}

/** The result of a policy on the slots: mean reward of each world and of all; objective and latency, means over slots, ms. */
export interface Evaluation extends Readonly<Record<'reward' | 'costMs' | 'latencyMs', number>> {
  readonly ofWorlds: readonly number[];
}

export function evaluatePolicy(slots: readonly HeldOutSlot[], policy: Policy): Evaluation {
  const terms = createSlotTerms(Math.max(0, ...slots.map(({ state }) => state.deviceCount)));
  const rewards = new Map<number, number[]>();
  const costs: number[] = [];
  const latencies: number[] = [];
  for (const { world, state, actual, randomCostMs } of slots) {
    evaluate(actual, policy(state), terms);
    const ofWorld = rewards.get(world) ?? [];
    ofWorld.push(-terms.sum.costMs / randomCostMs);
    rewards.set(world, ofWorld);
    costs.push(terms.sum.costMs);
    latencies.push(terms.sum.latencyMs / state.deviceCount);
  }
  const ofWorlds = [...rewards.values()].map(mean);
  return { ofWorlds, reward: mean(ofWorlds), costMs: mean(costs), latencyMs: mean(latencies) };
}

/** Standard error of the mean difference of two policies, paired by world; 0 with one world. */
export function pairedError(one: Evaluation, other: Evaluation): number {
  const differences = one.ofWorlds.map((value, world) => value - (other.ofWorlds[world] as number));
  if (differences.length < 2) return 0;
  const middle = mean(differences);
  const variance = mean(differences.map((value) => (value - middle) ** 2)) / (1 - 1 / differences.length);
  return Math.sqrt(variance / differences.length);
}
