// Devices never walk through a building: on the town of the fixture and on random maps, at every step.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mobility } from './mobility.ts';
import type { DeviceKind } from './population.ts';
import { townMap } from './radio-map.fixture.ts';
import { connectedStreets, isStreet, openMoves, type StreetMask, streetDistances, unreachable } from './street-mask.ts';
import { createStreetMobility, type StreetMobilitySettings } from './street-mobility.ts';
import { usualSpeedsMps } from './usual-speeds.fixture.ts';

const plain: StreetMobilitySettings = {
  streets: townMap().streets,
  kinds: ['pedestrian', 'vehicle', 'pedestrian', 'pedestrian'],
  speedMps: usualSpeedsMps,
  pauseS: { minimum: 0, maximum: 20 },
  hotSpots: [],
};

/** The devices that are not on a street. */
function strays(streets: StreetMask, { x, y }: Mobility): number[] {
  return [...plain.kinds.keys()].filter((device) => !isStreet(streets, x[device] as number, y[device] as number));
}

const randomMask: fc.Arbitrary<StreetMask> = fc
  .tuple(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 2, max: 12 }))
  .chain(([rows, columns]) =>
    fc.array(fc.boolean(), { minLength: rows * columns, maxLength: rows * columns }).map((cells) => ({
      originX: -7,
      originY: 3,
      cellMetres: 4,
      rows,
      columns,
      walkable: Uint8Array.from(cells, Number),
    })),
  )
  .filter((mask) => connectedStreets(mask, openMoves(mask)).length >= 2);

describe('movement along streets', () => {
  it('is on a street at every step, on any map', () => {
    fc.assert(
      fc.property(randomMask, fc.nat(1e6), fc.double({ min: 10, max: 9000, noNaN: true }), (streets, seed, stepMs) => {
        const mobility = createStreetMobility({ ...plain, streets }, seed);
        for (let step = 0; step < 200; step++) {
          const off = strays(streets, mobility);
          if (off.length > 0) expect(off).toEqual([]);
          mobility.advance(stepMs);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('stays on a street all the way from one step to the next', () => {
    const mobility = createStreetMobility(plain, 3);
    for (let step = 0; step < 20_000; step++) {
      mobility.advance(100);
      const off = strays(plain.streets, mobility);
      if (off.length > 0) expect(off).toEqual([]);
    }
  });

  it('moves at the speeds of the kinds, and covers some distance', () => {
    const mobility = createStreetMobility({ ...plain, pauseS: { minimum: 0, maximum: 0 } }, 4);
    const visited = plain.kinds.map(() => new Set<string>());
    for (let step = 0; step < 3000; step++) {
      const [beforeX, beforeY] = [mobility.x.slice(), mobility.y.slice()];
      mobility.advance(500);
      for (const [device, kind] of plain.kinds.entries()) {
        const [x, y] = [mobility.x[device] as number, mobility.y[device] as number];
        const moved = Math.hypot(x - (beforeX[device] as number), y - (beforeY[device] as number));
        if (kind !== 'indoor' && moved > usualSpeedsMps[kind].maximum * 0.5 + 1e-9) expect(moved).toBe('too fast');
        visited[device]?.add(`${Math.floor(x / 20)} ${Math.floor(y / 20)}`);
      }
    }
    for (const places of visited) expect(places.size).toBeGreaterThan(8);
  });

  it('does not depend on the step length, nor on the other devices', () => {
    const whole = createStreetMobility(plain, 5);
    const cut = createStreetMobility(plain, 5);
    const alone = createStreetMobility({ ...plain, kinds: ['pedestrian'] }, 5);
    for (let step = 0; step < 100; step++) {
      whole.advance(30_000);
      alone.advance(30_000);
      for (let part = 0; part < 300; part++) cut.advance(100);
    }
    for (const device of plain.kinds.keys()) expect(cut.x[device]).toBeCloseTo(whole.x[device] as number, 3);
    expect([alone.x[0], alone.y[0]]).toEqual([whole.x[0], whole.y[0]]);
  });

  it('gathers in hot spots', () => {
    const kinds: DeviceKind[] = Array.from({ length: 400 }, () => 'pedestrian');
    const hotSpots = [{ x: 36, y: 27, radiusMetres: 12, share: 0.9 }];
    const settings = { ...plain, kinds, hotSpots, pauseS: { minimum: 200, maximum: 200 } };
    const mobility = createStreetMobility(settings, 6);
    const near = (): number =>
      mobility.x.filter((x, i) => Math.hypot(x - 36, (mobility.y[i] as number) - 27) < 16).length / 400;
    expect(near()).toBeGreaterThan(0.5);
    mobility.advance(1e6);
    expect(near()).toBeGreaterThan(0.5);
  });

  it('pauses where there is no other goal', () => {
    const hotSpots = [{ x: 0, y: 0, radiusMetres: 500, share: 1 }];
    const mobility = createStreetMobility({ ...plain, hotSpots, pauseS: { minimum: 0, maximum: 0 } }, 1);
    mobility.advance(1e5);
    expect(isStreet(plain.streets, mobility.x[0] as number, mobility.y[0] as number)).toBe(true);
  });

  it('refuses indoor devices and maps without streets', () => {
    expect(() => createStreetMobility({ ...plain, kinds: ['pedestrian', 'indoor'] }, 1)).toThrow('device 1 is indoors');
    const streets = { ...plain.streets, walkable: new Uint8Array(plain.streets.walkable.length) };
    expect(() => createStreetMobility({ ...plain, streets }, 1)).toThrow('no street to walk along');
  });
});

describe('street distances', () => {
  it('equal those of Bellman and Ford', () => {
    fc.assert(
      fc.property(randomMask, (mask) => {
        const open = openMoves(mask);
        const goal = mask.walkable.indexOf(1);
        const expected = slowDistances(mask, goal);
        expect(Array.from(streetDistances(open, mask.columns, goal))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});

/** Repeats all moves until no distance gets shorter; written from the rules, without openMoves. */
function slowDistances({ rows, columns, walkable }: StreetMask, goal: number): number[] {
  const distances: number[] = Array.from(walkable, (_, cell) => (cell === goal ? 0 : unreachable));
  const isOpen = (row: number, column: number): boolean =>
    row >= 0 && row < rows && column >= 0 && column < columns && walkable[row * columns + column] === 1;
  for (let changed = true; changed; ) {
    changed = false;
    for (let cell = 0; cell < walkable.length; cell++) {
      const [row, column] = [Math.floor(cell / columns), cell % columns];
      if (!isOpen(row, column)) continue;
      for (const up of [-1, 0, 1]) {
        for (const right of [-1, 0, 1]) {
          if (!isOpen(row + up, column + right) || !isOpen(row, column + right) || !isOpen(row + up, column)) continue;
          const length = (distances[cell + up * columns + right] as number) + (up !== 0 && right !== 0 ? 7 : 5);
          if (length >= (distances[cell] as number)) continue;
          distances[cell] = length;
          changed = true;
        }
      }
    }
  }
  return distances;
}
