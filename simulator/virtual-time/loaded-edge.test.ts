import { describe, expect, it } from 'vitest';
import { paceOf, timePerToken } from './loaded-edge.ts';

describe('the pace of an answer', () => {
  it('is that of the tokens after the first ones', () => {
    const arrivals = [
      { atMs: 100, tokenCount: 2 },
      { atMs: 150, tokenCount: 1 },
      { atMs: 190, tokenCount: 3 },
    ];
    expect(paceOf(arrivals)).toBeCloseTo(90 / 4);
    expect(paceOf(arrivals.slice(0, 1))).toBeNaN();
    expect(paceOf([])).toBeNaN();
  });
});

describe('time per token of sessions', () => {
  const emission = (atMs: number, tokenCount: number) => ({ atMs, tokenCount, acceptedCount: 0 });

  it('counts only the time in which all of them write', () => {
    const one = [emission(10, 1), emission(20, 1), emission(40, 2), emission(50, 1)];
    const other = [emission(15, 1), emission(35, 2), emission(45, 2), emission(90, 9)];
    // All write from 15 to 50 ms: the one 3 tokens from 20 to 50 ms, the other 4 from 15 to 45 ms.
    expect(timePerToken([one, other])).toBeCloseTo((30 / 3 + 30 / 4) / 2);
  });
});
