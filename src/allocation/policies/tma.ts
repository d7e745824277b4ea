// Koh & Yang's two-phase matching-based association (TMA), as in the paper. Phase 1: every device takes the server with the highest
// channel gain. Phase 2: for every pair of devices on different servers, swap if that lowers the objective; repeat until a whole
// round finds no swap. The given rule sets the shares after a swap; the paper's shares come from its learned policy.

import { findProblemLink, type Problem } from '../search/problem.ts';
import { change, type SearchState, startAt } from '../search/search-state.ts';
import type { SharingRuleMaker } from '../search/sharing-rule.ts';

/** A swap has to save this share of the cost of its two servers, so that rounding cannot cause an endless loop. */
const leastSaving = 1e-9;
const swapsOnly = { canMove: false, canSwap: true };

/** @param byMaxGain phase 1: the server of each device; [M] */
export function associateByTma(problem: Problem, byMaxGain: Int32Array, createRule: SharingRuleMaker): SearchState {
  const state = startAt(problem, byMaxGain, createRule);
  for (let server = 0; server < problem.serverCount; server++) state.rule.screen(server, swapsOnly);
  for (let hasSwapped = true; hasSwapped; ) {
    hasSwapped = false;
    for (let one = 0; one < problem.deviceCount; one++) {
      for (let other = one + 1; other < problem.deviceCount; other++) {
        if (trySwap(problem, state, one, other)) hasSwapped = true;
      }
    }
  }
  return state;
}

function trySwap(problem: Problem, state: SearchState, one: number, other: number): boolean {
  const { partition, rule } = state;
  const oneOut = partition.linkOf[one] as number;
  const otherOut = partition.linkOf[other] as number;
  if (oneOut < 0 || otherOut < 0) return false;
  const oneServer = problem.linkServer[oneOut] as number;
  const otherServer = problem.linkServer[otherOut] as number;
  if (oneServer === otherServer) return false;
  const oneIn = findProblemLink(problem, one, otherServer);
  const otherIn = findProblemLink(problem, other, oneServer);
  if (oneIn < 0 || otherIn < 0) return false;
  const beforeMs = (rule.costMs[oneServer] as number) + (rule.costMs[otherServer] as number);
  const least = -leastSaving * beforeMs;
  const floor = rule.changeFloor(oneServer, otherIn, oneOut) + rule.changeFloor(otherServer, oneIn, otherOut);
  // The floor is never above the exact change, so this swap cannot help.
  if (floor >= least) return false;
  if (rule.probe(oneServer, otherIn, oneOut) + rule.probe(otherServer, oneIn, otherOut) - beforeMs >= least)
    return false;
  change(problem, state, oneIn, otherIn);
  for (const server of [oneServer, otherServer]) {
    rule.settle(server);
    rule.screen(server, swapsOnly);
  }
  return true;
}
