// Made texts that repeat themselves as real ones do.

import { createRandom } from '../../../src/core/basics/philox.ts';

export const vocabularySize = 49_152;

/** @returns ids: half of them repeat earlier stretches of 30 */
export function drawText(length: number, seed: number = 1): readonly number[] {
  const random = createRandom(seed);
  const ids: number[] = [];
  while (ids.length < length) {
    const from = random.integer(Math.max(1, ids.length - 30));
    const isCopy = ids.length > 60 && random.uniform() < 0.5;
    for (let index = 0; index < 30 && ids.length < length; index += 1) {
      ids.push(isCopy ? (ids[from + index] as number) : random.integer(vocabularySize));
    }
  }
  return ids;
}
