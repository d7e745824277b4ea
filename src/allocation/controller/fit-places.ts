// Policies know how steps grow with sessions, but not that an edge has a number of places. Sessions beyond it go to their next best edge.

import { countByGroup } from '../slot/columns.ts';
import { eligibleLinks, linkServer } from '../slot/links.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import type { LiveDevice, LiveEdge } from './live-slot.ts';

/** @returns the same assignment where all fit; shares are kept, and those of moved devices are what is left for one of all */
export function fitPlaces(
  state: SlotState,
  assignment: Assignment,
  edges: readonly LiveEdge[],
  devices: readonly LiveDevice[],
): Assignment {
  const held = countByGroup(assignment.server, edges.length);
  const left = edges.map(({ report }, server) => report.places - (held[server] as number));
  if (left.every((places) => places >= 0)) return assignment;
  const server = assignment.server.slice();
  // Those that are on the edge already stay.
  const order = [...devices.keys()].sort((one, other) => rank(one) - rank(other) || one - other);
  function rank(index: number): number {
    const at = edges[assignment.server[index] as number];
    return at !== undefined && devices[index]?.report.session?.edge === at.id ? 1 : 0;
  }
  for (const index of order) {
    const from = server[index] as number;
    if (from < 0 || (left[from] as number) >= 0) continue;
    const to = nextBest(state, index, left);
    if (to < 0) continue;
    server[index] = to;
    left[from] = (left[from] as number) + 1;
    left[to] = (left[to] as number) - 1;
  }
  const counts = countByGroup(server, edges.length);
  const isMoved = (index: number): boolean => server[index] !== assignment.server[index];
  const shares = (given: Float64Array): Float64Array =>
    given.map((share, index) => (isMoved(index) ? 1 / (counts[server[index] as number] ?? 1) : share));
  return { server, bandwidthShare: shares(assignment.bandwidthShare), computeShare: shares(assignment.computeShare) };
}

/** The edge with room that is nearest by its round trip; -1: none has room. */
function nextBest(state: SlotState, device: number, left: readonly number[]): number {
  let best = { server: -1, ms: Number.POSITIVE_INFINITY };
  for (const link of eligibleLinks(state, device)) {
    const server = linkServer(state, device, link);
    const ms = state.pace?.linkRoundTripMs?.[link] ?? 0;
    if ((left[server] as number) > 0 && ms < best.ms) best = { server, ms };
  }
  return best.server;
}
