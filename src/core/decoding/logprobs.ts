// Logarithms of probabilities of an answer's tokens, and of a prompt's, for callers that ask for them. They describe the target's own distribution at
// temperature 1 over what a grammar allows, before bias and penalties.

import { invariant } from '../basics/invariant.ts';
import type { Candidates } from './candidates.ts';

/** The logprobs of one position, without the token that was chosen there. float32 values. */
export interface Logprobs {
  /** Natural logarithm of the chosen token's probability. */
  readonly logprob: number;
  /** The likeliest, in order; the number that was requested. */
  readonly top: readonly { readonly id: number; readonly logprob: number }[];
}

/** The chosen token and the likeliest ones of one position. */
export interface TokenLogprobs extends Logprobs {
  readonly id: number;
}

export const topLogprobsLimit: number = 20;

/** @param row with its normaliser, and `id` among its candidates */
export function logprobsOf(row: Candidates, id: number, topCount: number): Logprobs {
  return logprobsAt(row, row.logits[row.ids.indexOf(id)] as number, topCount);
}

/** The same for a token that the text has already. @param row that was asked for its logit @returns null: its engine does not give that */
export function askedLogprobs(row: Candidates, topCount: number): Logprobs | null {
  const { askedLogit } = row;
  return askedLogit === undefined ? null : logprobsAt(row, askedLogit, topCount);
}

function logprobsAt({ ids, logits, logNormaliser }: Candidates, chosen: number, topCount: number): Logprobs {
  invariant(logNormaliser !== undefined, 'logprobs of a row without its normaliser');
  const of = (logit: number): number => Math.fround(Math.min(0, logit - logNormaliser));
  return {
    logprob: of(chosen),
    top: ids.slice(0, topCount).map((id, index) => ({ id, logprob: of(logits[index] as number) })),
  };
}
