// When V8 gets the flag that keeps the room for young objects as it is. The test chooses the size of that room.

import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { boundHeap } from './heap-bounds.ts';

const mebibyte = 1_048_576;
const v8 = vi.hoisted(() => ({ youngBytes: 0, flags: [] as string[] }));
vi.mock('node:v8', async (original) => {
  const real = await original<typeof import('node:v8')>();
  return {
    ...real,
    getHeapSpaceStatistics: () => [
      { space_name: 'old_space', space_size: 2 ** 30 },
      { space_name: 'new_space', space_size: v8.youngBytes },
    ],
    setFlagsFromString: (flag: string) => {
      if (flag.endsWith('-gc')) real.setFlagsFromString(flag);
      else v8.flags.push(flag);
    },
  };
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  Object.assign(v8, { youngBytes: 0, flags: [] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const growing = '--heap-growing-percent=40';
const noMoreYoung = '--semi-space-growth-factor=1';

it('lets the room for young objects grow to its limit, and no further', () => {
  using _ = boundHeap();
  v8.youngBytes = 16 * mebibyte - 1;
  vi.advanceTimersByTime(1000);
  expect(v8.flags).toEqual([growing]);
  v8.youngBytes = 16 * mebibyte;
  vi.advanceTimersByTime(1000);
  expect(v8.flags).toEqual([growing, noMoreYoung]);
});

it('leaves no code a way to collect garbage', () => {
  using _ = boundHeap();
  expect(runInNewContext('typeof gc')).toBe('undefined');
});

it('leaves alone what the caller has chosen, and everything once it is disposed of', () => {
  vi.stubEnv('NODE_OPTIONS', '--max-semi-space-size=32 --heap-growing-percent=200');
  v8.youngBytes = 64 * mebibyte;
  using _ = boundHeap();
  vi.advanceTimersByTime(1000);
  expect(v8.flags).toEqual([]);
  vi.stubEnv('NODE_OPTIONS', '');
  boundHeap()[Symbol.dispose]();
  vi.advanceTimersByTime(1000);
  expect(v8.flags).toEqual([growing]);
});
