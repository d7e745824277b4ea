// The second choice of a draft model at a position, under the same noise as the first. Where the target does not write the draft's
// first choice, it writes this one in more than half of the cases, so a device may draft on from it as well (docs/draft-models.md).

import { exp } from '../basics/fdlibm.ts';
import type { Candidates } from './candidates.ts';
import { shortlist } from './choose-token-shortlist.ts';
import { roundConfidence } from './confidence.ts';
import { gumbelOfWord, noiseUpperBound, noiseWord, seedHigh, seedLow } from './noise.ts';
import type { Sampling } from './sampling.ts';
import type { TokenCounts } from './token-counts.ts';

/** A draft model's second choice. */
export interface RunnerUp {
  readonly token: number;
  /**
   * The chance that the target's choice is this token, given that it is this one or the first: 1 / (1 + e^lead), where the lead is
   * what the first choice has more (logits at temperature 0; logit / temperature plus noise above). (0, 0.5], on the grid of confidence.ts.
   */
  readonly confidence: number;
}

interface Best {
  first: number;
  firstId: number;
  second: number;
  secondId: number;
}

/**
 * The token that `chooseToken` would choose if its choice were not there.
 * @param counts of the answer before this position; may be undefined when no penalty is active
 * @param position of the token to be chosen, counted from the start of the prompt
 * @returns null: only one token can be chosen
 * @throws InvariantError when there is no candidate
 */
export function runnerUp(
  candidates: Candidates,
  sampling: Sampling,
  counts: TokenCounts | undefined,
  position: number,
): RunnerUp | null {
  const { ids, logits, length } = shortlist(candidates, sampling, counts);
  if (length < 2) return null;
  const { temperature, seed } = sampling;
  if (temperature === 0) return withLead(ids[1] as number, (logits[0] as number) - (logits[1] as number));
  const [keyLow, keyHigh] = [seedLow(seed), seedHigh(seed)];
  const least = Number.NEGATIVE_INFINITY;
  const best: Best = { first: least, firstId: -1, second: least, secondId: -1 };
  for (let index = 0; index < length; index += 1) {
    const scaled = (logits[index] as number) / temperature;
    // Sorted: from here on not even the largest noise is enough.
    if (scaled + noiseUpperBound < best.second) break;
    const id = ids[index] as number;
    note(best, id, scaled + gumbelOfWord(noiseWord(keyLow, keyHigh, position, id)));
  }
  return withLead(best.secondId, best.first - best.second);
}

/** Ties go to the lower id. */
function note(best: Best, id: number, value: number): void {
  if (best.firstId < 0 || value > best.first || (value === best.first && id < best.firstId)) {
    best.second = best.first;
    best.secondId = best.firstId;
    best.first = value;
    best.firstId = id;
  } else if (best.secondId < 0 || value > best.second || (value === best.second && id < best.secondId)) {
    best.second = value;
    best.secondId = id;
  }
}

function withLead(token: number, lead: number): RunnerUp {
  return { token, confidence: roundConfidence(1 / (1 + exp(lead))) };
}
