import { describe, expect, it } from 'vitest';
import { linearStepTime } from './step-time.ts';
import { canKeepTarget, mostSessionsWithin, promisedMs } from './target-promise.ts';

const a6000 = linearStepTime(63.4, 2.46);

it.each([
  ['none where nothing sets one', {}, null],
  ['what it asks for', { asked: 90 }, 90],
  ['the class of its key', { tightest: 80 }, 80],
  ['what it asks for beside a class', { tightest: 80, asked: 120 }, 120],
  ['clipped to the class', { tightest: 80, asked: 1 }, 80],
  ['clipped to the class, ordered or not', { tightest: 80, asked: 120, ordered: 70 }, 80],
  ['at least the step of a session alone', { asked: 1 }, 65.86],
  ['at least that step in a class, too', { tightest: 1 }, 65.86],
  ['that of an order, where there is one', { asked: 90, ordered: 200 }, 200],
])('the target of a session is %s', (_what, set, ms) => {
  const promised = promisedMs({ asked: null, ordered: null, tightest: null, ...set }, a6000);
  expect(promised).toEqual(ms === null ? null : expect.closeTo(ms));
});

describe('a promise', () => {
  const steps = (count: number, acceptance: number) => ({ targetMs: count * 65.86, acceptance });

  it('without drafts is kept by as many sessions as fit the step', () => {
    // 63.4 + 2.46 n <= 98.79
    expect(mostSessionsWithin(steps(1.5, 0), a6000, 100)).toBe(14);
    expect(mostSessionsWithin(steps(1, 0), a6000, 100)).toBe(1);
    expect(mostSessionsWithin({ targetMs: 60, acceptance: 0 }, a6000, 100)).toBe(0);
  });

  it('with drafts is kept by as many as the best whole number of drafts allows, or a few more', () => {
    const tokens = (drafts: number): number => (1 - 0.81 ** (drafts + 1)) / (1 - 0.81);
    for (const times of [1.1, 1.25, 1.5]) {
      const { targetMs } = steps(times, 0.81);
      const counts = [0, 1, 2, 3, 4, 5].map((drafts) => (targetMs * tokens(drafts) - 63.4) / (2.46 * (drafts + 1)));
      const best = Math.floor(Math.max(...counts));
      const found = mostSessionsWithin(steps(times, 0.81), a6000, 100);
      expect(found).toBeGreaterThanOrEqual(best);
      expect(found).toBeLessThanOrEqual(best + 1);
    }
  });

  it('is given beside sessions that cannot keep theirs', () => {
    const lost = { targetMs: 65.86, acceptance: 0 };
    expect(canKeepTarget(steps(1.5, 0.8), [lost, lost], a6000)).toBe(true);
    expect(canKeepTarget(lost, [steps(1.5, 0.8)], a6000)).toBe(false);
  });

  it('counts the rows that others need', () => {
    const hungry = steps(1.1, 0.7);
    const others = (count: number) => new Array<typeof hungry>(count).fill(hungry);
    expect(canKeepTarget(steps(1.5, 0), others(3), a6000)).toBe(true);
    expect(canKeepTarget(steps(1.5, 0), others(10), a6000)).toBe(false);
    // Without a target they need a row each.
    const plain = Array.from({ length: 10 }, () => ({ targetMs: null, acceptance: 0.7 }));
    expect(canKeepTarget(steps(1.5, 0), plain, a6000)).toBe(true);
  });
});
