// Equal shares, as in the paper's baselines: each device gets the same part of its server's band and computing.

import { countByGroup } from '../slot/columns.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';

/** Gives every device of an association an equal part of its server. */
export function shareEqually(state: SlotState, server: Int32Array): Assignment {
  const counts = countByGroup(server, state.serverCount);
  const share = new Float64Array(server.length);
  for (let device = 0; device < share.length; device++) {
    const one = server[device] as number;
    if (one >= 0) share[device] = 1 / (counts[one] as number);
  }
  return { server, bandwidthShare: share, computeShare: share.slice() };
}
