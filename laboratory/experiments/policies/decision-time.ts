// How long one decision takes. Every decision is a cold start: no association and no prices of an earlier slot. Bounds are not part
// of it. Wall time on one thread; the difference between the fastest repeat of a decision and all repeats shows the disturbance by
// other programs.

import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import { timed } from '../../measuring/cpu-time.ts';
import { type SlotsRow, slotsRow } from '../first-slots.ts';

export interface SpeedRow extends SlotsRow<'decision'> {
  readonly policy: string;
  readonly decisions: number;
  /** Statistics of each slot's fastest repeat. */
  readonly decisionMsMedian: number;
  readonly decisionMsP95: number;
  /** Statistics of all repeats. */
  readonly decisionMsP95All: number;
  readonly decisionCpuMsMean: number;
}

/** @param states the slots to decide, each `repeats` times @param warmUps decisions until the JavaScript engine has compiled the code */
export function timeDecisions(
  world: string,
  states: readonly SlotState[],
  { name, decide }: NamedPolicy,
  repeats = 5,
  warmUps = 20,
): SpeedRow {
  for (let round = 0; round < warmUps; round++) decide(states[round % states.length] as SlotState);
  const bySlot = states.map((state) => Array.from({ length: repeats }, () => timed(() => decide(state))));
  const fastest = bySlot.map((own) => Math.min(...own.map(({ ms }) => ms)));
  const all = bySlot.flat();
  return {
    ...slotsRow('decision', world, states),
    policy: name,
    decisions: all.length,
    decisionMsMedian: quantile(fastest, 0.5),
    decisionMsP95: quantile(fastest, 0.95),
    decisionMsP95All: quantile(
      all.map(({ ms }) => ms),
      0.95,
    ),
    decisionCpuMsMean: mean(all.map(({ cpuMs }) => cpuMs)),
  };
}
