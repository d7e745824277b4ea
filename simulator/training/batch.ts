// A batch of transitions from the replay buffer as arrays for an update: scaled, masked, with the numbers of each device's chosen link.

import { createRandom } from '../../src/core/basics/philox.ts';
import {
  deviceFeatureCount,
  type FeatureScale,
  featureCount,
  linkFeatureCount,
  scaleFeatures,
  serverFeatureCount,
} from '../policies/learned/describe-slot.ts';
import type { Replay } from './replay.ts';

/** Divisors of rewards and of ln J_random, so that both are about 1: `reward` is the mean of J / J_random, `costMs` that of J. */
export type RewardScale = Readonly<Record<'reward' | 'costMs' | 'lnRandomCentre' | 'lnRandomDeviation', number>>;

type Numbers = 'devices' | 'servers' | 'links' | 'eligible' | 'chosen' | 'lnRandom';

/** Row-major numbers of B slots; see SlotBatch in networks.ts. `rows`: [B, M, featureCount]. */
export type SlotNumbers = Readonly<Record<Numbers | 'rows', Float32Array>>;

/**
 * The factor of a row's reward and of its devices' costs. Each reward is J / J_random of its slot, divided by the mean reward.
 * Where slots add up to a return, this fails: a policy that fills queues makes random association more expensive too, and would not
 * be punished. There all slots share one unit, the mean of J.
 */
export function rewardFactor(replay: Replay, row: number, rewards: RewardScale, addsUp: boolean): number {
  if (!addsUp) return 1 / rewards.reward;
  return Math.exp(replay.arrays.lnRandom[row] as number) / rewards.costMs;
}

/** @param rows of the replay buffer; [B] */
export function gatherSlots(replay: Replay, rows: Int32Array, scale: FeatureScale, rewards: RewardScale): SlotNumbers {
  const { arrays, deviceCount, serverCount } = replay;
  const size = rows.length;
  const pairs = deviceCount * serverCount;
  const out: SlotNumbers = {
    devices: new Float32Array(size * deviceCount * deviceFeatureCount),
    servers: new Float32Array(size * serverCount * serverFeatureCount),
    links: new Float32Array(size * pairs * linkFeatureCount),
    eligible: new Float32Array(size * pairs),
    chosen: new Float32Array(size * pairs),
    lnRandom: new Float32Array(size),
    rows: new Float32Array(size * deviceCount * featureCount),
  };
  const copy = (from: Float32Array, to: Float32Array, width: number): void => {
    for (const [index, row] of rows.entries()) to.set(from.subarray(row * width, (row + 1) * width), index * width);
  };
  copy(arrays.devices, out.devices, deviceCount * deviceFeatureCount);
  copy(arrays.servers, out.servers, serverCount * serverFeatureCount);
  copy(arrays.links, out.links, pairs * linkFeatureCount);
  scaleFeatures(out, scale);
  for (const [index, row] of rows.entries()) {
    out.lnRandom[index] = ((arrays.lnRandom[row] as number) - rewards.lnRandomCentre) / rewards.lnRandomDeviation;
    for (let pair = 0; pair < pairs; pair++) {
      const isEligible = arrays.eligible[row * pairs + pair] as number;
      out.eligible[index * pairs + pair] = isEligible;
      if (isEligible === 0)
        out.links.fill(0, (index * pairs + pair) * linkFeatureCount, (index * pairs + pair + 1) * linkFeatureCount);
    }
    for (let device = 0; device < deviceCount; device++) {
      const server = arrays.server[row * deviceCount + device] as number;
      if (server >= 0) choose(out, index * deviceCount + device, index * serverCount + server, server, serverCount);
    }
  }
  return out;
}

/** Marks a device's server, and collects the numbers of device, server and link. */
function choose(out: SlotNumbers, device: number, ofServer: number, server: number, serverCount: number): void {
  const link = device * serverCount + server;
  out.chosen[link] = 1;
  const part = (values: Float32Array, at: number, width: number): Float32Array =>
    values.subarray(at * width, (at + 1) * width);
  const at = device * featureCount;
  out.rows.set(part(out.devices, device, deviceFeatureCount), at);
  out.rows.set(part(out.servers, ofServer, serverFeatureCount), at + deviceFeatureCount);
  out.rows.set(part(out.links, link, linkFeatureCount), at + deviceFeatureCount + serverFeatureCount);
}

/** Standard normal numbers, keyed by seed and stream. */
export function drawNormals(seed: number, stream: number, count: number): Float32Array {
  const random = createRandom(seed, stream);
  return Float32Array.from({ length: count }, random.normal);
}
