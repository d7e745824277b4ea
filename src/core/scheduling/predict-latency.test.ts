import { describe, expect, it } from 'vitest';
import { edgeSdBestMs, windowTokens } from './predict-latency.ts';

it('windows yield the tokens that Leviathan et al. state', () => {
  // Their table 1: a = 0.6 and 0.8, gamma = 2 and 5.
  expect(windowTokens(0.6, 2)).toBeCloseTo(1.96, 2);
  expect(windowTokens(0.8, 5)).toBeCloseTo(3.69, 2);
  expect(windowTokens(1, 5)).toBe(6);
  expect(windowTokens(0, 5)).toBe(1);
});

describe('the edge alone', () => {
  const reference = { stepMs: (rows: number) => 40 + 0.4 * rows, draftMs: 10, edgeDraftMs: 5, roundTripMs: 0 };

  // Without overlap the expectation of Leviathan et al.; with it, times of the protocol's machines in virtual time.
  it.each([
    [false, 0.8, 18.3],
    [true, 0.3, 34.6],
    [true, 0.65, 22.7],
    [true, 0.8, 15.5],
    [true, 0.95, 7.5],
  ])(
    'takes at its best number of drafts, overlapping them: %s, at acceptance %d: %d ms',
    (edgeDraftsOverlap, acceptance, expectedMs) => {
      const found = edgeSdBestMs({ ...reference, acceptance, edgeDraftsOverlap });
      expect(Math.abs(found - expectedMs) / expectedMs).toBeLessThan(0.05);
    },
  );
});
