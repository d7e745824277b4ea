// For tests: any candidates of a position.

import fc from 'fast-check';
import type { Candidates } from './candidates.ts';

const anyPair = fc.tuple(fc.nat(300), fc.integer({ min: -60, max: 60 }));

export const anyCandidates: fc.Arbitrary<Candidates> = fc
  .uniqueArray(anyPair, { minLength: 1, maxLength: 64, selector: ([id]) => id })
  .map((pairs) => {
    // Quarters make ties likely.
    const sorted = pairs.toSorted((first, second) => second[1] - first[1] || first[0] - second[0]);
    return { ids: sorted.map(([id]) => id), logits: sorted.map(([, quarters]) => quarters / 4) };
  });
