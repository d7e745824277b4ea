// `best` under the objective `felt`: several associations are proposed, each is scored by what readers are expected to get from where
// their sessions stand (felt-score.ts), and the best of those is taken that are better than the search's own by enough. The search's cost
// is that of a slot like this one for ever; what a moved text takes from the sessions beside it, and when a prompt ends, is in the score
// alone. A function of the slot; how many are proposed depends on its size alone.

import { type FeltProblem, repriceTexts } from '../felt/felt-problem.ts';
import { scoreFelt } from '../felt/felt-score.ts';
import type { PaceModel } from '../felt/pace-model.ts';
import { shareEqually } from '../paper/equal-shares.ts';
import { shareOptimally } from '../paper/optimal-shares.ts';
import { searchBest, searchSize } from '../search/best-search.ts';
import { createEqualRule } from '../search/equal-rule.ts';
import { searchLocally } from '../search/local-search.ts';
import { createOptimalRule } from '../search/optimal-rule.ts';
import { createProblem, type Problem } from '../search/problem.ts';
import { startAt } from '../search/search-state.ts';
import type { SharingRuleMaker } from '../search/sharing-rule.ts';
import { findLink, isEligible } from '../slot/links.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import {
  associateByJointScore,
  associateByMaxCompute,
  associateByMaxSinr,
  associateWithHysteresis,
} from './simple-association.ts';

/** How the servers of a proposal share. */
export interface ProposalSharing {
  readonly createRule: SharingRuleMaker;
  readonly share: (state: SlotState, server: Int32Array, problem: Problem) => Assignment;
}

export interface Proposal {
  readonly name: string;
  readonly assignment: Assignment;
  /** ms for each token, summed over devices: {@link scoreFelt}. */
  readonly score: number;
  /** Tokens of text that another server than the one which has them would evaluate. */
  readonly movedTokens: number;
}

export const optimalSharing: ProposalSharing = { createRule: createOptimalRule, share: shareOptimally };
export const equalSharing: ProposalSharing = { createRule: createEqualRule, share: shareEqually };

/**
 * By the size of the problem: prices of a moved text relative to the search's own, simple rules, and intervals of a score. Each proposal
 * takes as long as a part of the search, so a large slot has fewer, and a huge one only staying.
 */
const proposed = {
  small: { prices: [0.3, 3, 10], rules: ['max-sinr', 'joint-score', 'max-compute', 'hysteresis'], intervals: 12 },
  large: { prices: [], rules: ['max-sinr'], intervals: 6 },
  huge: { prices: [], rules: [], intervals: 6 },
} as const;
/** Another price changes few places: moves that save less than this share are left out, and so many devices are examined, for each one. */
const leastSaving = 3e-3;
const examinationsPerDevice = 2;
/** By this share another proposal has to be better than the search's: decisions are not to waver. */
const worthStaying = 0.02;
/** The same where it moves more text: what a move costs is certain, what it brings is predicted. */
const worthMoving = 0.25;

const simple = {
  'max-sinr': associateByMaxSinr,
  'joint-score': associateByJointScore,
  'max-compute': associateByMaxCompute,
  hysteresis: associateWithHysteresis,
} as const;

/** @returns each association once, under the first of its names; the search's own is the first */
export function proposeFelt(state: SlotState, { createRule, share }: ProposalSharing): readonly Proposal[] {
  const problem = createProblem(state);
  const { model } = problem.felt as FeltProblem;
  const found = searchBest(problem, createRule, state.seed).partition.toServers();
  const { prices, rules, intervals } = proposed[searchSize(problem)];
  const proposals: Proposal[] = [];
  const propose = (name: string, server: Int32Array): void => {
    if (proposals.some(({ assignment }) => isSame(assignment.server, server))) return;
    const assignment = share(state, server, problem);
    const score = scoreFelt(state, assignment, model, intervals);
    proposals.push({ name, assignment, score, movedTokens: movedTokensOf(model, assignment.server) });
  };
  propose('search', found);
  propose('stay', staying(state, found));
  for (const price of prices) propose(`texts x ${price}`, searchAt(state, problem, found, price, createRule));
  for (const rule of rules) propose(rule, simple[rule](state));
  return proposals;
}

/** The best of those that are better than the first one by enough; otherwise the first, also where scores are NaN. */
export function chooseProposal(proposals: readonly Proposal[]): Proposal {
  const first = proposals[0] as Proposal;
  const worth = ({ movedTokens }: Proposal): number => (movedTokens <= first.movedTokens ? worthStaying : worthMoving);
  const better = proposals.filter((one) => one.score < (1 - worth(one)) * first.score);
  return better.toSorted((one, other) => one.score - other.score)[0] ?? first;
}

function movedTokensOf(model: PaceModel, server: Int32Array): number {
  return server.reduce((sum, one, device) => (one < 0 ? sum : sum + model.movedTokens(device, one)), 0);
}

/** From an association on, moves that pay at another price of moved texts. */
function searchAt(
  state: SlotState,
  problem: Problem,
  server: Int32Array,
  price: number,
  createRule: SharingRuleMaker,
): Int32Array {
  const priced = { ...problem, felt: repriceTexts(problem, problem.felt as FeltProblem, price) };
  const search = startAt(priced, server, createRule);
  const mostExaminations = examinationsPerDevice * state.deviceCount;
  searchLocally(priced, search, { canMove: true, canSwap: false, leastSaving, mostExaminations });
  return search.partition.toServers();
}

/** Every device whose session has a text stays with it, where it can. */
function staying(state: SlotState, otherwise: Int32Array): Int32Array {
  return otherwise.map((other, device) => {
    const present = state.pace?.textServer[device] as number;
    const link = findLink(state, device, present);
    return link >= 0 && isEligible(state, link) ? present : other;
  });
}

function isSame(one: Int32Array, other: Int32Array): boolean {
  return one.every((server, device) => server === other[device]);
}
