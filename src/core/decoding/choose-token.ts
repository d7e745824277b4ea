// The choice of a token at a position: the one definition of the target distribution, for every engine, on device and edge alike
// (docs/internals/token-choice.md). It does not know its caller: the text is the same with and without drafts.

import type { Candidates } from './candidates.ts';
import { shortlist } from './choose-token-shortlist.ts';
import { gumbelOfWord, noiseUpperBound, noiseWord, seedHigh, seedLow } from './noise.ts';
import type { Sampling } from './sampling.ts';
import type { TokenCounts } from './token-counts.ts';

/**
 * The model's own choice: at temperature 0 the largest adjusted logit, else the largest sum of logit / temperature and noise; ties
 * to the lower id.
 * @param counts of the answer before this position; may be undefined when no penalty is active
 * @param position of the token to be chosen, counted from the start of the prompt
 * @throws InvariantError when there is no candidate
 */
export function chooseToken(
  candidates: Candidates,
  sampling: Sampling,
  counts: TokenCounts | undefined,
  position: number,
): number {
  // With one candidate no adjustment and no noise can change the choice.
  if (candidates.ids.length === 1) return candidates.ids[0] as number;
  const { ids, logits, length } = shortlist(candidates, sampling, counts);
  const { temperature, seed } = sampling;
  if (temperature === 0 || length === 1) return ids[0] as number;
  const keyLow = seedLow(seed);
  const keyHigh = seedHigh(seed);
  // Below this size of the sums, rounding cannot make two sums with different noise equal.
  const distinct = Math.abs((logits[0] as number) / temperature) < 8192;
  let bestId = -1;
  let bestWord = -1;
  let best = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < length; index++) {
    const scaled = (logits[index] as number) / temperature;
    // Sorted: from here on not even the largest noise is enough.
    if (scaled + noiseUpperBound < best) break;
    const id = ids[index] as number;
    const word = noiseWord(keyLow, keyHigh, position, id);
    // The best so far has at least this logit and more noise: no need for two logarithms.
    if (distinct && word < bestWord) continue;
    const value = scaled + gumbelOfWord(word);
    if (value > best || (value === best && id < bestId) || bestId < 0) {
      best = value;
      bestId = id;
      bestWord = word;
    }
  }
  return bestId;
}
