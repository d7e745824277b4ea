import { describe, expect, it } from 'vitest';
import { chainChances } from './draft-value.ts';
import { dueDrafts, type PacedChain } from './due-drafts.ts';
import { linearStepTime } from './step-time.ts';

const gpu = linearStepTime(60, 2);

/** @param tokensLate in tokens of 97 ms */
function chain(tokensLate: number | null, drafts: number, acceptance: number, worthy = 0): PacedChain {
  const target = tokensLate === null ? undefined : { msPerToken: 100, lateMs: 97 * tokensLate };
  return { target, chances: chainChances(drafts, acceptance), worthy };
}

describe('drafts that are due', () => {
  it('are none of sessions that are on time', () => {
    expect(dueDrafts([chain(-3, 5, 0.9), chain(0, 5, 0.9)], gpu).counts).toEqual([0, 0]);
  });

  it('are, of a session without a target, those that are worth their rows', () => {
    expect(dueDrafts([chain(null, 9, 0.5, 3)], gpu).counts).toEqual([3]);
  });

  it('go to the late ones in the order of chance, until each has what it needs', () => {
    // A step of 66 to 76 ms needs 0.7 to 0.8 tokens and 0.2 more; three tokens behind are 0.9 more, five are 1.5 more.
    const { counts } = dueDrafts([chain(3, 9, 0.9), chain(5, 9, 0.9), chain(-1, 9, 0.9)], gpu);
    expect(counts).toEqual([1, 2, 0]);
  });

  it('are not the improbable ones, however late a session is, unless they are worth their rows', () => {
    expect(dueDrafts([chain(15, 9, 0.6), chain(15, 9, 0.3)], gpu).counts).toEqual([1, 0]);
    expect(dueDrafts([chain(15, 9, 0.6, 4)], gpu).counts).toEqual([4]);
  });

  it('include those by which the step becomes too long for others', () => {
    const steep = linearStepTime(10, 40);
    // Beside a session without drafts this one has enough with its row.
    const second = chain(-1, 4, 0.95);
    expect(dueDrafts([chain(-1, 0, 0.9), second], steep).counts).toEqual([0, 0]);
    const { counts } = dueDrafts([chain(15, 2, 0.9), second], steep);
    // Its draft is the most probable one, and is asked for after the others.
    expect(counts[0]).toBe(2);
    expect(counts[1]).toBeGreaterThan(0);
  });

  it('leave other rows the time in which no session becomes late', () => {
    const { longestMs } = dueDrafts([chain(-2, 0, 0.9), chain(-5, 0, 0.9)], gpu);
    // One token less the reserve, and a part of the two tokens that it is ahead.
    expect(longestMs).toBeCloseTo((0.8 + 0.3 * 2) * 97);
    expect(dueDrafts([chain(6, 0, 0.9), chain(-5, 0, 0.9)], gpu).longestMs).toBeLessThan(0);
  });

  it('are, of a session that is too far behind, those that are worth their rows, and it does not hold others back', () => {
    expect(dueDrafts([chain(30, 9, 0.9, 2)], gpu).counts).toEqual([2]);
    expect(dueDrafts([chain(30, 0, 0.9), chain(-5, 0, 0.9)], gpu).longestMs).toBeCloseTo((0.8 + 0.3 * 5) * 97);
  });
});
