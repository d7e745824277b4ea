// The parameters of the target distribution, as they cross the wire, and their limits.

import { type Checks, finite, listOf, must, optional, whole } from '../basics/check-options.ts';
import { OutriderError } from '../basics/errors.ts';
import { candidateLimit } from './candidates.ts';

/** All parameters of a choice. All fields are always present; `neutralSampling` has the neutral values. */
export interface Sampling {
  /** 0 = the largest logit; else [0.000001, 10]. */
  readonly temperature: number;
  /** 1..64; 0 means all 64 candidates. */
  readonly topK: number;
  /** (0, 1]; 1 = off. */
  readonly topP: number;
  /** [0, 1); 0 = off. */
  readonly minP: number;
  /** Subtracted once from every id that occurs in the answer, [-2, 2]. */
  readonly presencePenalty: number;
  /** Subtracted for each occurrence of the id in the answer, [-2, 2]. */
  readonly frequencyPenalty: number;
  /** Divides positive and multiplies negative logits of ids that occur in the answer, (0, 2]; 1 = off. */
  readonly repetitionPenalty: number;
  /** Added to the logits of these ids, [-100, 100]; sorted by id, at most 300. */
  readonly logitBias: readonly (readonly [id: number, bias: number])[];
  /** 64-bit seed of the noise. */
  readonly seed: bigint;
}

/** Always the most likely token, no penalties. */
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

export const logitBiasLimit = 300;

/** What a caller gives of {@link Sampling}: a field that is left out is neutral. A seed may be a number as well. */
export type SamplingOptions = Partial<Omit<Sampling, 'seed'>> & { readonly seed?: bigint | number };

const bias = must('Give a pair [token id, bias].', (pair) => {
  return Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite);
});

/** Checks of the types of the values; {@link validateSampling} checks their ranges. */
export const samplingChecks: Checks<SamplingOptions> = {
  temperature: optional(finite),
  topK: optional(whole(0)),
  topP: optional(finite),
  minP: optional(finite),
  presencePenalty: optional(finite),
  frequencyPenalty: optional(finite),
  repetitionPenalty: optional(finite),
  logitBias: optional(listOf('pairs [token id, bias]', bias)),
  seed: optional(
    must('Give a whole number from 0 to 2^53 - 1, or a bigint up to 2^64 - 1.', (seed) => {
      return typeof seed === 'bigint' || (Number.isSafeInteger(seed) && (seed as number) >= 0);
    }),
  ),
};

/** Adds what was left out; checks nothing. */
export function completeSampling(options: SamplingOptions = {}): Sampling {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...neutralSampling, ...Object.fromEntries(given), seed: BigInt(options.seed ?? 0) };
}

/**
 * Refuses parameters that no engine here supports. Both sides call it: the device for its user, the edge for its clients. @throws
 * OutriderError `bad-argument`
 */
export function validateSampling(sampling: Sampling, vocabularySize: number): void {
  const { temperature, topK, seed } = sampling;
  if (temperature !== 0) demandRange('temperature', temperature, 1e-6, 10);
  demandRange('topK', topK, 0, candidateLimit);
  if (!Number.isInteger(topK)) refuse(`topK is ${topK}`, 'Give a whole number.');
  demandRange('topP', sampling.topP, 0, 1);
  if (sampling.topP === 0)
    refuse('topP is 0', 'Give a share above 0; 1 turns it off, temperature 0 takes the likeliest.');
  demandRange('minP', sampling.minP, 0, 1);
  if (sampling.minP === 1) refuse('minP is 1', 'Give a share below 1; temperature 0 takes the likeliest.');
  demandRange('presencePenalty', sampling.presencePenalty, -2, 2);
  demandRange('frequencyPenalty', sampling.frequencyPenalty, -2, 2);
  demandRange('repetitionPenalty', sampling.repetitionPenalty, 0, 2);
  if (sampling.repetitionPenalty === 0) refuse('repetitionPenalty is 0', 'Give a factor above 0; 1 turns it off.');
  if (seed < 0n || seed >= 1n << 64n) refuse(`seed is ${seed}`, 'Give a whole number from 0 to 2^64 - 1.');
  validateBias(sampling.logitBias, vocabularySize);
}

function validateBias(logitBias: Sampling['logitBias'], vocabularySize: number): void {
  if (logitBias.length > logitBiasLimit) {
    refuse(`${logitBias.length} logit biases`, `Give at most ${logitBiasLimit}.`);
  }
  let previousId = -1;
  for (const [id, bias] of logitBias) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabularySize) {
      refuse(`logit bias names the token id ${id}`, `Ids of this vocabulary go from 0 to ${vocabularySize - 1}.`);
    }
    if (id <= previousId) refuse('logit biases are not sorted', 'Sort them by id, each id once.');
    demandRange(`logit bias of ${id}`, bias, -100, 100);
    previousId = id;
  }
}

/** Written so that NaN fails. */
function demandRange(name: string, value: number, smallest: number, largest: number): void {
  if (!(value >= smallest && value <= largest)) {
    refuse(`${name} is ${value}`, `Give a value from ${smallest} to ${largest}.`);
  }
}

function refuse(cause: string, remedy: string): never {
  throw new OutriderError('bad-argument', cause, remedy);
}
