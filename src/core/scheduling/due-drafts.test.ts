import { describe, expect, it } from 'vitest';
import { chainChances } from './draft-value.ts';
import { dueDrafts, type PacedChain } from './due-drafts.ts';
import { linearStepTime } from './step-time.ts';

const gpu = linearStepTime(60, 2);

/** @param tokensLate in tokens of 95 ms */
function chain(tokensLate: number | null, drafts: number, acceptance: number): PacedChain {
  const target = tokensLate === null ? undefined : { msPerToken: 100, lateMs: 95 * tokensLate };
  return { target, chances: chainChances(drafts, acceptance), worthy: 0 };
}

describe('drafts that are due', () => {
  it('are none of sessions that are on time, or have no target', () => {
    const found = dueDrafts([chain(-3, 5, 0.9), chain(null, 5, 0.9)], gpu);
    expect(found.counts).toEqual([0, 0]);
  });

  it('go to the late ones in the order of chance, until each is expected to be on time', () => {
    // A step of about 66 ms needs 0.7 tokens, half a token more, and one or two that are missing.
    const { counts } = dueDrafts([chain(1, 9, 0.9), chain(2, 9, 0.9), chain(-1, 9, 0.9)], gpu);
    expect(counts).toEqual([2, 3, 0]);
  });

  it('are not the improbable ones, however late a session is', () => {
    expect(dueDrafts([chain(5, 9, 0.5), chain(5, 9, 0.2)], gpu).counts).toEqual([1, 0]);
    expect(dueDrafts([{ ...chain(5, 9, 0.5), worthy: 4 }], gpu).counts).toEqual([4]);
  });

  it('are, of a session without a target, those that are worth their rows', () => {
    expect(dueDrafts([{ ...chain(null, 9, 0.5), worthy: 3 }], gpu).counts).toEqual([3]);
  });

  it('include those by which the step becomes too long for others', () => {
    const steep = linearStepTime(10, 40);
    // Alone the second session would be on time with its row.
    const second = chain(-0.2, 4, 0.9);
    expect(dueDrafts([second], steep).counts).toEqual([0]);
    const { counts } = dueDrafts([chain(6, 2, 0.95), second], steep);
    expect(counts[0]).toBe(2);
    expect(counts[1]).toBeGreaterThan(0);
  });

  it('leave other rows the time in which no session becomes late', () => {
    const { longestMs } = dueDrafts([chain(-2, 0, 0.9), chain(-5, 0, 0.9)], gpu);
    // One token, half of it in reserve, and two tokens ahead.
    expect(longestMs).toBeCloseTo(2.5 * 95);
    expect(dueDrafts([chain(3, 0, 0.9), chain(-5, 0, 0.9)], gpu).longestMs).toBeLessThan(0);
  });

  it('leave it whatever a session needs that is too far behind', () => {
    expect(dueDrafts([chain(30, 0, 0.9), chain(-5, 0, 0.9)], gpu).longestMs).toBeCloseTo(5.5 * 95);
  });
});
