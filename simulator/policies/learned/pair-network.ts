// The actor for (device, server) pairs: one set of weights for any number of devices and servers, in any order. The layers: a
// pair's own numbers, then the means over its device's links, its server's links and all links, then its scores. No library: this
// code decides in use; simulator/training/ trains the same function (a test compares both).
//
// u_l = relu(device_i W_d + server_j W_s + link_l W_l + b_1)
// v_l = relu(u_l W_u + mean_(links of i) u W_i + mean_(links of j) u W_j + mean u W_a + b_2)
// out = v_l W_o + b_o:  raw mean of y, of z, raw deviation of y, of z

import type { Problem } from '../../../src/allocation/search/problem.ts';
import { deviceFeatureCount, linkFeatureCount, type SlotFeatures, serverFeatureCount } from './describe-slot.ts';
import { addBias, addProduct, addRow, layer, multiply, relu, type Weights } from './layers.ts';
import { boundScore, deviationOf, type Scores } from './score.ts';

/** Names and shapes of its weights. @param hidden width of u and v */
export function pairShapes(hidden: number): Readonly<Record<string, readonly number[]>> {
  return {
    'actor.device': [deviceFeatureCount, hidden],
    'actor.server': [serverFeatureCount, hidden],
    'actor.link': [linkFeatureCount, hidden],
    'actor.bias1': [hidden],
    'actor.own': [hidden, hidden],
    'actor.ofDevice': [hidden, hidden],
    'actor.ofServer': [hidden, hidden],
    'actor.ofAll': [hidden, hidden],
    'actor.bias2': [hidden],
    'actor.out': [hidden, 4],
    'actor.outBias': [4],
  };
}

/** @param features scaled */
export function scorePairs(problem: Problem, features: SlotFeatures, weights: Weights): Scores {
  const { deviceCount, serverCount, linkDevice, linkServer } = problem;
  const linkCount = linkDevice.length;
  const w = (name: string): Float32Array => weights[`actor.${name}`] as Float32Array;
  const hidden = w('bias1').length;
  const ofDevice = multiply(features.devices, w('device'), deviceCount, deviceFeatureCount, hidden);
  const ofServer = multiply(features.servers, w('server'), serverCount, serverFeatureCount, hidden);
  const u = multiply(features.links, w('link'), linkCount, linkFeatureCount, hidden);
  for (let link = 0; link < linkCount; link++) {
    addRow(u, link, ofDevice, linkDevice[link] as number, hidden);
    addRow(u, link, ofServer, linkServer[link] as number, hidden);
  }
  addBias(u, w('bias1'));
  relu(u);
  const means = poolLinks(problem, u, hidden);
  const v = multiply(u, w('own'), linkCount, hidden, hidden);
  const deviceTerm = multiply(means.device, w('ofDevice'), deviceCount, hidden, hidden);
  const serverTerm = multiply(means.server, w('ofServer'), serverCount, hidden, hidden);
  const allTerm = w('bias2').slice();
  addProduct(allTerm, means.all, w('ofAll'), hidden);
  for (let link = 0; link < linkCount; link++) {
    addRow(v, link, deviceTerm, linkDevice[link] as number, hidden);
    addRow(v, link, serverTerm, linkServer[link] as number, hidden);
  }
  addBias(v, allTerm);
  relu(v);
  return splitScores(layer(v, w('out'), w('outBias'), linkCount), linkCount);
}

/** @param out raw mean of y, of z, raw deviation of y, of z, for each link */
export function splitScores(out: Float32Array, linkCount: number): Scores {
  const mean = new Float64Array(linkCount * 2);
  const deviation = new Float64Array(linkCount * 2);
  for (let link = 0; link < linkCount; link++) {
    for (let kind = 0; kind < 2; kind++) {
      mean[2 * link + kind] = boundScore(out[4 * link + kind] as number);
      deviation[2 * link + kind] = deviationOf(out[4 * link + 2 + kind] as number);
    }
  }
  return { mean, deviation };
}

/** Means of u over the links of each device, of each server, and of all; 0 where there are none. */
function poolLinks(
  problem: Problem,
  u: Float32Array,
  hidden: number,
): { readonly device: Float32Array; readonly server: Float32Array; readonly all: Float32Array } {
  const { deviceCount, serverCount, linkDevice, linkServer, linkStart, linksOfServer } = problem;
  const device = new Float32Array(deviceCount * hidden);
  const server = new Float32Array(serverCount * hidden);
  const all = new Float32Array(hidden);
  for (let link = 0; link < linkDevice.length; link++) {
    addRow(device, linkDevice[link] as number, u, link, hidden);
    addRow(server, linkServer[link] as number, u, link, hidden);
    addRow(all, 0, u, link, hidden);
  }
  const linksOfDevice = (row: number): number => (linkStart[row + 1] as number) - (linkStart[row] as number);
  divideRows(device, linksOfDevice, hidden);
  divideRows(server, (row) => linksOfServer[row]?.length ?? 0, hidden);
  divideRows(all, () => linkDevice.length, hidden);
  return { device, server, all };
}

/** @param linkCount of a row */
function divideRows(rows: Float32Array, linkCount: (row: number) => number, width: number): void {
  for (let at = 0; at < rows.length; at++)
    rows[at] = (rows[at] as number) / Math.max(1, linkCount(Math.floor(at / width)));
}
