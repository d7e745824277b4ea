// The best shares of an association: computing by the square-root rule, bandwidth by one root per server. With the association held,
// no other shares cost less.

import { createBandSolver } from './band-shares.ts';
import { shareCompute } from './compute-shares.ts';
import { createProblem, findProblemLink, type Problem } from './problem.ts';
import type { Assignment, SlotState } from './slot-state.ts';

/** The sum of a server's shares is as close to 1 as rounding allows. */
const tolerance = 1e-12;

/** @throws OutriderError `bad-argument` when lambda is 0 */
export function shareOptimally(
  state: SlotState,
  server: Int32Array,
  problem: Problem = createProblem(state),
): Assignment {
  const { deviceCount } = problem;
  const bandwidthShare = new Float64Array(deviceCount);
  const computeShare = new Float64Array(deviceCount);
  const links = new Int32Array(deviceCount);
  const root = new Float64Array(deviceCount);
  const share = new Float64Array(deviceCount);
  const solver = createBandSolver(problem, deviceCount);
  for (const members of membersOf(problem, server)) {
    for (const [index, device] of members.entries()) {
      links[index] = findProblemLink(problem, device, server[device] as number);
      root[index] = problem.workRoot[device] as number;
    }
    shareCompute(root, members.length, share);
    solver.solve(links, members.length, 0, tolerance);
    const total = solver.share.subarray(0, members.length).reduce((sum, one) => sum + one, 0);
    for (const [index, device] of members.entries()) {
      computeShare[device] = share[index] as number;
      bandwidthShare[device] = (solver.share[index] as number) / Math.max(1, total);
    }
  }
  return { server, bandwidthShare, computeShare };
}

/** The devices of each server, by number. */
function membersOf(problem: Problem, server: Int32Array): number[][] {
  const members: number[][] = Array.from({ length: problem.serverCount }, () => []);
  for (const [device, one] of server.entries()) if (one >= 0) members[one]?.push(device);
  return members;
}
