// Sets the scale of features and rewards, from a few worlds with seeds of the training's own, before anything is learned.

import { createProblem } from '../../src/allocation/search/problem.ts';
import {
  describeSlot,
  deviceFeatureCount,
  type FeatureScale,
  featureCount,
  linkFeatureCount,
  serverFeatureCount,
} from '../policies/learned/describe-slot.ts';
import { createPolicy } from '../policies/policies.ts';
import type { RewardScale } from './batch.ts';
import type { Environment } from './environment.ts';

/** A feature with less variation is not scaled. */
const leastDeviation = 1e-3;

/** @param seeds of the worlds @param slots of each */
export function fitScale(
  environment: Environment,
  seeds: readonly number[],
  slots: number,
): { readonly scale: FeatureScale; readonly rewards: RewardScale } {
  const tma = createPolicy('tma');
  const features = Array.from({ length: featureCount }, () => new Moments());
  const lnRandom = new Moments();
  const reward = new Moments();
  const costMs = new Moments();
  for (const seed of seeds) {
    let state = environment.reset(seed);
    for (let slot = 0; slot < slots; slot++) {
      const { devices, servers, links } = describeSlot(state, createProblem(state));
      addAll(features, devices, deviceFeatureCount, 0);
      addAll(features, servers, serverFeatureCount, deviceFeatureCount);
      addAll(features, links, linkFeatureCount, deviceFeatureCount + serverFeatureCount);
      const outcome = environment.step(tma(state));
      lnRandom.add(Math.log(outcome.randomCostMs));
      reward.add(-outcome.reward);
      costMs.add(outcome.costMs);
      state = outcome.next;
    }
  }
  const scale = {
    centre: Float32Array.from(features, (one) => one.mean),
    deviation: Float32Array.from(features, (one) => one.deviation),
  };
  const rewards = {
    reward: reward.mean,
    costMs: costMs.mean,
    lnRandomCentre: lnRandom.mean,
    lnRandomDeviation: lnRandom.deviation,
  };
  return { scale, rewards };
}

function addAll(features: readonly Moments[], values: Float32Array, width: number, first: number): void {
  for (const [at, value] of values.entries()) features[first + (at % width)]?.add(value);
}

class Moments {
  #count = 0;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    this.#squares += value * value;
  }

  get mean(): number {
    return this.#sum / Math.max(1, this.#count);
  }

  get deviation(): number {
    const deviation = Math.sqrt(Math.max(0, this.#squares / Math.max(1, this.#count) - this.mean * this.mean));
    return deviation < leastDeviation ? 1 : deviation;
  }
}
