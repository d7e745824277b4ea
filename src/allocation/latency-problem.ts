// The same slot with another aim: the sum of what users wait, max(D^MD, d/R) + D^ES, in place of the objective. For asking what of a
// latency any policy could take away; shares, searches, bounds and exact answers are those of the objective.

import { invariant } from '../basics/invariant.ts';
import { createProblem, type Problem } from './problem.ts';
import type { SlotState } from './slot-state.ts';

/** With the SNR fixed only. The constants are what devices without a server wait. */
export function createLatencyProblem(state: SlotState): Problem {
  invariant(state.objective.radioModel === 'fixed-snr', 'latency has a closed form with the SNR fixed only');
  const problem = createProblem({ ...state, objective: { ...state.objective, energyWeight: 0 } });
  let constantMs = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    if (problem.linkStart[device] !== problem.linkStart[device + 1]) continue;
    constantMs += (problem.deviceMs[device] as number) + state.slotMs;
  }
  return { ...problem, bandForm: 'latency', constantMs };
}
