import { describe, expect, it } from 'vitest';
import {
  bestWindow,
  crossing,
  msPerToken,
  type PlayedCase,
  type PlayedTask,
  rateThatSuffices,
} from './fig2-sessions.ts';

function played(window: number, uplinkMbps: number, ms: readonly number[]): PlayedCase {
  return { mode: 'psd', window, uplinkMbps, ms, tokens: ms.map(() => 10) };
}

const task: PlayedTask = {
  kind: 'code',
  hardware: 'preset',
  law: 'q16',
  description: '',
  cases: [
    played(1, 10, [400, 420, 410]),
    played(8, 10, [500, 490, 510]),
    played(1, 100, [300, 310, 305]),
    played(8, 100, [200, 202, 198]),
    played(1, 200, [300, 310, 305]),
    played(8, 200, [199, 201, 197]),
  ],
};

describe('windows and uplinks of Fig. 2', () => {
  it('count the time per token over all tokens of the answers', () => {
    expect(msPerToken({ ms: [100, 500], tokens: [10, 20] }, [0, 1])).toBe(20);
    expect(msPerToken({ ms: [100, 500], tokens: [10, 20] }, [0, 0])).toBe(10);
  });

  it('find the quickest window of an uplink', () => {
    expect(bestWindow(task, 10)).toEqual({ value: 1, interval: [1, 1] });
    expect(bestWindow(task, 200)).toEqual({ value: 8, interval: [8, 8] });
  });

  it('find the uplink from which more gains less than a twentieth', () => {
    // 40 at 1, 20 at 100: halfway in the logarithm is 10, where the line is at 30.
    expect(crossing([1, 100, 200], [40, 20, 30 / 1.05])).toBeCloseTo(10, 6);
    expect(crossing([1, 100, 200], [20, 20, 20])).toBe(1);
    expect(crossing([1, 100, 200], [40, 30, 20])).toBeGreaterThan(100);
    const { value, interval } = rateThatSuffices([task]);
    expect(value).toBeGreaterThan(80);
    expect(value).toBeLessThan(100);
    expect(interval[0]).toBeLessThanOrEqual(value);
  });
});
