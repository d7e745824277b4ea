import { describe, expect, it } from 'vitest';
import { longestStepMs, paceAt, tokensDue, tokensLate } from './target-pace.ts';

describe('the pace of a session with a target', () => {
  it('is counted from its first token, a twentieth quicker than the target', () => {
    const start = { atMs: 1000, length: 50 };
    expect(paceAt(100, start, 50, 1000).lateMs).toBe(0);
    expect(paceAt(100, start, 60, 1950)).toEqual({ msPerToken: 100, lateMs: 0 });
    expect(paceAt(100, start, 60, 2140).lateMs).toBeCloseTo(190);
    expect(tokensLate(paceAt(100, start, 60, 2140))).toBeCloseTo(2);
    expect(paceAt(100, start, 70, 1950).lateMs).toBeCloseTo(-950);
  });

  it('is not late before the first token', () => {
    expect(paceAt(100, null, 50, 99_999).lateMs).toBe(-190);
  });

  it('needs the tokens of the step and what is missing, and half a token more', () => {
    const late = { msPerToken: 100, lateMs: 190 };
    expect(tokensDue(late, 95)).toBeCloseTo(3.5);
    expect(tokensDue({ msPerToken: 100, lateMs: -95 }, 95)).toBeCloseTo(0.5);
    // With as many tokens as are due, this step is the longest.
    expect(longestStepMs(late, tokensDue(late, 120))).toBeCloseTo(120);
  });
});
