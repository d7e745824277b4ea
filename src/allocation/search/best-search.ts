// The recommended association: a start by dual prices, then moves and swaps under optimal shares. The effort depends on the size of
// the problem alone, so the same state gets the same assignment on any machine. Small problems are searched from several starts and
// to the end, large ones until changes save little, very large ones from greedy insertion and by moves only.

import { createRandom } from '../../core/basics/philox.ts';
import { preferredByPrices } from './dual-bound.ts';
import { insertGreedily, insertRoughly } from './greedy.ts';
import { allMoves, searchLocally } from './local-search.ts';
import type { Problem } from './problem.ts';
import { type SearchState, startAt, totalCostMs } from './search-state.ts';
import type { SharingRuleMaker } from './sharing-rule.ts';

/** A problem counts as small up to this many devices and links: 60 devices with 10 servers. */
const smallDeviceCount = 60;
const smallLinkCount = 600;
/** Rounds of the price ascent before a search; more rounds cost more time than they save. */
const startRounds = 24;
/** The largest number of links at which swaps are tried. */
const largeLinkCount = 50_000;
/** Smaller problems get more starts, because a search is short and one badly placed device weighs more: about this many links in all. */
const linksToSearch = 3000;
const fewestStarts = 8;
const mostStarts = 48;
/** Separates these draws from all other uses of a seed. */
const stream = 0x41800000;
/**
 * In a large problem, a change is skipped unless it saves this share of the cost of its two servers. Moves come first and take the
 * large savings; the swaps that are then skipped are worth about 0.05 % of the cost.
 */
const leastMoveSaving = 3e-3;
const leastSwapSaving = 3e-4;
/** The same for very large problems, which use moves only. */
const leastHugeSaving = 3e-3;
const hugeExaminationsPerDevice = 4;

/** How much effort a problem gets. */
export function searchSize({ deviceCount, linkDevice: { length } }: Problem): 'small' | 'large' | 'huge' {
  if (deviceCount <= smallDeviceCount && length <= smallLinkCount) return 'small';
  return length <= largeLinkCount ? 'large' : 'huge';
}

/** @param seed for the starts of small problems */
export function searchBest(problem: Problem, createRule: SharingRuleMaker, seed: number): SearchState {
  const size = searchSize(problem);
  if (size === 'small') return searchSmall(problem, createRule, seed);
  const isHuge = size === 'huge';
  const state = isHuge ? insertRoughly(problem, createRule) : startByPrices(problem, createRule);
  const moves = { canMove: true, canSwap: false };
  if (isHuge) {
    const mostExaminations = hugeExaminationsPerDevice * problem.deviceCount;
    searchLocally(problem, state, { ...moves, leastSaving: leastHugeSaving, mostExaminations });
  } else {
    searchLocally(problem, state, { ...moves, leastSaving: leastMoveSaving });
    searchLocally(problem, state, { ...allMoves, leastSaving: leastSwapSaving });
  }
  return state;
}

/** Prices are those of the paper's objective; under `felt` the start is greedy. */
function startByPrices(problem: Problem, createRule: SharingRuleMaker): SearchState {
  if (problem.felt !== undefined) return insertGreedily(problem, createRule);
  return startAt(problem, preferredByPrices(problem, startRounds), createRule);
}

function searchSmall(problem: Problem, createRule: SharingRuleMaker, seed: number): SearchState {
  const random = createRandom(seed, stream);
  let incumbent = insertGreedily(problem, createRule);
  searchLocally(problem, incumbent);
  const consider = (state: SearchState): void => {
    searchLocally(problem, state);
    if (totalCostMs(state) < totalCostMs(incumbent)) incumbent = state;
  };
  consider(startByPrices(problem, createRule));
  const startCount = Math.round(linksToSearch / Math.max(1, problem.linkDevice.length));
  for (let start = 0; start < Math.min(mostStarts, Math.max(fewestStarts, startCount)); start++) {
    const server = perturbed(problem, incumbent, start % 2 === 0 ? 0.3 : 0.6, random.uniform);
    consider(startAt(problem, server, createRule));
  }
  return incumbent;
}

/** The servers of the incumbent, except that each device moves to a random server with chance `chance`. */
function perturbed(problem: Problem, { partition }: SearchState, chance: number, uniform: () => number): Int32Array {
  const server = partition.toServers();
  for (let device = 0; device < problem.deviceCount; device++) {
    const start = problem.linkStart[device] as number;
    const count = (problem.linkStart[device + 1] as number) - start;
    if (count === 0 || uniform() >= chance) continue;
    server[device] = problem.linkServer[start + Math.floor(uniform() * count)] as number;
  }
  return server;
}
