// The output of a model at one position: the raw logits of its largest candidates. Every engine delivers only this, so that the
// target distribution has one definition (docs/internals/token-choice.md).

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
  /** ln of the sum of exp(logit) over all ids that may be candidates; only where {@link RowAsk} asks for it. */
  readonly logNormaliser?: number;
  /** The raw logit of the id that {@link RowAsk} names, whether it is among the largest or not. */
  readonly askedLogit?: number;
}

/** What a position is asked for beyond the largest logits of all ids. */
export interface RowAsk {
  /** Bit `id % 32` of word `id / 32`: whether the id may be a candidate. Default: all may. */
  readonly allowed?: Uint32Array | undefined;
  /** Added before the largest are chosen, so that bias acts on the whole vocabulary; the candidates keep their raw logits. Sorted by id. */
  readonly bias?: readonly (readonly [id: number, bias: number])[] | undefined;
  readonly normalises?: boolean | undefined;
  /** An id whose raw logit is wanted in any case. */
  readonly logitOf?: number | undefined;
  /**
   * For an edge in another process, which adds the bias itself: so many more of the largest are candidates, and then these ids, as far as
   * they may be candidates. Without `bias`.
   */
  readonly beside?: readonly number[] | undefined;
}

export function isAllowed(allowed: Uint32Array | undefined, id: number): boolean {
  return allowed === undefined || (((allowed[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1;
}

/** How many of the ids below `vocabularySize` are allowed. */
export function allowedCount(allowed: Uint32Array, vocabularySize: number): number {
  let count = 0;
  for (let id = 0; id < vocabularySize; id++) if (isAllowed(allowed, id)) count += 1;
  return count;
}

/**
 * The candidates among pairs of ids and raw logits: the {@link candidateLimit} largest with their bias, ties to the lower id, in the
 * order of raw logits. The pairs must hold all ids that can be among them.
 * @param beside as in {@link RowAsk}
 */
export function largestCandidates(
  pairs: (readonly [id: number, logit: number])[],
  bias: RowAsk['bias'] = [],
  beside: readonly number[] = [],
): Pick<Candidates, 'ids' | 'logits'> {
  const biasOf = new Map(bias);
  const adjusted = ([id, logit]: readonly [number, number]): number => logit + (biasOf.get(id) ?? 0);
  const byBias = (one: readonly [number, number], other: readonly [number, number]): number =>
    adjusted(other) - adjusted(one) || one[0] - other[0];
  const byLogit = (one: readonly [number, number], other: readonly [number, number]): number =>
    other[1] - one[1] || one[0] - other[0];
  pairs.sort(bias.length === 0 ? byLogit : byBias);
  const cut = candidateLimit + beside.length;
  const best = pairs.slice(0, cut);
  if (beside.length > 0) {
    const wanted = new Set(beside);
    best.push(...pairs.slice(cut).filter(([id]) => wanted.has(id)));
  }
  if (bias.length > 0) best.sort(byLogit);
  return { ids: best.map(([id]) => id), logits: best.map(([, logit]) => logit) };
}
