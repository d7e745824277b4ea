// The same slot with another objective: the users' total waiting time, max(D^MD, d/R) + D^ES. It shows how much of a latency any
// policy could remove; shares, searches, bounds and exact solutions are those of the objective.

import { unservedDelayMs } from '../../../src/allocation/paper/objective.ts';
import { createProblem, type Problem } from '../../../src/allocation/search/problem.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { invariant } from '../../../src/core/basics/invariant.ts';

/** With fixed SNR only. The constants are the waiting times of devices without a server. */
export function createLatencyProblem(state: SlotState): Problem {
  invariant(state.objective.radioModel === 'fixed-snr', 'latency has a closed form with the SNR fixed only');
  const problem = createProblem({ ...state, objective: { ...state.objective, energyWeight: 0 } });
  let constantMs = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    if (problem.linkStart[device] !== problem.linkStart[device + 1]) continue;
    constantMs += (problem.deviceMs[device] as number) + unservedDelayMs(state);
  }
  return { ...problem, bandForm: 'latency', constantMs };
}
