// How long one decision takes. Every decision is a cold start: no association and no prices of an earlier slot. Bounds are not part
// of it. Wall time on one thread; the difference between the fastest repeat of a decision and all repeats shows the disturbance by
// other programs.

import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import { certify } from '../../../src/allocation/search/certify.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { startCpuTime } from '../../measuring/cpu-time.ts';
import { type SlotsRow, slotsRow } from '../first-slots.ts';

export interface SpeedRow extends SlotsRow<'decision'> {
  readonly policy: string;
  readonly decisions: number;
  /** Statistics of each slot's fastest repeat. */
  readonly decisionMsMedian: number;
  readonly decisionMsP95: number;
  /** Statistics of all repeats. */
  readonly decisionMsP95All: number;
  /** Mean processor time of a decision: other programs lengthen it little. */
  readonly decisionCpuMsMean: number;
}

const repeats = 5;
/** Repeats until the JavaScript engine has compiled the code. */
const warmUps = 20;

/** @param states the slots to decide, each a few times */
export function timeDecisions(world: string, states: readonly SlotState[], { name, decide }: NamedPolicy): SpeedRow {
  const first = states[0] as SlotState;
  const isHuge = first.deviceCount > 10_000;
  for (let round = 0; round < (isHuge ? 1 : warmUps); round++) decide(states[round % states.length] as SlotState);
  const fastest: number[] = [];
  const all: number[] = [];
  const cpuSince = startCpuTime();
  for (const state of states) {
    const times = Array.from({ length: isHuge ? 3 : repeats }, () => timeOnce(() => decide(state)));
    all.push(...times);
    fastest.push(Math.min(...times));
  }
  const cpuMs = cpuSince();
  return {
    ...slotsRow('decision', world, states),
    policy: name,
    decisions: all.length,
    decisionMsMedian: quantile(fastest, 0.5),
    decisionMsP95: quantile(fastest, 0.95),
    decisionMsP95All: quantile(all, 0.95),
    decisionCpuMsMean: cpuMs / all.length,
  };
}

function timeOnce(run: () => unknown): number {
  const startMs = performance.now();
  run();
  return performance.now() - startMs;
}

/** 100,000 devices among 10,000 servers, eight candidates each. */
export function hugeSlot(seed: number): SlotState {
  const objective = { energyWeight: 20 };
  return syntheticSlot({ deviceCount: 100_000, serverCount: 10_000, seed, candidateCount: 8, objective });
}

/** Enough iterations for a stable value; each computes 800,000 roots. */
const hugeDualRounds = 60;

/** (cost - bound) / bound of `best` for the dual bound, with and without the terms that no decision changes. */
export function gapsOfHuge(state: SlotState): { readonly gap: number; readonly variableGap: number } {
  const terms = createSlotTerms(state.deviceCount);
  evaluate(state, createPolicy('best')(state), terms);
  const { dualGap, variableGap } = certify(state, terms.sum.costMs, true, hugeDualRounds);
  return { gap: dualGap as number, variableGap };
}
