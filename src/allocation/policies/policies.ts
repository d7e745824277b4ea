// The built-in policies by name. A name is an association, and, after a plus, how servers share: `tma+equal`, `tma+optimal`. Without the
// second part, the paper's policies share equally and ours optimally. Those of research are in simulator/policies/.

import { badArgument } from '../../core/basics/errors.ts';
import { nearestName } from '../../core/basics/nearest-name.ts';
import { shareEqually } from '../paper/equal-shares.ts';
import { shareOptimally } from '../paper/optimal-shares.ts';
import { searchBest } from '../search/best-search.ts';
import { boundByPrices } from '../search/dual-bound.ts';
import { insertGreedily } from '../search/greedy.ts';
import { searchLocally } from '../search/local-search.ts';
import { createProblem, type Problem } from '../search/problem.ts';
import { type SearchState, startAt } from '../search/search-state.ts';
import type { SharingRuleMaker } from '../search/sharing-rule.ts';
import type { Assignment, Policy, SlotState } from '../slot/slot-state.ts';
import { chooseProposal, equalSharing, optimalSharing, proposeFelt } from './proposals.ts';
import {
  type Association,
  associateAtRandom,
  associateByJointScore,
  associateByMaxCompute,
  associateByMaxGain,
  associateByMaxSinr,
  associateWithHysteresis,
} from './simple-association.ts';
import { associateByTma } from './tma.ts';

/** How servers share band and computing. */
export type Sharing = 'equal' | 'optimal';

/** One policy of {@link policyList}. */
export interface PolicyEntry {
  readonly name: string;
  /** One line, for the command line. */
  readonly description: string;
  /** The sharing of the name alone; the other one is `name+equal` or `name+optimal`. */
  readonly sharing: Sharing;
}

export type Search = (problem: Problem, createRule: SharingRuleMaker, state: SlotState) => SearchState;

/** A policy by one of three ways to decide. */
export interface Recipe extends PolicyEntry {
  /** Considers each device alone, so shares do not matter. */
  readonly associate?: Association;
  readonly search?: Search;
  /** The slot as the search sees it. */
  readonly view?: (state: SlotState) => SlotState;
  /** Decides shares too. @param isNamed the name says how servers share */
  readonly decide?: (state: SlotState, sharing: Sharing, isNamed: boolean) => Assignment;
}

/** Rounds of the price ascent before a search. */
const startRounds = 150;

/** A search that begins with a start and ends when no change helps. */
function searchFrom(start: Search): Search {
  return (problem, createRule, slot) => {
    const state = start(problem, createRule, slot);
    searchLocally(problem, state);
    return state;
  };
}

const startByPrices: Search = (problem, createRule) =>
  startAt(problem, boundByPrices(problem, startRounds).preferredServer, createRule);

/** The search of `best`. */
export const searchAsBest: Search = (problem, createRule, state) => searchBest(problem, createRule, state.seed);

/** Under `felt` the association is one of some proposals (proposals.ts). */
function decideBest(state: SlotState, sharing: Sharing): Assignment {
  if (state.objective.kind === 'felt') return chooseProposal(proposeFelt(state, sharingOf(sharing))).assignment;
  return decideBySearch(state, sharing, searchAsBest);
}

const recipes: readonly Recipe[] = [
  association('random', 'a random reachable server for each device (paper)', associateAtRandom),
  association('max-sinr', 'the server with the best SNR (paper)', associateByMaxSinr),
  association('max-compute', 'the fastest server, among equals the highest gain (paper)', associateByMaxCompute),
  association('joint-score', 'the largest product of rate and speed of computing', associateByJointScore),
  {
    name: 'tma',
    description: 'highest gain, then swaps of pairs while one helps (paper)',
    sharing: 'equal',
    search: (problem, createRule, state) => associateByTma(problem, associateByMaxGain(state), createRule),
  },
  searching('greedy', 'one device after the other, each to the server whose cost grows least', insertGreedily),
  searching('greedy-search', 'greedy, then moves and swaps until none helps', searchFrom(insertGreedily)),
  searching('price-search', 'a start by dual prices, then moves and swaps until none helps', searchFrom(startByPrices)),
  {
    name: 'best',
    description: 'what we recommend: moves and swaps, as long as the size allows',
    sharing: 'optimal',
    decide: decideBest,
  },
  association(
    'hysteresis',
    'stays until another gain is 3 dB higher (event A3 of mobile networks)',
    associateWithHysteresis,
  ),
];

function association(name: string, description: string, associate: Association): Recipe {
  return { name, description, sharing: 'equal', associate };
}

export function searching(name: string, description: string, search: Search): Recipe {
  return { name, description, sharing: 'optimal', search };
}

/** All names of {@link createPolicy}, without the part after the plus. */
export const policyList: readonly PolicyEntry[] = recipes;

/**
 * @param name of {@link policyList}, alone or with `+equal` or `+optimal`
 * @throws OutriderError `bad-argument` for an unknown name
 */
export function createPolicy(name: string): Policy {
  return createPolicyOf(name, []);
}

/** {@link createPolicy} with more recipes. @param others further names of the caller, for the message */
export function createPolicyOf(name: string, more: readonly Recipe[], others: readonly string[] = []): Policy {
  const all = [...recipes, ...more];
  const [base, ending, ...rest] = name.split('+');
  const recipe = all.find((one) => one.name === base);
  const sharing = ending ?? recipe?.sharing;
  if (recipe === undefined || rest.length > 0 || (sharing !== 'equal' && sharing !== 'optimal')) {
    const known = all.map((one) => one.name);
    const nearest = nearestName(base ?? '', [...known, ...others]);
    const hint = recipe !== undefined || nearest === undefined ? '' : `Did you mean ${nearest}? `;
    const without = others.length === 0 ? '' : ` Or, without such an ending: ${others.join(', ')}.`;
    const remedy = `${hint}Choose one of: ${known.join(', ')}; add +equal or +optimal to say how servers share.${without}`;
    throw badArgument(`there is no policy "${name}"`, remedy);
  }
  return (state) => decideBy(recipe, state, sharing, ending !== undefined);
}

const sharingOf = (sharing: Sharing) => (sharing === 'equal' ? equalSharing : optimalSharing);

function decideBy(recipe: Recipe, state: SlotState, sharing: Sharing, isNamed: boolean): Assignment {
  if (recipe.decide !== undefined) return recipe.decide(state, sharing, isNamed);
  if (recipe.search !== undefined) return decideBySearch(state, sharing, recipe.search, recipe.view?.(state));
  const server = (recipe.associate as Association)(state);
  return sharing === 'equal' ? shareEqually(state, server) : shareOptimally(state, server);
}

function decideBySearch(state: SlotState, sharing: Sharing, search: Search, seen: SlotState = state): Assignment {
  const { createRule, share } = sharingOf(sharing);
  const problem = createProblem(seen);
  return share(state, search(problem, createRule, state).partition.toServers(), problem);
}
