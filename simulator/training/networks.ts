// The networks as @jax-js/jax differentiates them. The actors are those of simulator/policies/learned/ (a test compares both) on dense arrays: B
// slots of a batch, M devices, E servers, masks where there is no link. Ownership: a function borrows its arguments and uses them
// through `.ref` only; the caller owns the result.

import { nn, numpy as np } from '@jax-js/jax';
import {
  deviceFeatureCount,
  featureCount,
  linkFeatureCount,
  serverFeatureCount,
} from '../policies/learned/describe-slot.ts';
import { deviationBias, leastDeviation, scoreLimit } from '../policies/learned/score.ts';

/** Arrays by name. */
export type Tensors = { [name: string]: np.Array };

/** The state of B slots, scaled. */
export type SlotBatch = {
  /** [B, M, deviceFeatureCount] */
  devices: np.Array;
  /** [B, E, serverFeatureCount] */
  servers: np.Array;
  /** [B, M, E, linkFeatureCount], 0 where there is no eligible link. */
  links: np.Array;
  /** 1 where a link may be used; [B, M, E]. */
  eligible: np.Array;
  /** 1 where a device was served; [B, M, E]. */
  chosen: np.Array;
  /** ln J_random, scaled; [B, 1]. */
  lnRandom: np.Array;
};

/** Mean and deviation of scores; [B, M, 2] at the links chosen, or [B, M, E, 2]. */
export interface ScoreTensors {
  readonly mean: np.Array;
  readonly deviation: np.Array;
}

/**
 * [..., inner] times [inner, outer], as one product of matrices. Zeros make `inner` a multiple of 4: for others @jax-js/jax 0.1.25 has
 * no vector instructions.
 */
export function dense(input: np.Array, weight: np.Array): np.Array {
  const shape = input.shape;
  const [inner, outer] = weight.shape as [number, number];
  const missing = (4 - (inner % 4)) % 4;
  const rows = input.ref.reshape([-1, inner]);
  const product =
    missing === 0
      ? np.matmul(rows, weight.ref)
      : np.matmul(
          np.concatenate([rows, np.zeros([rows.shape[0] as number, missing])], 1),
          np.concatenate([weight.ref, np.zeros([missing, outer])], 0),
        );
  return product.reshape([...shape.slice(0, -1), outer]);
}

/** Scores at the links chosen; [B, M, 2]. */
export function scoreChosen(p: Tensors, batch: SlotBatch): ScoreTensors {
  if (p['layer1'] !== undefined) return split(pick(flatOutput(p, batch), batch.chosen));
  const { u, ofDevice, ofServer, ofAll } = pairTrunk(p, batch);
  const own = dense(pick(u, batch.chosen), p['own'] as np.Array);
  const server = pick(np.expandDims(ofServer, 1), batch.chosen);
  const v = nn.relu(own.add(ofDevice).add(server).add(ofAll));
  return split(dense(v, p['out'] as np.Array).add((p['outBias'] as np.Array).ref));
}

/** Scores at all links; [B, M, E, 2]. */
export function scoreAll(p: Tensors, batch: SlotBatch): ScoreTensors {
  if (p['layer1'] !== undefined) return split(flatOutput(p, batch));
  const { u, ofDevice, ofServer, ofAll } = pairTrunk(p, batch);
  const own = dense(u, p['own'] as np.Array);
  const ends = np.expandDims(ofDevice, 2).add(np.expandDims(ofServer, 1));
  const v = nn.relu(own.add(ends).add(np.expandDims(ofAll, 1)));
  return split(dense(v, p['out'] as np.Array).add((p['outBias'] as np.Array).ref));
}

