import { expect, it } from 'vitest';
import { streamMsPerToken } from './predict-stream.ts';

it('plays each step once for all runs where the network is slow and steps are quick', () => {
  let reads = 0;
  const figures = {
    stepMs: (rows: number) => 0.3 + 0.006 * rows,
    draftMs: 10,
    edgeDraftMs: 10,
    acceptance: 1,
    // Read for each arrival of a commit that the prediction checks.
    get roundTripMs() {
      reads += 1;
      return 100;
    },
  };
  expect(streamMsPerToken(figures, 8)).toBeCloseTo(0.306, 3);
  // At most 257 commits and as many drafts, for each rest of a draft.
  expect(reads).toBeLessThan(3 * 257 * 8);
});
