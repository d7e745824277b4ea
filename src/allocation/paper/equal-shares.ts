// Equal shares, as in the paper's baselines: each device gets the same part of its server's band and computing.

import type { Assignment, SlotState } from '../slot/slot-state.ts';

/** Gives every device of an association an equal part of its server. */
export function shareEqually(state: SlotState, server: Int32Array): Assignment {
  const memberCount = new Int32Array(state.serverCount);
  for (const one of server) if (one >= 0) memberCount[one] = (memberCount[one] as number) + 1;
  const share = new Float64Array(state.deviceCount);
  for (let device = 0; device < state.deviceCount; device++) {
    const one = server[device] as number;
    if (one >= 0) share[device] = 1 / (memberCount[one] as number);
  }
  return { server, bandwidthShare: share, computeShare: share.slice() };
}
