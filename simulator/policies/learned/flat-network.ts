// The paper's kind of actor: one agent for each edge server, all with the same weights, a plain network over a list of numbers:
// those of every device, of its links to this server, and of the server. It identifies devices by their place in the list, so it
// fits one number of devices only.
//
// out_j = relu(relu(o_j W_1 + b_1) W_2 + b_2) W_3 + b_3,  4 numbers for each device

import type { Problem } from '../../../src/allocation/search/problem.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { deviceFeatureCount, linkFeatureCount, type SlotFeatures, serverFeatureCount } from './describe-slot.ts';
import { layer, relu, type Weights } from './layers.ts';
import { splitScores } from './pair-network.ts';
import type { Scores } from './score.ts';

/** Inputs of an agent: eligibility, link and device numbers of each device, and its server's. */
export function flatInputCount(deviceCount: number): number {
  return deviceCount * (deviceFeatureCount + linkFeatureCount + 1) + serverFeatureCount;
}

/** Names and shapes of its weights. */
export function flatShapes(deviceCount: number, hidden: number): Readonly<Record<string, readonly number[]>> {
  return {
    'actor.layer1': [flatInputCount(deviceCount), hidden],
    'actor.bias1': [hidden],
    'actor.layer2': [hidden, hidden],
    'actor.bias2': [hidden],
    'actor.out': [hidden, 4 * deviceCount],
    'actor.outBias': [4 * deviceCount],
  };
}

/**
 * Devices' numbers, then 4 for each device's link to this server (eligible, link numbers; zeros without a link), then the server's:
 * one row for each server.
 * @param features scaled
 */
export function describeAgents(problem: Problem, features: SlotFeatures): Float32Array {
  const { deviceCount, serverCount, linkDevice, linkServer } = problem;
  const width = flatInputCount(deviceCount);
  const linkFirst = deviceCount * deviceFeatureCount;
  const serverFirst = linkFirst + deviceCount * (linkFeatureCount + 1);
  const rows = new Float32Array(serverCount * width);
  for (let server = 0; server < serverCount; server++) {
    rows.set(features.devices, server * width);
    const from = server * serverFeatureCount;
    rows.set(features.servers.subarray(from, from + serverFeatureCount), server * width + serverFirst);
  }
  for (let link = 0; link < linkDevice.length; link++) {
    const at = (linkServer[link] as number) * width + linkFirst + (linkDevice[link] as number) * (linkFeatureCount + 1);
    rows[at] = 1;
    rows.set(features.links.subarray(link * linkFeatureCount, (link + 1) * linkFeatureCount), at + 1);
  }
  return rows;
}

/** @throws OutriderError `bad-argument` when the slot has another number of devices than the weights */
export function scoreFlat(problem: Problem, features: SlotFeatures, weights: Weights): Scores {
  const { deviceCount, serverCount, linkDevice, linkServer } = problem;
  const w = (name: string): Float32Array => weights[`actor.${name}`] as Float32Array;
  const trainedCount = w('outBias').length / 4;
  if (trainedCount !== deviceCount) {
    const remedy = 'Use weights of the network "pairs", which fit any number, or train on such a scenario.';
    throw badArgument(`these weights are for ${trainedCount} devices, not ${deviceCount}`, remedy);
  }
  const first = layer(describeAgents(problem, features), w('layer1'), w('bias1'), serverCount);
  relu(first);
  const second = layer(first, w('layer2'), w('bias2'), serverCount);
  relu(second);
  const out = layer(second, w('out'), w('outBias'), serverCount);
  const ofLinks = new Float32Array(linkDevice.length * 4);
  for (let link = 0; link < linkDevice.length; link++) {
    const from = (linkServer[link] as number) * 4 * deviceCount + 4 * (linkDevice[link] as number);
    ofLinks.set(out.subarray(from, from + 4), 4 * link);
  }
  return splitScores(ofLinks, linkDevice.length);
}