/** First layer of every link, and the pooled terms of the second: [B, M, H], [B, E, H], [B, 1, H]. */
function pairTrunk(
  p: Tensors,
  { devices, servers, links, eligible }: SlotBatch,
): { u: np.Array; ofDevice: np.Array; ofServer: np.Array; ofAll: np.Array } {
  const weight = (name: string): np.Array => p[name] as np.Array;
  const mask = np.expandDims(eligible.ref, 3);
  const ends = np
    .expandDims(dense(devices, weight('device')), 2)
    .add(np.expandDims(dense(servers, weight('server')), 1));
  const u = nn.relu(dense(links, weight('link')).add(ends).add(weight('bias1').ref)).mul(mask);
  const meanOver = (axis: number[]): np.Array => {
    const count = np.expandDims(np.maximum(eligible.ref.sum(axis), 1), -1);
    return u.ref.sum(axis).div(count);
  };
  const ofAll = np.expandDims(dense(meanOver([1, 2]), weight('ofAll')).add(weight('bias2').ref), 1);
  return {
    ofDevice: dense(meanOver([2]), weight('ofDevice')),
    ofServer: dense(meanOver([1]), weight('ofServer')),
    ofAll,
    u,
  };
}

/** The value of each device's chosen link: [B, M or 1, E, N] to [B, M, N]. */
function pick(values: np.Array, chosen: np.Array): np.Array {
  return values.mul(np.expandDims(chosen.ref, 3)).sum(2);
}

/** [B, M, E, 4]. */
function flatOutput(p: Tensors, { devices, servers, links, eligible }: SlotBatch): np.Array {
  const [batch, deviceCount, serverCount] = eligible.shape as [number, number, number];
  const deviceWidth = deviceCount * deviceFeatureCount;
  const linkWidth = deviceCount * (linkFeatureCount + 1);
  const ofDevices = np.broadcastTo(devices.ref.reshape([batch, 1, deviceWidth]), [batch, serverCount, deviceWidth]);
  const ofLinks = np.concatenate([np.expandDims(eligible.ref, 3), links.ref], 3).transpose([0, 2, 1, 3]);
  const input = np.concatenate([ofDevices, ofLinks.reshape([batch, serverCount, linkWidth]), servers.ref], 2);
  const first = nn.relu(dense(input, p['layer1'] as np.Array).add((p['bias1'] as np.Array).ref));
  const second = nn.relu(dense(first, p['layer2'] as np.Array).add((p['bias2'] as np.Array).ref));
  // The bias is a row of the product: compiled, @jax-js/jax 0.1.25 computes a wrong sum when a product's columns are split and a
  // bias is added (update.test.ts compares with PyTorch).
  const withOne = np.concatenate([second, np.ones([batch, serverCount, 1])], 2);
  const outBias = p['outBias'] as np.Array;
  const rows = np.concatenate([(p['out'] as np.Array).ref, outBias.ref.reshape([1, -1])], 0);
  return dense(withOne, rows).reshape([batch, serverCount, deviceCount, 4]).transpose([0, 2, 1, 3]);
}

/** [..., 4] to bounded means and positive deviations, [..., 2] each. */
function split(out: np.Array): ScoreTensors {
  const [raw, rawDeviation] = np.split(out, 2, -1) as [np.Array, np.Array];
  const mean = np.tanh(raw.div(scoreLimit)).mul(scoreLimit);
  const shifted = np.minimum(rawDeviation.add(deviationBias), largestExponent);
  const deviation = np.maximum(nn.softplus(shifted), leastDeviation);
  return { mean, deviation };
}

/** The critics' input for an action; R rows per slot: the devices with their servers, or all links. */
export interface CriticRows {
  /** Numbers of device, server and link; [B, R, featureCount]. */
  readonly features: np.Array;
  /** ln y and ln z; [B, R, 2]. */
  readonly lnShares: np.Array;
  /** 1 at the row's server; [B, R, E]. */
  readonly server: np.Array;
  /** Weight of the row: 1, or a probability; 0 for rows that don't exist; [B, R]. */
  readonly weight: np.Array;
}

/**
 * The value of an action, [B]: the cost of a slot is a sum over devices, so its value is -mean(e^g) over the devices' rows, in any order.
 */
export function pairValue(p: Tensors, rows: CriticRows, lnRandom: np.Array): np.Array {
  return rowMean(np.exp(pairLogCosts(p, rows, lnRandom)), rows.weight).neg();
}

/** The weighted mean of values over rows; [B]. Takes ownership of `values`. @param values [B, R] */
export function rowMean(values: np.Array, weight: np.Array): np.Array {
  const total = np.maximum(weight.ref.sum(1), 1e-6);
  return values.mul(weight.ref).sum(1).div(total);
}

