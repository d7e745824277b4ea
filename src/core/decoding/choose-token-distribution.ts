// The probabilities of a choice, written out: for tests, for the trial of the coupling, and for the confidence of drafters. No
// choice uses this file.

import { exp } from '../basics/fdlibm.ts';
import type { Candidates } from './candidates.ts';
import { shortlist } from './choose-token-shortlist.ts';
import type { Sampling } from './sampling.ts';
import type { TokenCounts } from './token-counts.ts';

export interface ChoiceDistribution {
  /** Largest probability first. */
  readonly ids: readonly number[];
  /** Sum 1. */
  readonly probabilities: readonly number[];
}

/** The distribution of `chooseToken` over all seeds; at temperature 0 one token with probability 1. */
export function choiceDistribution(
  candidates: Candidates,
  sampling: Sampling,
  counts: TokenCounts | undefined,
): ChoiceDistribution {
  const { ids, logits, length } = shortlist(candidates, sampling, counts);
  if (sampling.temperature === 0) return { ids: [ids[0] as number], probabilities: [1] };
  const weights = Array.from(logits.subarray(0, length), (logit) =>
    exp((logit - (logits[0] as number)) / sampling.temperature),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { ids: Array.from(ids.subarray(0, length)), probabilities: weights.map((weight) => weight / total) };
}

/**
 * The model's confidence in `id`, (0, 1]: its probability among the candidates that could be chosen. At temperature 0 every choice
 * is certain, so there it is the probability at temperature 1. 0 for a token that could not be chosen.
 */
export function choiceConfidence(
  candidates: Candidates,
  sampling: Sampling,
  counts: TokenCounts | undefined,
  id: number,
): number {
  const { ids, logits, length } = shortlist(candidates, sampling, counts);
  const temperature = sampling.temperature === 0 ? 1 : sampling.temperature;
  let total = 0;
  let own = 0;
  for (let index = 0; index < length; index++) {
    const weight = exp(((logits[index] as number) - (logits[0] as number)) / temperature);
    total += weight;
    if (ids[index] === id) own = weight;
  }
  return own / total;
}
