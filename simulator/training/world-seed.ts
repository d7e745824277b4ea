// The worlds of training. Apart from the trainer, so that the environment of agents needs no library that differentiates.

import { createRandom } from '../../src/core/basics/philox.ts';

const episodeStream = 0x57000000;

/** The world of an episode; below 2^31, so never a held-out one. */
export function worldSeed(seed: number, episode: number): number {
  return createRandom(seed, episodeStream + episode).integer(2 ** 31);
}