/**
 * g: ln of the cost of each row's device, [B, R]. Its inputs are the row, the rows of the same server (sum, times E / M) and all
 * rows (mean).
 */
export function pairLogCosts(p: Tensors, rows: CriticRows, lnRandom: np.Array): np.Array {
  const weight = (name: string): np.Array => p[name] as np.Array;
  const serverCount = rows.server.shape[2] as number;
  const rowWeight = np.expandDims(rows.weight.ref, 2);
  const total = np.maximum(rows.weight.ref.sum(1, { keepdims: true }), 1e-6);
  const [ofFeatures, ofShares] = np.split(weight('row').ref, [featureCount], 0) as [np.Array, np.Array];
  const ofSlot = np.expandDims(lnRandom.ref, 2).mul(weight('random').ref);
  const input = dense(rows.features, ofFeatures).add(dense(rows.lnShares, ofShares));
  const u = nn.relu(input.add(ofSlot).add(weight('bias1').ref));
  const weighted = u.ref.mul(rowWeight);
  const all = weighted.ref.sum(1).div(total.ref);
  const share = np.expandDims(total, 2).mul(1 / serverCount);
  const member = np.expandDims(rows.server.ref, 3).mul(np.expandDims(weighted, 2)).sum(1).div(share);
  const ofServer = pick(np.expandDims(dense(member, weight('ofServer')), 1), rows.server);
  const ofAll = np.expandDims(dense(all, weight('ofAll')), 1);
  const v = nn.relu(dense(u, weight('own')).add(ofServer).add(ofAll).add(weight('bias2').ref));
  const g = dense(v, weight('out')).add(weight('outBias').ref);
  return np.minimum(g, largestLogCost).reshape(rows.weight.shape);
}

/** e^88 is the last in float32; a score without influence gets an ever larger deviation. */
const largestExponent = 80;

/** e^g stays below e^5: 150 times the usual cost of a device. */
const largestLogCost = 5;

/** The paper's kind of critic, [B]: a plain network over the whole state and all shares. */
export function flatValue(p: Tensors, batch: SlotBatch, lnShares: np.Array): np.Array {
  const { devices, servers, links, eligible, chosen, lnRandom } = batch;
  const size = eligible.shape[0] as number;
  const shares = np.expandDims(lnShares.ref, 2).mul(np.expandDims(chosen.ref, 3));
  const perLink = np.concatenate([np.expandDims(eligible.ref, 3), np.expandDims(chosen.ref, 3), links.ref, shares], 3);
  const rowOf = (values: np.Array): np.Array => values.reshape([size, -1]);
  const input = np.concatenate([rowOf(devices.ref), rowOf(servers.ref), rowOf(perLink), lnRandom.ref], 1);
  const first = nn.relu(dense(input, p['layer1'] as np.Array).add((p['bias1'] as np.Array).ref));
  const second = nn.relu(dense(first, p['layer2'] as np.Array).add((p['bias2'] as np.Array).ref));
  return dense(second, p['out'] as np.Array)
    .add((p['outBias'] as np.Array).ref)
    .reshape([size]);
}

/** Names and shapes of a critic's weights. */
export function criticShapes(
  network: 'pairs' | 'flat',
  hidden: number,
  deviceCount: number,
  serverCount: number,
): Readonly<Record<string, readonly number[]>> {
  const rowCount = deviceFeatureCount + serverFeatureCount + linkFeatureCount + 2;
  const perLink = linkFeatureCount + 4;
  const flatCount =
    deviceCount * deviceFeatureCount + serverCount * serverFeatureCount + deviceCount * serverCount * perLink + 1;
  if (network === 'flat') {
    return {
      layer1: [flatCount, hidden],
      bias1: [hidden],
      layer2: [hidden, hidden],
      bias2: [hidden],
      out: [hidden, 1],
      outBias: [1],
    };
  }
  return {
    row: [rowCount, hidden],
    random: [hidden],
    bias1: [hidden],
    own: [hidden, hidden],
    ofServer: [hidden, hidden],
    ofAll: [hidden, hidden],
    bias2: [hidden],
    out: [hidden, 1],
    outBias: [1],
  };
}
