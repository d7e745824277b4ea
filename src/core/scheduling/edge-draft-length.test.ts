import { describe, expect, it } from 'vitest';
import { chainLengthWorth, type EdgeDraftLengthFigures } from './edge-draft-length.ts';
import { stairs } from './plans.fixture.ts';
import { linearStepTime } from './step-time.ts';

const cheapRows: EdgeDraftLengthFigures = {
  freeDrafts: 0,
  acceptance: 0.8,
  draftMs: 5,
  stepTime: linearStepTime(40, 0.4),
  maxDrafts: 24,
};

/** ms per token if draft and verification alternate with this draft length: Leviathan et al. 2023, theorem 3.8. */
function windowMs(gamma: number, acceptance: number): number {
  const tokens = (1 - acceptance ** (gamma + 1)) / (1 - acceptance);
  return (gamma * 5 + 40 + 0.4 * (gamma + 1)) / tokens;
}

describe('chainLengthWorth', () => {
  it.each([0.3, 0.65, 0.8, 0.95])('is the best draft length where nothing is free, acceptance %d', (acceptance) => {
    const windows = Array.from({ length: 25 }, (_, gamma) => gamma);
    const best = windows.reduce((one, other) =>
      windowMs(other, acceptance) < windowMs(one, acceptance) ? other : one,
    );
    expect(chainLengthWorth({ ...cheapRows, acceptance })).toBe(best);
  });

  it('extends a short chain of free drafts, and not a long one', () => {
    const short = chainLengthWorth({ ...cheapRows, acceptance: 0.95, freeDrafts: 1 });
    expect(short).toBeGreaterThan(8);
    expect(chainLengthWorth({ ...cheapRows, freeDrafts: 7 })).toBe(7);
  });

  it('is 0 where drafts are never accepted, rows cost a step each, or drafts are slow', () => {
    expect(chainLengthWorth({ ...cheapRows, acceptance: 0 })).toBe(0);
    expect(chainLengthWorth({ ...cheapRows, stepTime: linearStepTime(4, 36) })).toBe(0);
    expect(chainLengthWorth({ ...cheapRows, draftMs: 60 })).toBe(0);
  });

  it('waits for no draft where a session then misses a step of the others, unless many drafts come of it', () => {
    const beside = { ...cheapRows, freeDrafts: 2, acceptance: 0.8, missedMs: 45 };
    expect(chainLengthWorth({ ...beside, missedMs: 0 })).toBeGreaterThan(2);
    expect(chainLengthWorth(beside)).toBe(2);
    expect(chainLengthWorth({ ...beside, freeDrafts: 0, acceptance: 0.95 })).toBeGreaterThan(4);
  });

  it('fills the stairs of an engine that pads its calls', () => {
    const stepTime = stairs;
    expect(chainLengthWorth({ ...cheapRows, stepTime })).toBe(3);
    expect(chainLengthWorth({ ...cheapRows, stepTime, acceptance: 0.99 })).toBe(11);
    expect(chainLengthWorth({ ...cheapRows, stepTime, freeDrafts: 4, acceptance: 0.9 })).toBe(7);
    // A draft that is hardly ever accepted is not worth making, even where its row is free.
    expect(chainLengthWorth({ ...cheapRows, stepTime, acceptance: 0.01 })).toBe(0);
    expect(chainLengthWorth({ ...cheapRows, stepTime, acceptance: 0.01, draftMs: 0 })).toBe(3);
  });

  it('keeps to the longest chain, but never drops free drafts', () => {
    expect(chainLengthWorth({ ...cheapRows, acceptance: 1, maxDrafts: 5 })).toBe(5);
    expect(chainLengthWorth({ ...cheapRows, maxDrafts: 2, freeDrafts: 7 })).toBe(7);
  });
});
