// Logarithms of probabilities of an answer's tokens, for callers that ask for them. They describe the target's own distribution at
// temperature 1 over what a grammar allows, before bias and penalties.

/** The chosen token and the likeliest ones of one position. */
export interface TokenLogprobs {
  readonly id: number;
  /** Natural logarithm of its probability. */
  readonly logprob: number;
  /** The likeliest, in order, as many as were asked for. */
  readonly top: readonly { readonly id: number; readonly logprob: number }[];
}

/** Most of them that may be asked for. */
export const topLogprobsLimit: number = 20;
