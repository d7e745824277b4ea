// The output of a model at one position: the raw logits of its largest candidates. Every engine delivers only this, so that the
// target distribution has one definition (docs/protocol.md, "Token choice").

/** Largest number of candidates of an engine; a larger top-k is refused. */
export const candidateLimit = 64;

/**
 * The largest raw logits of one position, largest first, ties to the lower id. Both arrays have the same length, at most {@link
 * candidateLimit}. An empty list means that the model has no candidate (n-gram look-up without a match).
 */
export interface Candidates {
  readonly ids: readonly number[];
  /** float32 values of the engine, before temperature, penalties and bias. */
  readonly logits: readonly number[];
}
