// The choices of a draft model at a position after its first, under the same noise. Where the target does not write the first choice, it
// writes the second in more than half of the cases, so a device may draft on from it as well (docs/use/draft-models.md).

import { exp } from '../basics/fdlibm.ts';
import type { Candidates } from './candidates.ts';
import { shortlist } from './choose-token-shortlist.ts';
import { roundConfidence } from './confidence.ts';
import { gumbelOfWord, noiseUpperBound, noiseWord, seedHigh, seedLow } from './noise.ts';
import type { Sampling } from './sampling.ts';
import type { TokenCounts } from './token-counts.ts';

/** A draft model's second choice, or a later one. */
export interface RunnerUp {
  readonly token: number;
  /**
   * The chance that the target's choice is this token, given that it is this one or the first: 1 / (1 + e^lead), where the lead is
   * what the first choice has more (logits at temperature 0; logit / temperature plus noise above). (0, 0.5], on the grid of confidence.ts.
   */
  readonly confidence: number;
  /** The choice after it; absent where no more are given. */
  readonly next?: RunnerUp;
}

/** Choices after the first that are given: the later ones are right too seldom to pay for a row in a pass. */
const laterChoices = 4;

interface Choice {
  readonly id: number;
  readonly value: number;
}

/**
 * The token that `chooseToken` would choose if its choice were not there, then without that one too, and so on.
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
  const { temperature, seed } = sampling;
  const [keyLow, keyHigh] = [seedLow(seed), seedHigh(seed)];
  const best: Choice[] = [];
  for (let index = 0; index < length; index += 1) {
    const [id, logit] = [ids[index] as number, logits[index] as number];
    const scaled = temperature === 0 ? logit : logit / temperature;
    // Sorted: from here on not even the largest noise is enough.
    const least = best.length > laterChoices ? (best.at(-1) as Choice).value : Number.NEGATIVE_INFINITY;
    if (temperature === 0 ? best.length > laterChoices : scaled + noiseUpperBound < least) break;
    const noise = temperature === 0 ? 0 : gumbelOfWord(noiseWord(keyLow, keyHigh, position, id));
    note(best, { id, value: scaled + noise });
  }
  const [first, ...others] = best;
  let next: RunnerUp | null = null;
  for (const other of others.toReversed()) {
    const choice = withLead(other.id, (first as Choice).value - other.value);
    next = next === null ? choice : { ...choice, next };
  }
  return next;
}

/** Keeps the best, in their order. Ties go to the lower id. */
function note(best: Choice[], choice: Choice): void {
  const { id, value } = choice;
  let at = best.length;
  while (at > 0) {
    const before = best[at - 1] as Choice;
    if (before.value > value || (before.value === value && before.id < id)) break;
    at -= 1;
  }
  best.splice(at, 0, choice);
  if (best.length > laterChoices + 1) best.pop();
}

function withLead(token: number, lead: number): RunnerUp {
  return { token, confidence: roundConfidence(1 / (1 + exp(lead))) };
}
