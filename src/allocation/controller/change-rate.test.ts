import { expect, it } from 'vitest';
import { ChangeRate } from './change-rate.ts';

it('gives the mean time between changes, of late', () => {
  const rate = new ChangeRate();
  expect(rate.meanMs(0)).toBe(5000);
  for (let ms = 0; ms < 300_000; ms += 500) rate.changed(ms);
  expect(rate.meanMs(300_000) / 500).toBeCloseTo(1.15, 1);
  for (let ms = 300_000; ms < 600_000; ms += 4000) rate.changed(ms);
  expect(rate.meanMs(600_000) / 4000).toBeCloseTo(1.09, 1);
});

it('forgets what is long ago', () => {
  const rate = new ChangeRate();
  for (let ms = 0; ms < 100; ms += 1) rate.changed(ms);
  expect(rate.meanMs(100)).toBeLessThan(60);
  expect(rate.meanMs(300_000)).toBeGreaterThan(30_000);
});
