// How far a decision under the objective `felt` is above the certified bound, and whether that bound is ever above an optimum: small slots are
// solved by trying every association, each with its best shares.

import type { SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import { certify } from '../../../src/allocation/search/certify.ts';
import { createProblem } from '../../../src/allocation/search/problem.ts';
import type { Assignment, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { stateUnder } from './policies.ts';

/** (cost - bound) / bound of a decision. */
export interface SlotGaps {
  /** In the slot as the policy saw it. */
  readonly gap: number;
  /** In the slot as it was: what is old in the policy's knowledge counts as well. */
  readonly actualGap: number;
}

/** A small slot that was solved. */
export interface SolvedSlot {
  readonly devices: number;
  readonly servers: number;
  readonly seed: number;
  readonly optimumMs: number;
  readonly boundMs: number;
  /** Of the policy `best`. */
  readonly bestMs: number;
}

/** @param seen what the policy saw, as of the same slot */
export function slotGaps({ state, assignment }: Pick<SlotOutcome, 'state' | 'assignment'>, seen: SlotState): SlotGaps {
  const gapIn = (one: SlotState): number => {
    const felt = stateUnder(one, 'felt');
    const { dualGap, poolGap } = certify(felt, costOf(felt, assignment), true);
    return dualGap ?? poolGap;
  };
  return { gap: gapIn(seen), actualGap: gapIn(state) };
}

/** All associations of at most 8 devices with 3 servers. */
export function solveSmallSlot(devices: number, servers: number, seed: number): SolvedSlot {
  const radioModel = seed % 2 === 0 ? 'fixed-snr' : 'concentrated';
  const objective = { kind: 'felt', energyWeight: seed % 3 === 0 ? 0 : 20, radioModel } as const;
  const state = syntheticSlot({ deviceCount: devices, serverCount: servers, seed, sideM: 250, objective });
  const { linkStart, linkServer } = createProblem(state);
  const choices = Array.from({ length: devices }, (_, device) => {
    const own = [...linkServer.slice(linkStart[device], linkStart[device + 1])];
    return own.length === 0 ? [-1] : own;
  });
  const count = choices.reduce((product, own) => product * own.length, 1);
  const problem = createProblem(state);
  let optimumMs = Number.POSITIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    let rest = index;
    const server = Int32Array.from(choices, (own) => {
      const one = own[rest % own.length] as number;
      rest = Math.floor(rest / own.length);
      return one;
    });
    optimumMs = Math.min(optimumMs, costOf(state, shareOptimally(state, server, problem)));
  }
  const bestMs = costOf(state, createPolicy('best+optimal')(state));
  const { dualBoundMs, poolBoundMs } = certify(state, bestMs, true);
  return { devices, servers, seed, optimumMs, bestMs, boundMs: dualBoundMs ?? poolBoundMs };
}

/** A bound may be above the optimum by rounding only. */
export function isBound({ boundMs, optimumMs }: SolvedSlot): boolean {
  return boundMs <= optimumMs * (1 + 1e-9);
}

function costOf(state: SlotState, assignment: Assignment): number {
  const terms = createSlotTerms(state.deviceCount);
  evaluate(state, assignment, terms);
  return terms.sum.costMs;
}
