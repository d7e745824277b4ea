import { expect, it } from 'vitest';
import { estimateWaitMs, type FreedPlaces, noteFreed } from './place-estimate.ts';

const freedAt = (...times: number[]): FreedPlaces =>
  times.reduce((freed, ms) => noteFreed(freed, ms), [] as FreedPlaces);

it('is the mean time between places, for each session that waits and one more', () => {
  expect(estimateWaitMs(freedAt(0, 4000, 8000), 0, 12_000)).toBe(4000);
  expect(estimateWaitMs(freedAt(0, 4000, 8000), 4, 12_000)).toBe(20_000);
});

it('grows while nothing becomes free, and has bounds', () => {
  expect(estimateWaitMs(freedAt(0), 0, 30_000)).toBe(30_000);
  expect(estimateWaitMs(freedAt(0), 9, 30_000)).toBe(120_000);
  expect(estimateWaitMs(freedAt(0, 10), 0, 20)).toBe(1000);
  expect(estimateWaitMs([], 50, 1e6)).toBe(2000);
});

it('forgets old places', () => {
  const many = freedAt(0, ...Array.from({ length: 40 }, (_, index) => 1e6 + index * 3000));
  expect(many).toHaveLength(32);
  expect(estimateWaitMs(many, 0, 1e6 + 40 * 3000)).toBe(3000);
});
