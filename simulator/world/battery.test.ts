import { expect, it } from 'vitest';
import { type BatteryPlan, drainBattery, drawBatteries } from './battery.ts';

const plan: BatteryPlan = { initialShare: { minimum: 0, maximum: 1 }, drains: true, floorShare: 0.001, idleW: 2 };

it('batteries are uniform, never empty, and stay as they are when devices are added', () => {
  const shares = drawBatteries(plan, 2000, 1);
  expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
  expect(shares.reduce((sum, share) => sum + share, 0) / 2000).toBeCloseTo(0.5, 1);
  expect(drawBatteries(plan, 5, 1)).toEqual(shares.slice(0, 5));
  expect(drawBatteries({ ...plan, initialShare: { minimum: 0.4, maximum: 0.4 } }, 3, 1)).toEqual(
    new Float64Array(3).fill(0.4),
  );
});

it('a slot uses the energy of the task and of idling, down to the floor', () => {
  expect(drainBattery(plan, 0.5, 10, 1000, 500)).toBeCloseTo(0.5 - 11 / 1000, 12);
  expect(drainBattery(plan, 0.002, 10, 1000, 500)).toBe(0.001);
  expect(drainBattery({ ...plan, drains: false }, 0.5, 10, 1000, 500)).toBe(0.5);
});
