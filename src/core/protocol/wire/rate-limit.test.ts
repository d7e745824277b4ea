import { describe, expect, it } from 'vitest';
import { createRateLimit, type RateLimit, take } from './rate-limit.ts';

const settings = { framesPerSecond: 100, bytesPerSecond: 1000, burstFrames: 10, burstBytes: 500 };

function takeMany(limit: RateLimit, nowMs: number, frameBytes: number, count: number) {
  let state = limit;
  let allowedCount = 0;
  for (let index = 0; index < count; index++) {
    const outcome = take(state, nowMs, frameBytes);
    state = outcome.state;
    if (outcome.allowed) allowedCount++;
  }
  return { state, allowedCount };
}

describe('rate limit', () => {
  it('allows a burst and then the rate', () => {
    const first = takeMany(createRateLimit(settings, 0), 0, 1, 50);
    expect(first.allowedCount).toBe(10);
    expect(takeMany(first.state, 50, 1, 50).allowedCount).toBe(5);
  });

  it('counts bytes as well as frames', () => {
    const first = takeMany(createRateLimit(settings, 0), 0, 200, 5);
    expect(first.allowedCount).toBe(2);
    expect(take(first.state, 0, 100).allowed).toBe(true);
    expect(takeMany(first.state, 100, 200, 5).allowedCount).toBe(1);
  });

  it('allows a frame that is as large as its bucket, and then none that has a byte', () => {
    const largest = take(createRateLimit(settings, 0), 0, 500);
    expect(largest.allowed).toBe(true);
    expect(take(largest.state, 0, 0).allowed).toBe(true);
    expect(take(largest.state, 0, 1).allowed).toBe(false);
  });

  it('uses nothing of the buckets for a refused frame', () => {
    const refused = take(createRateLimit(settings, 0), 0, 501);
    expect(refused.allowed).toBe(false);
    expect(refused.state).toEqual(createRateLimit(settings, 0));
  });

  it('accumulates no more than the burst', () => {
    const first = takeMany(createRateLimit(settings, 0), 0, 1, 10);
    expect(takeMany(first.state, 3_600_000, 1, 50).allowedCount).toBe(10);
  });

  it('is not emptied by a clock that goes backwards, nor refilled twice for the same time', () => {
    const first = takeMany(createRateLimit(settings, 1000), 1000, 1, 10);
    const back = take(first.state, 0, 1);
    expect(back.allowed).toBe(false);
    expect(takeMany(back.state, 1010, 1, 50).allowedCount).toBe(1);
  });

  it('refuses settings that allow nothing', () => {
    expect(() => createRateLimit({ ...settings, burstFrames: 0 }, 0)).toThrow('burstFrames');
  });
});
