// Prompts that wait for each other. A step takes a chunk of one prompt, and prompts take turns by their devices' weights z. So the prompt of
// device i takes, with v_k the chance that session k is at its prompt, and u the time for each token of a prompt that is alone,
//
// u P_i (1 - v_i + sum_k v_k z_k / z_i)
//
// A server's devices pay sum g_i (1 - v_i) + sum_i (g_i / z_i) sum_k v_k z_k for it, with g = u P / n. By Cauchy and Schwarz the least second
// part is (sum sqrt(g v))^2, at z_i = sqrt(g_i / v_i).

import type { FeltProblem } from './felt-problem.ts';
import type { Problem } from './problem.ts';

/** How a server's devices take turns with their prompts: writes weights, whose sum does not matter. */
export type PromptSharing = (problem: Problem, links: Int32Array, count: number, weight: Float64Array) => void;

/** z of {@link promptWaits}, at least: as low as the scheduler takes it. */
const leastWeight = 1e-6;

/** The best weights; 0 where there is no prompt. */
export const sharePromptsBest: PromptSharing = ({ felt }, links, count, weight) => {
  const { promptMs, promptPart } = felt as FeltProblem;
  for (let index = 0; index < count; index++) {
    const link = links[index] as number;
    const part = promptPart[link] as number;
    weight[index] = part > 0 ? Math.sqrt((promptMs[link] as number) / part) : 0;
  }
};

export const sharePromptsEqually: PromptSharing = (_problem, _links, count, weight) => {
  weight.fill(1, 0, count);
};

/** sqrt(g v): what a link adds to the root of a server's cost with the best weights. */
export function promptRoot({ promptMs, promptPart }: FeltProblem, link: number): number {
  return Math.sqrt((promptMs[link] as number) * (promptPart[link] as number));
}

/** sum_k v_k z_k / z_i of each device of a server, in place of its weight z_i; 0 where there is no prompt. */
export function promptWaits({ promptPart }: FeltProblem, links: Int32Array, count: number, weight: Float64Array): void {
  let sum = 0;
  for (let index = 0; index < count; index++) {
    weight[index] = Math.max(leastWeight, weight[index] as number);
    sum += (promptPart[links[index] as number] as number) * (weight[index] as number);
  }
  for (let index = 0; index < count; index++) {
    weight[index] = (promptPart[links[index] as number] as number) > 0 ? sum / (weight[index] as number) : 0;
  }
}
