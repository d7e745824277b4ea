// Prompts that wait for each other. A step takes a chunk of one prompt, and prompts take turns by their devices' weights z. With u the
// time for each token of a prompt that is alone, g = u P / n what it costs for each token of the answer, and v the chance that a session is
// at its prompt, the devices of a server pay
//
// sum g_i (1 - v_i) + (sum sqrt(g_i v_i))^2
//
// for their prompts. docs/research/allocation-derivations.md says why a pair costs about 2 sqrt(g_i g_k).

import type { FeltProblem } from './felt-problem.ts';

/** sqrt(g v): what a link adds to the root of a server's cost. */
export function promptRoot({ promptMs, promptPart }: FeltProblem, link: number): number {
  return Math.sqrt((promptMs[link] as number) * (promptPart[link] as number));
}
