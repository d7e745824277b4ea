// An actor with random weights, for tests without training.

import { createRandom } from '../../../src/core/basics/philox.ts';
import { featureCount } from './describe-slot.ts';
import { flatShapes } from './flat-network.ts';
import type { LearnedActor, NetworkName, VariantName } from './learned-policy.ts';
import { pairShapes } from './pair-network.ts';

/** @param deviceCount for the flat network */
export function drawActor(network: NetworkName, variant: VariantName, seed: number, deviceCount = 6): LearnedActor {
  const { normal } = createRandom(seed, 0x5f000000);
  const shapes = network === 'pairs' ? pairShapes(5) : flatShapes(deviceCount, 5);
  const draw = (size: number): Float32Array => Float32Array.from({ length: size }, () => 0.5 * normal());
  const entries = Object.entries(shapes).map(([name, shape]) => [
    name,
    draw(shape.reduce((size, one) => size * one, 1)),
  ]);
  const scale = { centre: new Float32Array(featureCount), deviation: new Float32Array(featureCount).fill(10) };
  return { network, variant, weights: Object.fromEntries(entries) as LearnedActor['weights'], scale };
}
