// A trained policy: the slot as features, scores for every link, and from them association and shares. It decides by the mean
// scores, so it is a pure function of the slot.

import { shareOptimally } from '../allocation/optimal-shares.ts';
import { createProblem, type Problem } from '../allocation/problem.ts';
import { associateByMaxGain } from '../allocation/simple-association.ts';
import type { Assignment, Policy, SlotState } from '../allocation/slot-state.ts';
import { associateByTma } from '../allocation/tma.ts';
import { exp, log } from '../basics/fdlibm.ts';
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

/** All data of a trained policy. */
export interface LearnedActor {
  readonly network: NetworkName;
  readonly variant: VariantName;
  readonly weights: Weights;
  readonly scale: FeatureScale;
}

export function createLearnedPolicy(actor: LearnedActor): Policy {
  return (state) => {
    const problem = createProblem(state);
    const { mean } = scoreSlot(actor, problem, readSlot(actor, state, problem));
    if (actor.variant === 'association') return shareOptimally(state, associateByMeans(problem, mean), problem);
    return decideByScores(state, problem, actor.variant, mean);
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
  if (variant === 'association') return shareOptimally(state, associateByScore(problem, score), problem);
  const { partition } = associateByTma(problem, associateByMaxGain(state), learnedRule(score));
  return shareByScores(problem, partition.toServers(), partition.linkOf, score);
}

/** The eligible server whose score for y is highest, -1 where none is eligible; ties to the lower one. */
function associateByScore(problem: Problem, score: Float64Array): Int32Array {
  const { deviceCount, linkStart, linkServer } = problem;
  const server = new Int32Array(deviceCount).fill(-1);
  for (let device = 0; device < deviceCount; device++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let link = linkStart[device] as number; link < (linkStart[device + 1] as number); link++) {
      const value = score[2 * link] as number;
      if (value <= best) continue;
      best = value;
      server[device] = linkServer[link] as number;
    }
  }
  return server;
}

/**
 * Equal devices have equal mean scores, and would all take one server. So scores become chances, by a softmax, and are rounded: devices
 * choose one after the other, the most certain first, by ln(chance) and by how far a server is below the sum of the chances so far.
 */
function associateByMeans(problem: Problem, score: Float64Array): Int32Array {
  const { deviceCount, serverCount, linkStart, linkServer } = problem;
  const chance = new Float64Array(linkServer.length);
  const certainty = new Float64Array(deviceCount);
  for (let device = 0; device < deviceCount; device++) {
    const [first, end] = [linkStart[device] as number, linkStart[device + 1] as number];
    let highest = Number.NEGATIVE_INFINITY;
    for (let link = first; link < end; link++) highest = Math.max(highest, score[2 * link] as number);
    let sum = 0;
    for (let link = first; link < end; link++) {
      chance[link] = exp((score[2 * link] as number) - highest);
      sum += chance[link] as number;
    }
    for (let link = first; link < end; link++) chance[link] = (chance[link] as number) / sum;
    certainty[device] = 1 / sum;
  }
  const order = Array.from({ length: deviceCount }, (_, device) => device);
  order.sort((one, other) => (certainty[other] as number) - (certainty[one] as number));
  const expected = new Float64Array(serverCount);
  const taken = new Float64Array(serverCount);
  const chosen = new Int32Array(deviceCount).fill(-1);
  for (const device of order) {
    let best = Number.NEGATIVE_INFINITY;
    for (let link = linkStart[device] as number; link < (linkStart[device + 1] as number); link++) {
      const server = linkServer[link] as number;
      expected[server] = (expected[server] as number) + (chance[link] as number);
      const value = log(chance[link] as number) + (expected[server] as number) - (taken[server] as number);
      if (value <= best) continue;
      best = value;
      chosen[device] = server;
    }
    const server = chosen[device] as number;
    if (server >= 0) taken[server] = (taken[server] as number) + 1;
  }
  return chosen;
}
