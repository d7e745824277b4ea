// What a model says about one position: the raw logits of its largest candidates. Every engine delivers this and nothing
// else, so that the target distribution has one definition (docs/protocol.md, "Token choice").

/** How many candidates an engine delivers at most; larger top-k is refused. */
export const candidateLimit = 64;

/**
 * The largest raw logits of one position, largest first, ties to the lower id. Both arrays have the same length, at most
 * {@link candidateLimit}. An empty list means that the model has no opinion (n-gram look-up without a match).
 */
export interface Candidates {
  readonly ids: readonly number[];
  /** float32 values of the engine, before temperature, penalties and bias. */
  readonly logits: readonly number[];
}
