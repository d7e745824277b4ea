// Small-scale fading by blocks: the power of a link, relative to its mean, changes from one coherence time to the next. A pure function
// of seed, device, server and block, so any moment can be computed without the earlier ones. Flat over the server's band.

import { log } from '../../src/core/basics/fdlibm.ts';
import { philox } from '../../src/core/basics/philox.ts';
import { ratioOfDb } from './decibel.ts';

/** The last counter word; token choices use 0 there, random streams 1. */
const counterWord = 2;

/** @returns the power factor of a link, mean 1 */
export type Fading = (device: number, server: number, block: number, ricianFactorDb: number) => number;

/** A `ricianFactorDb` of -Infinity is Rayleigh fading. */
export function createFading(seed: number): Fading {
  const key0 = seed % 2 ** 32;
  const key1 = Math.floor(seed / 2 ** 32);
  const words = new Uint32Array(4);
  return (device, server, block, ricianFactorDb) => {
    const factor = ricianFactorDb === Number.NEGATIVE_INFINITY ? 0 : ratioOfDb(ricianFactorDb);
    // Each try draws a point in a square; the first point inside the circle gives two normal numbers (Marsaglia's polar method).
    for (let attempt = 0; ; attempt++) {
      philox(words, block, device, (server & 0xffff) | (attempt << 16), counterWord, key0, key1);
      for (let pair = 0; pair < 4; pair += 2) {
        const across = (words[pair] as number) * 2 ** -31 - 1;
        const up = (words[pair + 1] as number) * 2 ** -31 - 1;
        const square = across * across + up * up;
        if (square >= 1 || square === 0) continue;
        const scale = Math.sqrt(-log(square) / square);
        const direct = Math.sqrt(factor) + across * scale;
        const quadrature = up * scale;
        return (direct * direct + quadrature * quadrature) / (factor + 1);
      }
    }
  };
}
