// The shared noise of device and edge, which is never sent: standard Gumbel values that depend on the seed, the position of the
// token to be chosen, and the token's id. With it, two models with similar logits choose the same token. Source: Daliri, Musco,
// Suresh, "Coupling without communication and drafter-invariant speculative decoding" (2024).

import { log } from '../basics/fdlibm.ts';
import { philox } from '../basics/philox.ts';

const choicePurpose = 0;
const seedPurpose = 1;
const inverseTwo32: number = 2 ** -32;
const block: Uint32Array = new Uint32Array(4);

/** No noise value is larger (the largest is 33 ln 2 = 22.874), so a search for the largest sum may stop early. */
export const noiseUpperBound = 22.875;

/** The low or high 32 bits of a 64-bit seed: the two words of the generator's key. */
export function seedLow(seed: bigint): number {
  return Number(BigInt.asUintN(32, seed));
}

export function seedHigh(seed: bigint): number {
  return Number(BigInt.asUintN(32, seed >> 32n));
}

/**
 * The generator's word for the noise of a token: a larger word means larger noise.
 * @param keyLow from {@link seedLow}
 * @param keyHigh from {@link seedHigh}
 * @param position of the token to be chosen, counted from the start of the prompt
 */
export function noiseWord(keyLow: number, keyHigh: number, position: number, id: number): number {
  philox(block, position, id, choicePurpose, 0, keyLow, keyHigh);
  return block[0] as number;
}

/** Standard Gumbel noise from a word: -log(-log u), u = (word + 0.5) / 2^32. The noise of two words differs by at least 6e-10. */
export function gumbelOfWord(word: number): number {
  return -log(-log((word + 0.5) * inverseTwo32));
}

/** Standard Gumbel noise of a token; the parameters are those of {@link noiseWord}. */
export function gumbelNoise(keyLow: number, keyHigh: number, position: number, id: number): number {
  return gumbelOfWord(noiseWord(keyLow, keyHigh, position, id));
}

/** The seed of the n-th of several answers to one prompt; the first (0) keeps the seed itself. */
export function deriveSeed(seed: bigint, answerIndex: number): bigint {
  if (answerIndex === 0) return BigInt.asUintN(64, seed);
  philox(block, answerIndex, 0, seedPurpose, 0, seedLow(seed), seedHigh(seed));
  return (BigInt(block[1] as number) << 32n) | BigInt(block[0] as number);
}
