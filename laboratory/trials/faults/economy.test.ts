import { describe, expect, it } from 'vitest';
import { runFaults } from './run.ts';

describe('what texts cost under faults', () => {
  // Short runs, some of them with keys, whose rows count.
  it.each([4, 7, 9, 14, 16])(
    'is one evaluation of each token in a place, and a row counted for each (seed %i)',
    (seed) => {
      expect(runFaults(seed).broken).toBeNull();
    },
  );
});
