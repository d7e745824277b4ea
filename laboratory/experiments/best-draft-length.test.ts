import { describe, expect, it } from 'vitest';
import { descendDraftLengths, quickest } from './best-draft-length.ts';

const windows = [1, 2, 3, 4, 6, 8, 12, 20];

describe('quickest', () => {
  it('takes the first of several that are equally quick', () => {
    expect(quickest(windows, (window) => Math.max(5, window))).toBe(1);
  });
});

describe('descendDraftLengths', () => {
  it.each(windows)('finds the best window %i of a valley, from the middle and from an end', (best) => {
    const costOf = (window: number): number => Math.abs(Math.log(window / best));
    expect(descendDraftLengths(windows, 2, costOf)).toBe(best);
    expect(descendDraftLengths(windows, windows.length - 1, costOf)).toBe(best);
  });

  it('asks for no window twice, and for none beyond the next one', () => {
    const asked: number[] = [];
    const costOf = (window: number): number => {
      asked.push(window);
      return (window - 4) ** 2;
    };
    expect(descendDraftLengths(windows, 2, costOf)).toBe(4);
    expect(asked.toSorted((one, other) => one - other)).toEqual([3, 4, 6]);
  });
});
