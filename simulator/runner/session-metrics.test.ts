import { describe, expect, it } from 'vitest';
import { acceptanceOf, edgeComparisons, standardError } from './session-metrics.ts';

describe('counts', () => {
  it('tells the standard error of a mean', () => {
    expect(standardError([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 3 / 4), 12);
    expect(standardError([1])).toBeNull();
  });

  it('counts a mismatch for each step of an edge that committed less than its window', () => {
    // Windows of 3: one held, one broke after 2, one at once; the text ended with the last.
    expect(edgeComparisons([4, 3, 1, 2], 6, 3)).toEqual({ matched: 6, mismatched: 2 });
    expect(acceptanceOf({ matched: 6, mismatched: 2 })).toBe(0.75);
    expect(acceptanceOf({ matched: 0, mismatched: 0 })).toBeNull();
  });
});
