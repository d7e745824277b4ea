// The best shares of an association: computing by the square-root rule, bandwidth by one root per server. For this association no
// other shares cost less.

import { shareBandBest } from '../felt/felt-band.ts';
import { promptCost } from '../felt/felt-cost.ts';
import type { FeltProblem } from '../felt/felt-problem.ts';
import { predictRows } from '../felt/predict-pace.ts';
import { createProblem, findProblemLink, type Problem } from '../search/problem.ts';
import { membersByGroup } from '../slot/columns.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import { BandSolver } from './band-shares.ts';
import { shareCompute } from './compute-shares.ts';

/** Allowed error of the sum of a server's shares: about rounding. */
const tolerance = 1e-12;

/** @throws OutriderError `bad-argument` as {@link createProblem} */
export function shareOptimally(
  state: SlotState,
  server: Int32Array,
  problem: Problem = createProblem(state),
): Assignment {
  const { deviceCount, serverCount } = problem;
  const bandwidthShare = new Float64Array(deviceCount);
  const computeShare = new Float64Array(deviceCount);
  const members = membersByGroup(server, serverCount);
  const links = new Int32Array(deviceCount);
  const root = new Float64Array(deviceCount);
  const share = new Float64Array(deviceCount);
  const solver = new BandSolver(problem, deviceCount);
  for (const [one, devices] of members.entries()) {
    const count = devices.length;
    for (const [index, device] of devices.entries()) {
      links[index] = findProblemLink(problem, device, one);
      root[index] = problem.workRoot[device] as number;
    }
    if (problem.felt === undefined) {
      shareCompute(root, count, share);
      solver.solve(links, count, 0, tolerance);
    } else shareBandBest(problem, links, count, solver.share);
    let total = 0;
    for (let index = 0; index < count; index++) total += solver.share[index] as number;
    for (const [index, device] of devices.entries()) {
      computeShare[device] = share[index] as number;
      bandwidthShare[device] = (solver.share[index] as number) / Math.max(1, total);
    }
  }
  if (problem.felt !== undefined) shareByRows(state, { server, bandwidthShare, computeShare }, problem.felt);
  return { server, bandwidthShare, computeShare };
}

/**
 * Under `felt` computing is no speed limit, but a weight. Sessions at their prompts take turns by Smith's ratio: what waiting costs
 * them over the length of their prompts, f / (n P). Each other one gets the part of the rows that it is expected to have.
 */
function shareByRows(state: SlotState, assignment: Assignment, { model }: FeltProblem): void {
  const { server, computeShare } = assignment;
  const rows = predictRows(state, assignment, model);
  const room = (): Float64Array => new Float64Array(state.serverCount);
  const groups = [
    { sum: room(), count: room() },
    { sum: room(), count: room() },
  ] as const;
  const weight = new Float64Array(server.length);
  const groupOf = Array.from(server, (one, device) => {
    if (one < 0) return groups[0];
    const { ms, costMs, part } = promptCost(model, device, one);
    const group = groups[part > 0 ? 1 : 0];
    const answer = model.pace.answerTokens[device] as number;
    // A link that carries next to nothing has no rows.
    weight[device] = part > 0 ? costMs / (ms * answer) ** 2 : (rows[device] as number) || 1;
    group.sum[one] = (group.sum[one] as number) + (weight[device] as number);
    group.count[one] = (group.count[one] as number) + 1;
    return group;
  });
  for (const [device, one] of server.entries()) {
    if (one < 0) continue;
    const { sum, count } = groupOf[device] as (typeof groups)[number];
    const all = (groups[0].count[one] as number) + (groups[1].count[one] as number);
    const part = (count[one] as number) / all;
    computeShare[device] = (part * (weight[device] as number)) / (sum[one] as number);
  }
}
