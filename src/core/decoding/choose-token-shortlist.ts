// The candidates that may be chosen at a position, with their adjusted logits: bias, penalties, order, top-k, top-p, min-p, in this
// sequence. Temperature comes later and never changes the list. All in float64, on the engine's candidates only.

import { exp, log } from '../basics/fdlibm.ts';
import { invariant } from '../basics/invariant.ts';
import { type Candidates, candidateLimit } from './candidates.ts';
import type { Sampling } from './sampling.ts';
import { penaltiesActive, type TokenCounts } from './token-counts.ts';

/** Adjusted logits, largest first, ties to the lower id; only the first `length` entries count. */
export interface Shortlist {
  readonly ids: Int32Array;
  readonly logits: Float64Array;
  readonly length: number;
}

// One list for all calls: a choice is made in one go and keeps nothing, and a server makes thousands a second.
const shared: { ids: Int32Array; logits: Float64Array; length: number } = {
  ids: new Int32Array(candidateLimit),
  logits: new Float64Array(candidateLimit),
  length: 0,
};

/**
 * The remaining candidates, at least one. The next call overwrites the result.
 * @throws InvariantError without a candidate, or with more than the limit.
 */
export function shortlist(candidates: Candidates, sampling: Sampling, counts: TokenCounts | undefined): Shortlist {
  const length = candidates.ids.length;
  invariant(
    length > 0 && length <= candidateLimit,
    () => `a choice needs 1 to ${candidateLimit} candidates, not ${length}`,
  );
  const { ids, logits } = shared;
  for (let index = 0; index < length; index++) {
    ids[index] = candidates.ids[index] as number;
    logits[index] = candidates.logits[index] as number;
  }
  if (sampling.logitBias.length > 0) addBias(ids, logits, length, sampling.logitBias);
  if (counts !== undefined && penaltiesActive(sampling)) subtractPenalties(ids, logits, length, sampling, counts);
  sortByLogit(ids, logits, length);
  shared.length = length;
  if (sampling.temperature > 0) shared.length = truncated(logits, length, sampling);
  return shared;
}

function addBias(ids: Int32Array, logits: Float64Array, length: number, bias: Sampling['logitBias']): void {
  for (let index = 0; index < length; index++) {
    const id = ids[index] as number;
    let from = 0;
    let to = bias.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((bias[middle] as readonly [number, number])[0] < id) from = middle + 1;
      else to = middle;
    }
    const entry = bias[from];
    if (entry !== undefined && entry[0] === id) logits[index] = (logits[index] as number) + entry[1];
  }
}

function subtractPenalties(
  ids: Int32Array,
  logits: Float64Array,
  length: number,
  sampling: Sampling,
  counts: TokenCounts,
): void {
  const { repetitionPenalty, frequencyPenalty, presencePenalty } = sampling;
  for (let index = 0; index < length; index++) {
    const count = counts.get(ids[index] as number) ?? 0;
    if (count === 0) continue;
    let logit = logits[index] as number;
    logit = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
    logits[index] = logit - frequencyPenalty * count - presencePenalty;
  }
}

/** Insertion sort: the engine's order is mostly right already. */
function sortByLogit(ids: Int32Array, logits: Float64Array, length: number): void {
  for (let index = 1; index < length; index++) {
    const logit = logits[index] as number;
    const id = ids[index] as number;
    let place = index;
    while (place > 0) {
      const above = logits[place - 1] as number;
      if (above > logit || (above === logit && (ids[place - 1] as number) < id)) break;
      logits[place] = above;
      ids[place] = ids[place - 1] as number;
      place--;
    }
    logits[place] = logit;
    ids[place] = id;
  }
}

/** How many of the sorted logits remain after top-k, top-p and min-p. */
function truncated(logits: Float64Array, length: number, sampling: Sampling): number {
  const largest = logits[0] as number;
  let kept = sampling.topK === 0 ? length : Math.min(sampling.topK, length);
  if (sampling.topP < 1) kept = topPLength(logits, kept, sampling.topP);
  if (sampling.minP > 0) {
    const threshold = largest + log(sampling.minP);
    while (kept > 1 && (logits[kept - 1] as number) < threshold) kept--;
  }
  return kept;
}

const weights: Float64Array = new Float64Array(candidateLimit);

/** The length of the shortest prefix with at least the share `topP` of the mass at temperature 1. */
function topPLength(logits: Float64Array, length: number, topP: number): number {
  const largest = logits[0] as number;
  let total = 0;
  for (let index = 0; index < length; index++) {
    const weight = exp((logits[index] as number) - largest);
    weights[index] = weight;
    total += weight;
  }
  const wanted = topP * total;
  let sum = 0;
  for (let index = 0; index < length; index++) {
    sum += weights[index] as number;
    if (sum >= wanted) return index + 1;
  }
  return length;
}
