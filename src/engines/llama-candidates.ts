// Requests raw logits from llama.cpp and sorts them. Behind a top-k sampler at temperature 1 the values are the model's own logits,
// and reading a position takes a few tenths of a millisecond; behind a greedy sampler it takes ten times as long.

import type { ControlledEvaluateIndexOutput, ControlledEvaluateInputItem, Token } from 'node-llama-cpp';
import { invariant } from '../basics/invariant.ts';
import { type Candidates, candidateLimit } from '../decoding/candidates.ts';

/** Requested beyond the limit, so that ties at the cut are decided here (lower id first) and not by the engine's heap. */
const spareCount = 8;

const askForCandidates = {
  generateNext: {
    logits: true,
    options: { temperature: 1, topK: candidateLimit + spareCount, topP: 1, minP: 0, seed: 0 },
  },
} as const;

/** The engine's input: candidates are requested after each of the last `rows` tokens. */
export function controlledInput(tokens: readonly number[], rows: number): ControlledEvaluateInputItem[] {
  const firstRow = tokens.length - rows;
  return tokens.map((token, index) => (index >= firstRow ? [token as Token, askForCandidates] : (token as Token)));
}

/** The candidates of the `rows` positions that end at `length`. */
export function readRows(
  outputs: readonly (ControlledEvaluateIndexOutput | undefined)[],
  length: number,
  rows: number,
): Candidates[] {
  return Array.from({ length: rows }, (_, row) => {
    const logits = outputs[length - rows + row]?.next.logits;
    invariant(logits !== undefined, 'llama.cpp returned no logits for a row that asked for them');
    return sortCandidates([...logits]);
  });
}

/** Largest first, ties to the lower id, at most {@link candidateLimit}. */
export function sortCandidates(pairs: (readonly [id: number, logit: number])[]): Candidates {
  const best = pairs.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, candidateLimit);
  return { ids: best.map((pair) => pair[0]), logits: best.map((pair) => pair[1]) };
}
