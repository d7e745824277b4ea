// From scores of links to a server for each device. The actor of variant `association` learns through a steep softmax of drawn scores; how its
// mean scores then become one server each is a choice made by hand, and here are three.

import type { Problem } from '../../../src/allocation/search/problem.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { exp, log } from '../../../src/core/basics/fdlibm.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';

/**
 * `rounded`: mean scores as chances, rounded so that servers get about as many devices as the chances say (what trained policies do).
 * `argmax`: the highest mean score. `sampled`: the highest of scores drawn from the actor's Gaussians, as in training.
 */
export const roundings = ['rounded', 'argmax', 'sampled'] as const;
export type Rounding = (typeof roundings)[number];

const sampleStream = 0x59000000;

/** @param mean for y and z of each link; [L * 2] @param drawn for `sampled`: the slot keys the draws, so that a decision is a function of it */
export function associateByScores(
  problem: Problem,
  mean: Float64Array,
  rounding: Rounding,
  drawn: { readonly state: SlotState; readonly deviation: Float64Array },
): Int32Array {
  if (rounding === 'rounded') return associateByRounding(problem, mean);
  if (rounding === 'argmax') return associateByHighest(problem, mean);
  const { state, deviation } = drawn;
  const { normal } = createRandom(state.seed, sampleStream + state.slot);
  return associateByHighest(
    problem,
    mean.map((one, at) => one + (deviation[at] as number) * normal()),
  );
}

/** The eligible server whose score for y is highest, -1 where none is eligible; ties to the lower one. */
export function associateByHighest(problem: Problem, score: Float64Array): Int32Array {
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
export function associateByRounding(problem: Problem, score: Float64Array): Int32Array {
  const { deviceCount, serverCount, linkStart, linkServer } = problem;
  const chance = new Float64Array(linkServer.length);
  const certainty = new Float64Array(deviceCount);
  for (let device = 0; device < deviceCount; device++) {
    const first = linkStart[device] as number;
    const end = linkStart[device + 1] as number;
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
