import { expect, it } from 'vitest';
import { preciseSleep } from './precise-sleep.ts';

it('sleeps to the deadline and not before', async () => {
  let now = 1000;
  const clock = {
    nowMs: () => (now += 0.1),
    after: (delayMs: number, callback: () => void) => {
      const timer = setImmediate(() => {
        now += delayMs;
        callback();
      });
      return () => clearImmediate(timer);
    },
  };
  const sleepUntil = preciseSleep(clock);
  await sleepUntil(1020);
  expect(now).toBeGreaterThanOrEqual(1020);
  expect(now).toBeLessThan(1021);
  await sleepUntil(500);
  expect(now).toBeLessThan(1022);
});
