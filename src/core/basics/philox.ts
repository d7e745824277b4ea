// Philox 4x32-10: 128 random bits as a pure function of a 128-bit counter and a 64-bit key. Two sides with the same counter and key
// get the same bits, in any order. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

import { log } from './fdlibm.ts';

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
/** Added to the key between rounds: golden ratio and sqrt(3) - 1, in 32 bits. */
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;
const roundCount = 10;
const inverseTwo32: number = 2 ** -32;

/**
 * Writes the four output words for a counter and a key into `out`. All words are taken modulo 2^32. The high half of a product
 * comes from the float64 product, which is off by at most 2^11. After subtracting the exact low half the rest is a multiple of
 * 2^32, so rounding gives the exact high half.
 */
export function philox(
  out: Uint32Array,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
): void {
  let word0 = counter0 >>> 0;
  let word1 = counter1 >>> 0;
  let word2 = counter2 >>> 0;
  let word3 = counter3 >>> 0;
  let roundKey0 = key0 | 0;
  let roundKey1 = key1 | 0;
  for (let round = 0; round < roundCount; round++) {
    const lowA = Math.imul(multiplierA, word0) >>> 0;
    const highA = ((multiplierA * word0 - lowA) * inverseTwo32 + 0.5) >>> 0;
    const lowB = Math.imul(multiplierB, word2) >>> 0;
    const highB = ((multiplierB * word2 - lowB) * inverseTwo32 + 0.5) >>> 0;
    word0 = (highB ^ word1 ^ roundKey0) >>> 0;
    word1 = lowB;
    word2 = (highA ^ word3 ^ roundKey1) >>> 0;
    word3 = lowA;
    roundKey0 = (roundKey0 + weylA) | 0;
    roundKey1 = (roundKey1 + weylB) | 0;
  }
  out[0] = word0;
  out[1] = word1;
  out[2] = word2;
  out[3] = word3;
}

/** A reproducible stream of random numbers for simulations and emulators; the same on every machine. */
export interface Random {
  /** [0, 1), 53 bits. */
  uniform(): number;
  /** 0 .. count - 1, for a count up to 2^32. */
  integer(count: number): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
  /** Mean 1. */
  exponential(): number;
}

/**
 * @param seed a whole number from 0 to 2^53 - 1
 * @param stream streams of one seed are independent of each other, and of the noise of token choices
 */
export function createRandom(seed: number, stream = 0): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`a seed is a whole number, not ${seed}`);
  const key0 = seed % 2 ** 32;
  const key1 = Math.floor(seed / 2 ** 32);
  const block = new Uint32Array(4);
  let blockIndex = 0;
  let used = 4;

  function uniform(): number {
    if (used === 4) {
      // The last word separates these counters from those of token choices, which have 0 there.
      philox(block, blockIndex, Math.floor(blockIndex / 2 ** 32), stream, 1, key0, key1);
      blockIndex++;
      used = 0;
    }
    const upper = (block[used] as number) >>> 5;
    const lower = (block[used + 1] as number) >>> 6;
    used += 2;
    return (upper * 2 ** 26 + lower) * 2 ** -53;
  }

  return {
    uniform,
    integer: (count) => Math.floor(uniform() * count),
    normal: () => polarNormal(uniform),
    exponential: () => -log(1 - uniform()),
  };
}

/** Marsaglia's polar method: unlike the Box-Muller transform it needs no sine, whose last bits differ between machines. */
function polarNormal(uniform: () => number): number {
  for (;;) {
    const across = 2 * uniform() - 1;
    const up = 2 * uniform() - 1;
    const square = across * across + up * up;
    if (square > 0 && square < 1) return across * Math.sqrt((-2 * log(square)) / square);
  }
}
