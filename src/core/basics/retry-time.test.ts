import { expect, it } from 'vitest';
import { retryRemedy, retrySecondsOf } from './retry-time.ts';

it('names a time that can be read back, in whole seconds', () => {
  expect(retryRemedy(1200, ', or later')).toBe('try again in 2 s, or later');
  for (const [ms, seconds] of [
    [0, 1],
    [999, 1],
    [1001, 2],
    [60_000, 60],
  ] as const)
    expect(retrySecondsOf(retryRemedy(ms, ', or use another edge'))).toBe(seconds);
});

it('reads no time from other remedies', () => {
  for (const remedy of ['try again later', 'try again in a while', 'or try again in 5 s', 'try again in 5 seconds'])
    expect(retrySecondsOf(remedy)).toBeUndefined();
});
