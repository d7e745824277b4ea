// The places and the movement of devices in a rectangle.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AreaMobilitySettings, createAreaMobility } from './area-mobility.ts';
import type { DeviceKind } from './population.ts';
import { usualSpeedsMps } from './usual-speeds.fixture.ts';

const plain: AreaMobilitySettings = {
  area: { x: -100, y: 50, width: 400, height: 200 },
  kinds: ['pedestrian', 'vehicle', 'indoor', 'pedestrian'],
  speedMps: usualSpeedsMps,
  pauseS: { minimum: 0, maximum: 60 },
  hotSpots: [],
};

const crowd = (count: number): DeviceKind[] => Array.from({ length: count }, () => 'pedestrian');

describe('movement in an area', () => {
  it('stays inside, no faster than its kind, whatever the seed and the step', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.double({ min: 1, max: 1e6, noNaN: true }), (seed, stepMs) => {
        const mobility = createAreaMobility(plain, seed);
        for (let step = 0; step < 50; step++) {
          const [beforeX, beforeY] = [mobility.x.slice(), mobility.y.slice()];
          mobility.advance(stepMs);
          for (const [device, kind] of plain.kinds.entries()) {
            const [x, y] = [mobility.x[device] as number, mobility.y[device] as number];
            if (!(x >= -100 && x <= 300 && y >= 50 && y <= 250)) expect([x, y]).toBe('inside');
            const moved = Math.hypot(x - (beforeX[device] as number), y - (beforeY[device] as number));
            const fastest = kind === 'indoor' ? 0 : usualSpeedsMps[kind].maximum;
            if (moved > fastest * stepMs * 1e-3 + 1e-6) expect(moved).toBeLessThanOrEqual(fastest * stepMs * 1e-3);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('does not depend on the step length, nor on the other devices', () => {
    const whole = createAreaMobility(plain, 5);
    const cut = createAreaMobility(plain, 5);
    const alone = createAreaMobility({ ...plain, kinds: ['pedestrian'] }, 5);
    for (let step = 0; step < 100; step++) {
      whole.advance(70_000);
      alone.advance(70_000);
      for (let part = 0; part < 70; part++) cut.advance(1000);
    }
    for (const device of plain.kinds.keys()) {
      expect(cut.x[device]).toBeCloseTo(whole.x[device] as number, 4);
      expect(cut.y[device]).toBeCloseTo(whole.y[device] as number, 4);
    }
    expect([alone.x[0], alone.y[0]]).toEqual([whole.x[0], whole.y[0]]);
  });

  it('starts in its stationary state: spread and share at rest stay the same later', () => {
    // Most trips are short and stay in the hot spot, but most of the time is spent on the others.
    const hotSpots = [{ x: -60, y: 90, radiusMetres: 10, share: 0.6 }];
    const settings = { ...plain, kinds: crowd(4000), pauseS: { minimum: 10, maximum: 40 }, hotSpots };
    const mobility = createAreaMobility(settings, 1);
    const measure = (): [middle: number, resting: number] => {
      const isMiddle = (device: number): boolean =>
        Math.abs((mobility.x[device] as number) - 100) < 100 && Math.abs((mobility.y[device] as number) - 150) < 50;
      const middle = settings.kinds.filter((_, device) => isMiddle(device)).length / 4000;
      const beforeX = mobility.x.slice();
      mobility.advance(1);
      return [middle, mobility.x.filter((x, device) => x === beforeX[device]).length / 4000];
    };
    const [middle, resting] = measure();
    for (let later = 0; later < 3; later++) {
      mobility.advance(400_000);
      const [middleLater, restingLater] = measure();
      expect(Math.abs(middleLater - middle)).toBeLessThan(0.035);
      expect(Math.abs(restingLater - resting)).toBeLessThan(0.035);
    }
  });

  it('gathers in hot spots', () => {
    const hotSpots = [{ x: 250, y: 200, radiusMetres: 20, share: 0.8 }];
    const settings = { ...plain, kinds: crowd(1000), pauseS: { minimum: 300, maximum: 300 }, hotSpots };
    const mobility = createAreaMobility(settings, 1);
    const near = mobility.x.filter((x, i) => Math.hypot(x - 250, (mobility.y[i] as number) - 200) <= 20).length;
    expect(near / 1000).toBeGreaterThan(0.55);
    expect(near / 1000).toBeLessThan(0.85);
  });

  it('also works where all goals are one place and there is no pause', () => {
    const hotSpots = [{ x: 0, y: 100, radiusMetres: 0, share: 1 }];
    const mobility = createAreaMobility({ ...plain, hotSpots, pauseS: { minimum: 0, maximum: 0 } }, 1);
    mobility.advance(1e6);
    expect([mobility.x[0], mobility.y[0]]).toEqual([0, 100]);
  });

  it.each([
    [{ area: { x: 0, y: 0, width: 0, height: 5 } }, 'area is 0 m x 5 m'],
    [{ area: { x: Number.NaN, y: 0, width: 5, height: 5 } }, 'area is 5 m x 5 m at NaN'],
    [{ pauseS: { minimum: 5, maximum: 1 } }, 'pauseS is 5 to 1'],
    [{ speedMps: { ...usualSpeedsMps, vehicle: { minimum: 0, maximum: 1 } } }, 'speedMps.vehicle is 0 to 1'],
    [{ hotSpots: [{ x: 0, y: 100, radiusMetres: -1, share: 0.5 }] }, 'hotSpots[0]'],
    [{ hotSpots: [{ x: 999, y: 100, radiusMetres: 1, share: 0.5 }] }, 'lies outside the area'],
    [{ hotSpots: [1, 2].map((x) => ({ x, y: 100, radiusMetres: 1, share: 0.6 })) }, 'sum to 1.2'],
  ])('refuses %o', (change, message) => {
    expect(() => createAreaMobility({ ...plain, ...change }, 1)).toThrow(message);
  });
});
