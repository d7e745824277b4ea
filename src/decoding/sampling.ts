// The parameters of the target distribution, as they cross the wire.

/** Everything that shapes a choice. All fields are always present; `neutralSampling` has the values that change nothing. */
export interface Sampling {
  /** 0 = the largest logit. */
  readonly temperature: number;
  /** 1..64; 0 means all 64 candidates. */
  readonly topK: number;
  /** (0, 1]; 1 = off. */
  readonly topP: number;
  /** [0, 1); 0 = off. */
  readonly minP: number;
  /** Subtracted once from every id that the answer holds already, [-2, 2]. */
  readonly presencePenalty: number;
  /** Subtracted for each time that the answer holds the id, [-2, 2]. */
  readonly frequencyPenalty: number;
  /** Divides positive and multiplies negative logits of ids that the answer holds, (0, 2]; 1 = off. */
  readonly repetitionPenalty: number;
  /** Added to the logits of these ids, [-100, 100]; sorted by id, at most 300. */
  readonly logitBias: readonly (readonly [id: number, bias: number])[];
  /** 64-bit seed of the noise. */
  readonly seed: bigint;
}

export const neutralSampling: Sampling = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repetitionPenalty: 1,
  logitBias: [],
  seed: 0n,
};
