import { describe, expect, it } from 'vitest';
import { longestStepMs, paceAt, tokensDue, tokensLate } from './target-pace.ts';

describe('the pace of a session with a target', () => {
  it('is counted from its first token, somewhat quicker than the target', () => {
    const start = { atMs: 1000, length: 50 };
    expect(paceAt(100, start, 50, 1000)).toEqual({ msPerToken: 100, lateMs: 0 });
    expect(paceAt(100, start, 60, 1970).lateMs).toBeCloseTo(0);
    expect(paceAt(100, start, 60, 2164).lateMs).toBeCloseTo(194);
    expect(tokensLate(paceAt(100, start, 60, 2164))).toBeCloseTo(2);
    expect(paceAt(100, start, 70, 1970).lateMs).toBeCloseTo(-970);
  });

  it('is not late before the first token', () => {
    expect(paceAt(100, null, 50, 99_999).lateMs).toBe(-194);
  });

  it('needs the tokens of the step, a part of what is missing, and a reserve', () => {
    const late = { msPerToken: 100, lateMs: 194 };
    expect(tokensDue(late, 97)).toBeCloseTo(1 + 0.3 * 2 + 0.2);
    expect(tokensDue({ msPerToken: 100, lateMs: -194 }, 97)).toBeCloseTo(1 - 0.3 * 2 + 0.2);
    // With as many tokens as are due, this step is the longest.
    expect(longestStepMs(late, tokensDue(late, 120))).toBeCloseTo(120);
  });
});
