// Sets the scale of features and rewards, from a few worlds with seeds of the training's own, before anything is learned.

import {
  describeSlot,
  deviceFeatureCount,
  type FeatureScale,
  featureCount,
  linkFeatureCount,
  serverFeatureCount,
} from '../../src/allocation/learned/describe-slot.ts';
import { createPolicy } from '../../src/allocation/policies/policies.ts';
import { createProblem } from '../../src/allocation/search/problem.ts';
import type { RewardScale } from './batch.ts';
import type { Environment } from './environment.ts';

/** A feature with less variation is not scaled. */
const leastDeviation = 1e-3;

interface Moments {
  count: number;
  sum: number;
  squares: number;
}

/** @param seeds of the worlds @param slots of each */
export function fitScale(
  environment: Environment,
  seeds: readonly number[],
  slots: number,
): { readonly scale: FeatureScale; readonly rewards: RewardScale } {
  const tma = createPolicy('tma');
  const features = Array.from({ length: featureCount }, emptyMoments);
  const lnRandom = emptyMoments();
  const reward = emptyMoments();
  const costMs = emptyMoments();
  for (const seed of seeds) {
    let state = environment.reset(seed);
    for (let slot = 0; slot < slots; slot++) {
      const { devices, servers, links } = describeSlot(state, createProblem(state));
      addAll(features, devices, deviceFeatureCount, 0);
      addAll(features, servers, serverFeatureCount, deviceFeatureCount);
      addAll(features, links, linkFeatureCount, deviceFeatureCount + serverFeatureCount);
      const outcome = environment.step(tma(state));
      add(lnRandom, Math.log(outcome.randomCostMs));
      add(reward, -outcome.reward);
      add(costMs, outcome.costMs);
      state = outcome.next;
    }
  }
  const scale = {
    centre: Float32Array.from(features, meanOf),
    deviation: Float32Array.from(features, deviationOf),
  };
  const rewards = {
    reward: meanOf(reward),
    costMs: meanOf(costMs),
    lnRandomCentre: meanOf(lnRandom),
    lnRandomDeviation: deviationOf(lnRandom),
  };
  return { scale, rewards };
}

function emptyMoments(): Moments {
  return { count: 0, sum: 0, squares: 0 };
}

function add(moments: Moments, value: number): void {
  moments.count++;
  moments.sum += value;
  moments.squares += value * value;
}

function addAll(features: readonly Moments[], values: Float32Array, width: number, first: number): void {
  for (const [at, value] of values.entries()) add(features[first + (at % width)] as Moments, value);
}

function meanOf({ count, sum }: Moments): number {
  return sum / Math.max(1, count);
}

function deviationOf(moments: Moments): number {
  const centre = meanOf(moments);
  const deviation = Math.sqrt(Math.max(0, moments.squares / Math.max(1, moments.count) - centre * centre));
  return deviation < leastDeviation ? 1 : deviation;
}
