// A trained policy: the slot as features, scores for every link, and from them association and shares. It decides by the mean
// scores, so it is a pure function of the slot.

import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { associateByMaxGain } from '../../../src/allocation/policies/simple-association.ts';
import { associateByTma } from '../../../src/allocation/policies/tma.ts';
import { createProblem, type Problem } from '../../../src/allocation/search/problem.ts';
import type { Assignment, Policy, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { associateByHighest, associateByScores, type Rounding } from './associate-by-scores.ts';
import { describeSlot, type FeatureScale, type SlotFeatures, scaleFeatures } from './describe-slot.ts';
import { scoreFlat } from './flat-network.ts';
import type { Weights } from './layers.ts';
import { learnedRule, shareByScores } from './learned-rule.ts';
import { scorePairs } from './pair-network.ts';
import type { Scores } from './score.ts';

/** `pairs`: any number of devices and servers in any order. `flat`: the paper's kind, for one number of devices. */
export const networkNames = ['pairs', 'flat'] as const;
export type NetworkName = (typeof networkNames)[number];

/**
 * What the scores decide. `tma-masac`: the shares; association by TMA, which computes shares at each swap that it tries (the
 * paper's). `association`: the server, by the scores for y; shares in closed form.
 */
export const variantNames = ['tma-masac', 'association'] as const;
export type VariantName = (typeof variantNames)[number];

export interface LearnedActor {
  readonly network: NetworkName;
  readonly variant: VariantName;
  readonly weights: Weights;
  readonly scale: FeatureScale;
}

/** @param rounding how mean scores become servers, for variant `association` */
export function createLearnedPolicy(actor: LearnedActor, rounding: Rounding = 'rounded'): Policy {
  return (state) => {
    const problem = createProblem(state);
    const { mean, deviation } = scoreSlot(actor, problem, readSlot(actor, state, problem));
    if (actor.variant !== 'association') return decideByScores(state, problem, actor.variant, mean);
    return shareOptimally(state, associateByScores(problem, mean, rounding, { state, deviation }), problem);
  };
}

/** The slot as input of the actor's networks. */
export function readSlot(actor: LearnedActor, state: SlotState, problem: Problem): SlotFeatures {
  return scaleFeatures(describeSlot(state, problem), actor.scale);
}

/** @param features scaled */
export function scoreSlot(actor: LearnedActor, problem: Problem, features: SlotFeatures): Scores {
  return actor.network === 'pairs'
    ? scorePairs(problem, features, actor.weights)
    : scoreFlat(problem, features, actor.weights);
}

/** Decides by drawn scores, as in training: the highest one for y wins. @param score for y and z of each link; [L * 2] */
export function decideByScores(
  state: SlotState,
  problem: Problem,
  variant: VariantName,
  score: Float64Array,
): Assignment {
  if (variant === 'association') return shareOptimally(state, associateByHighest(problem, score), problem);
  const { partition } = associateByTma(problem, associateByMaxGain(state), learnedRule(score));
  return shareByScores(problem, partition.toServers(), partition.linkOf, score);
}
