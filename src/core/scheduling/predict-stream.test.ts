import { expect, it } from 'vitest';
import { streamMsPerToken } from './predict-stream.ts';

it('looks at each commit once where the network is slow and steps are quick', () => {
  let reads = 0;
  const figures = {
    stepMs: (rows: number) => 0.3 + 0.006 * rows,
    draftMs: 10,
    edgeDraftMs: 10,
    acceptance: 1,
    // Read for each commit whose news the prediction looks for.
    get roundTripMs() {
      reads += 1;
      return 100;
    },
  };
  expect(streamMsPerToken(figures, 8)).toBeCloseTo(0.306, 3);
  // 129 cycles of at most 257 commits and as many drafts, for each rest of a draft.
  expect(reads).toBeLessThan(3 * 129 * 257 * 8);
});
