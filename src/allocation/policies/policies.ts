// Every policy by name. A name is an association, and, after a plus, how servers share: `tma+equal`, `tma+optimal`. Without the
// second part, the paper's policies share equally and ours optimally.

import { badArgument } from '../../core/basics/errors.ts';
import { nearestName } from '../../core/basics/nearest-name.ts';
import { shareEqually } from '../paper/equal-shares.ts';
import { shareOptimally } from '../paper/optimal-shares.ts';
import { searchBest } from '../search/best-search.ts';
import { boundByPrices } from '../search/dual-bound.ts';
import { insertGreedily } from '../search/greedy.ts';
import { searchLocally } from '../search/local-search.ts';
import { decideAhead } from '../search/look-ahead.ts';
import { createProblem, type Problem } from '../search/problem.ts';
import { type SearchState, startAt } from '../search/search-state.ts';
import type { SharingRuleMaker } from '../search/sharing-rule.ts';
import { matchSwapStable } from '../search/swap-stable.ts';
import { withFadingMargin } from '../slot/forecast.ts';
import type { Policy, SlotState } from '../slot/slot-state.ts';
import { decideByBatches } from './batch-plan.ts';
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
  /** Decides by where devices and servers are, which a slot need not say. */
  readonly needsPlaces?: true;
}

type Search = (problem: Problem, createRule: SharingRuleMaker, state: SlotState) => SearchState;

interface Recipe extends PolicyEntry {
  /** Considers each device alone, so shares do not matter. */
  readonly associate?: Association;
  readonly search?: Search;
  /** The slot as the policy sees it. */
  readonly view?: (state: SlotState) => SlotState;
  /** Decides shares too. */
  readonly decide?: Policy;
  /** Under `felt` its association is one of some proposals (proposals.ts). */
  readonly isProposed?: true;
  /** Those of {@link Recipe.decide} are its own; with `+optimal` its devices get optimal ones in their place. */
  readonly hasOwnShares?: true;
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

/** No text is anywhere, so no move costs its evaluation. */
function withoutTexts(state: SlotState): SlotState {
  const pace = state.pace && { ...state.pace, textServer: state.pace.textServer.map(() => -1) };
  return { ...state, handover: undefined, pace };
}

function association(name: string, description: string, associate: Association): Recipe {
  return { name, description, sharing: 'equal', associate };
}

function searching(name: string, description: string, search: Search): Recipe {
  return { name, description, sharing: 'optimal', search };
}

/** `best`, for the slot as `view` shows it. */
function bestBy(name: string, description: string, view: (state: SlotState) => SlotState): Recipe {
  const search: Search = (problem, createRule, state) => searchBest(problem, createRule, state.seed);
  return { ...searching(name, description, search), view };
}

/** `best` that takes old gains to be some decibels lower. */
function bestWithMargin(name: string, marginDb: number): Recipe {
  const description = `best with a fading margin of ${marginDb} dB on gains that are old`;
  return bestBy(name, description, (state) => withFadingMargin(state, marginDb));
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
  searching('swap-stable', 'stable matching with quotas, then trades that harm no participant', matchSwapStable),
  {
    ...bestBy('best', 'what we recommend: moves and swaps, as long as the size allows', (state) => state),
    isProposed: true,
  },
  bestBy('best-slot', 'the same by the cost of the slot alone: under felt without other proposals', (state) => state),
  bestBy('best-blind', 'the same without the cost of handovers, for which the paper has no term', withoutTexts),
  bestWithMargin('best-margin', 3),
  bestWithMargin('best-margin-6', 6),
  bestWithMargin('best-margin-10', 10),
  bestWithMargin('best-margin-15', 15),
  association(
    'hysteresis',
    'stays until another gain is 3 dB higher (event A3 of mobile networks)',
    associateWithHysteresis,
  ),
  {
    name: 'batch-dp',
    description: 'best SNR; batches by dynamic programming, shares by closed form (Zhu et al. 2025)',
    sharing: 'optimal',
    decide: decideByBatches,
    hasOwnShares: true,
  },
  {
    name: 'look-ahead',
    description: 'the cheapest of some associations over a forecast of the next slots',
    sharing: 'optimal',
    needsPlaces: true,
    decide: decideAhead,
  },
];

/** All names of {@link createPolicy}, without the part after the plus. */
export const policyList: readonly PolicyEntry[] = recipes;

/** @param name with or without the part after the plus */
export function policyEntry(name: string): PolicyEntry | undefined {
  return recipes.find((one) => one.name === name.split('+')[0]);
}

/**
 * @param name of {@link policyList}, alone or with `+equal` or `+optimal`
 * @param others further names of the caller, for the message
 * @throws OutriderError `bad-argument` for an unknown name
 */
export function createPolicy(name: string, others: readonly string[] = []): Policy {
  const [base, ending, ...rest] = name.split('+');
  const recipe = recipes.find((one) => one.name === base);
  const sharing = ending ?? recipe?.sharing;
  if (recipe === undefined || rest.length > 0 || (sharing !== 'equal' && sharing !== 'optimal')) {
    const known = recipes.map((one) => one.name);
    const nearest = nearestName(base ?? '', [...known, ...others]);
    const hint = recipe !== undefined || nearest === undefined ? '' : `Did you mean ${nearest}? `;
    const more = others.length === 0 ? '' : ` Or, without such an ending: ${others.join(', ')}.`;
    const remedy = `${hint}Choose one of: ${known.join(', ')}; add +equal or +optimal to say how servers share.${more}`;
    throw badArgument(`there is no policy "${name}"`, remedy);
  }
  return (state) => decide(state, recipe, sharing, ending !== undefined);
}

function decide(state: SlotState, recipe: Recipe, sharing: Sharing, isSharingNamed: boolean): ReturnType<Policy> {
  if (recipe.decide !== undefined) {
    const assignment = recipe.decide(state);
    if (sharing === 'equal') return shareEqually(state, assignment.server);
    return isSharingNamed && recipe.hasOwnShares ? shareOptimally(state, assignment.server) : assignment;
  }
  if (recipe.search === undefined) {
    const server = (recipe.associate as Association)(state);
    return sharing === 'equal' ? shareEqually(state, server) : shareOptimally(state, server);
  }
  const ruled = sharing === 'equal' ? equalSharing : optimalSharing;
  if (recipe.isProposed && state.objective.kind === 'felt') return chooseProposal(proposeFelt(state, ruled)).assignment;
  const problem = createProblem(recipe.view?.(state) ?? state);
  const found = recipe.search(problem, ruled.createRule, state);
  return ruled.share(state, found.partition.toServers(), problem);
}
