// The trained networks equal those in use, and order does not matter to the networks of pairs.

import { numpy as np } from '@jax-js/jax';
import { beforeAll, describe, expect, it } from 'vitest';
import { createProblem } from '../../src/allocation/search/problem.ts';
import { syntheticSlot } from '../../src/allocation/slot/synthetic-slot.ts';
import { createRandom } from '../../src/core/basics/philox.ts';
import { featureCount } from '../policies/learned/describe-slot.ts';
import { drawActor } from '../policies/learned/learned-actor.fixture.ts';
import { readSlot, scoreSlot } from '../policies/learned/learned-policy.ts';
import { gatherSlots } from './batch.ts';
import { startJax } from './learner.ts';
import {
  type CriticRows,
  criticShapes,
  pairValue,
  type SlotBatch,
  scoreAll,
  scoreChosen,
  type Tensors,
} from './networks.ts';
import { addSlot, createReplay } from './replay.ts';

beforeAll(startJax);

const state = syntheticSlot({ deviceCount: 6, serverCount: 3, seed: 5, objective: { energyWeight: 20 } });
// One link that is not eligible, one device without a server.
state.snr[1] = 0;
state.snr.fill(0, 9, 12);
const problem = createProblem(state);
const unit = { reward: 1, costMs: 1, lnRandomCentre: 0, lnRandomDeviation: 1 };

describe('trained and deciding actor', () => {
  it.each(['pairs', 'flat'] as const)('are the same function: %s', (network) => {
    const actor = drawActor(network, 'tma-masac', 3);
    const wanted = scoreSlot(actor, problem, readSlot(actor, state, problem));
    const replay = createReplay(1, 6, 3);
    const server = Int32Array.from(
      { length: 6 },
      (_, device) => problem.linkServer[problem.linkStart[device] as number] ?? -1,
    );
    server[3] = -1;
    const shares = new Float64Array(6);
    const assignment = { server, bandwidthShare: shares, computeShare: shares };
    const unscaled = readSlot(
      {
        ...actor,
        scale: { centre: new Float32Array(featureCount), deviation: new Float32Array(featureCount).fill(1) },
      },
      state,
      problem,
    );
    addSlot(replay, {
      problem,
      features: unscaled,
      assignment,
      score: wanted.mean,
      deviceCost: new Float64Array(6).fill(1),
      reward: -1,
      randomCostMs: 1,
      isLast: true,
    });
    const numbers = gatherSlots(replay, Int32Array.of(0), actor.scale, unit);
    const tensor = (values: Float32Array, shape: number[]): np.Array =>
      np.array(values as Float32Array<ArrayBuffer>).reshape(shape);
    const batch: SlotBatch = {
      devices: tensor(numbers.devices, [1, 6, -1]),
      servers: tensor(numbers.servers, [1, 3, -1]),
      links: tensor(numbers.links, [1, 6, 3, -1]),
      eligible: tensor(numbers.eligible, [1, 6, 3]),
      chosen: tensor(numbers.chosen, [1, 6, 3]),
      lnRandom: tensor(numbers.lnRandom, [1, 1]),
    };
    const weights: Tensors = {};
    for (const [name, values] of Object.entries(actor.weights)) {
      const shape =
        name.startsWith('actor.bias') || name === 'actor.outBias'
          ? [values.length]
          : [-1, widthOf(actor.weights, name)];
      weights[name.replace('actor.', '')] = tensor(values, shape);
    }
    const all = scoreAll(weights, batch);
    const chosen = scoreChosen(weights, batch);
    const [means, deviations] = [all.mean.dataSync(), all.deviation.dataSync()];
    const ofChosen = chosen.mean.dataSync();
    let compared = 0;
    for (let link = 0; link < problem.linkDevice.length; link++) {
      const [device, at] = [problem.linkDevice[link] as number, problem.linkServer[link] as number];
      for (const kind of [0, 1]) {
        expect(
          Math.abs((means[2 * (device * 3 + at) + kind] as number) - (wanted.mean[2 * link + kind] as number)),
        ).toBeLessThan(2e-5);
        expect(
          Math.abs(
            (deviations[2 * (device * 3 + at) + kind] as number) - (wanted.deviation[2 * link + kind] as number),
          ),
        ).toBeLessThan(2e-5);
        if (server[device] === at) {
          compared++;
          expect(
            Math.abs((ofChosen[2 * device + kind] as number) - (wanted.mean[2 * link + kind] as number)),
          ).toBeLessThan(2e-5);
        }
      }
    }
    expect(compared).toBe(10);
  });
});

function widthOf(weights: Readonly<Record<string, Float32Array>>, name: string): number {
  if (name === 'actor.out') return (weights['actor.outBias'] as Float32Array).length;
  return (weights['actor.bias1'] as Float32Array).length;
}

describe('the critic of pairs', () => {
  it('gives the same value for devices and servers in another order', () => {
    const { normal } = createRandom(5);
    const draw = (shape: readonly number[]): Float32Array =>
      Float32Array.from({ length: shape.reduce((size, one) => size * one, 1) }, () => 0.4 * normal());
    const shapes = criticShapes('pairs', 6, 4, 2);
    const weights: Tensors = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        np.array(draw(shape) as Float32Array<ArrayBuffer>).reshape([...shape]),
      ]),
    );
    const features = draw([4, featureCount]);
    const shares = draw([4, 2]);
    const valueIn = (order: readonly number[], servers: readonly number[]): number => {
      const pick = (values: Float32Array, width: number): np.Array =>
        np
          .array(Float32Array.from(order.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)])))
          .reshape([1, 4, width]);
      const rows: CriticRows = {
        features: pick(features, featureCount),
        lnShares: pick(shares, 2),
        server: np
          .array(order.flatMap((row) => [0, 1].map((one) => (servers[one] === [0, 1, 1, 0][row] ? 1 : 0))))
          .reshape([1, 4, 2]),
        weight: np.ones([1, 4]),
      };
      return pairValue(weights, rows, np.zeros([1, 1])).dataSync()[0] as number;
    };
    expect(valueIn([2, 0, 3, 1], [1, 0])).toBeCloseTo(valueIn([0, 1, 2, 3], [0, 1]), 5);
  });
});
