// Reading maps, refusing broken ones, and reading gains.

import { describe, expect, it } from 'vitest';
import { defined } from '../../src/core/basics/defined.ts';
import { gainFloor } from './channel.ts';
import { ratioOfDb } from './decibel.ts';
import { isTownStreet, townBody, townColumns, townGainDb, townHeader, townMap, townRows } from './radio-map.fixture.ts';
import { parseRadioMap } from './radio-map.ts';
import { createRadioMapChannel } from './radio-map-channel.ts';
import { cellAt, connectedStreets, isStreet, openMoves } from './street-mask.ts';

describe('parseRadioMap', () => {
  it('reads every gain and every street cell', () => {
    const { gainDb, streets } = townMap();
    for (let row = 0; row < townRows; row++) {
      for (let column = 0; column < townColumns; column++) {
        const cell = row * townColumns + column;
        expect(streets.walkable[cell]).toBe(isTownStreet(row, column) ? 1 : 0);
        for (const site of [0, 1]) {
          const expected = townGainDb(site, row, column);
          if (expected === null) expect(gainDb[2 * cell + site]).toBeNaN();
          else expect(gainDb[2 * cell + site]).toBeCloseTo(expected, 4);
        }
      }
    }
  });

  it.each([
    [{ format: 'geotiff' }, 'format is geotiff'],
    [{ version: 2 }, 'version is 2'],
    [{ rows: 13 }, '13 x 16 cells need'],
    [{ rows: 11.5 }, 'rows is 11.5'],
    [{ columns: 0 }, 'columns is 0'],
    [{ origin: [1] }, 'origin is [1]'],
    [{ origin: [1, 'x'] }, 'origin[1] is x'],
    [{ cellMetres: -5 }, 'cellMetres is -5'],
    [{ frequencyHz: null }, 'frequencyHz is null'],
    [{ sites: [] }, 'sites is a list of 0'],
    [{ sites: [townHeader.sites[0]] }, '1 sites of 12 x 16 cells need'],
    [{ sites: [townHeader.sites[0], townHeader.sites[0]] }, '"west" twice'],
    [{ sites: [{ name: 'a', x: 1, y: 2 }] }, 'sites[0].z is missing'],
    [{ licence: undefined }, 'licence is missing'],
    [{ bodyBytes: 7 }, 'bodyBytes is 7'],
    [{ floorDb: -75 }, 'allowed are -75 to 0'],
  ])('refuses a header with %o', (change, message) => {
    expect(() => parseRadioMap({ ...townHeader, ...change }, townBody())).toThrow(message);
  });

  it('refuses a bad header, a short body, gains above 0 dB and a map without streets', () => {
    expect(() => parseRadioMap(null, townBody())).toThrow('a JSON object');
    expect(() => parseRadioMap(townHeader, townBody().subarray(1))).toThrow('has 791 bytes');
    const loud = townBody();
    loud[1] = 1;
    expect(() => parseRadioMap(townHeader, loud)).toThrow('"west" has a gain of');
    expect(() => parseRadioMap(townHeader, townBody().fill(0, 768))).toThrow('no street cell');
  });
});

/** The gains in dB of one device at a place. */
function gainsAt(x: number, y: number, serverCount?: number): number[] {
  const channel = createRadioMapChannel(townMap(), {
    deviceCount: 1,
    ...defined({ serverCount }),
  });
  const gain = new Float64Array(channel.serverCount);
  channel.updateGains(Float64Array.of(x), Float64Array.of(y), 0, gain);
  return Array.from(gain, (value) => 10 * Math.log10(value));
}

describe('the radio map channel', () => {
  it('has the cell value at a centre and is linear in dB between', () => {
    const [west, east] = gainsAt(-40 + 2.5, -30 + 27.5) as [number, number];
    expect(west).toBeCloseTo(-70, 4);
    expect(east).toBeCloseTo(-90, 4);
    // Between columns 3 and 4, rows 5 and 6.
    const [westBetween, eastBetween] = gainsAt(-40 + 20, -30 + 30) as [number, number];
    expect(westBetween).toBeCloseTo(-73.5, 4);
    expect(eastBetween).toBeCloseTo(-91, 4);
  });

  it('never mixes in a building or a cell without energy', () => {
    // Row 0, near the building in row 1: only row 0 counts, and east has no energy there.
    const [west, east] = gainsAt(-40 + 22.5, -30 + 4.9) as [number, number];
    expect(west).toBeCloseTo(-74, 4);
    expect(east).toBeCloseTo(-160, 6);
    // Row 1 on the western street, next to dark row 0: east has row 1 alone.
    expect(gainsAt(-40 + 2.5, -30 + 5.1)[1]).toBeCloseTo(-82, 4);
  });

  it('is the floor inside a building, off the map and at NaN', () => {
    for (const [x, y] of [
      [-20, -15],
      [1e4, 0],
      [0, -31],
      [Number.NaN, 0],
    ] as const)
      expect(gainsAt(x, y)[0]).toBeCloseTo(-160, 6);
  });

  it('never leaves the range of the surrounding cells', () => {
    for (let step = 0; step < 500; step++) {
      const [x, y] = [-40 + ((step * 7.31) % 80), -30 + ((step * 3.77) % 60)];
      const value = ratioOfDb((gainsAt(x, y) as [number])[0]);
      expect(value).toBeGreaterThanOrEqual(gainFloor * (1 - 1e-9));
      expect(value).toBeLessThanOrEqual(ratioOfDb(-70) * (1 + 1e-6));
    }
  });

  it('takes the first sites', () => {
    expect(gainsAt(0, 0, 1)).toEqual(gainsAt(0, 0).slice(0, 1));
  });
});

describe('street mask', () => {
  it('finds cells and streets', () => {
    const { streets } = townMap();
    expect(cellAt(streets, -40, -30)).toBe(0);
    expect(cellAt(streets, 39.99, 29.99)).toBe(townRows * townColumns - 1);
    expect(cellAt(streets, 40, 0)).toBe(-1);
    expect(isStreet(streets, 0, 0)).toBe(true);
    expect(isStreet(streets, -20, -15)).toBe(false);
  });

  it('keeps the largest connected part; touching corners do not connect', () => {
    const walkable = Uint8Array.of(1, 0, 0, 0, 1, 1, 1, 0, 1);
    const mask = { originX: 0, originY: 0, cellMetres: 1, rows: 3, columns: 3, walkable };
    const streetsOf = (one: typeof mask): number[] => Array.from(connectedStreets(one, openMoves(one)));
    expect(streetsOf(mask)).toEqual([4, 5, 8]);
    expect(streetsOf({ ...mask, walkable: new Uint8Array(9) })).toEqual([]);
  });
});

describe('the NLOS floor of a map channel', () => {
  const map = townMap();
  const gainsAt = (x: number, y: number, floor?: 'none' | 'umi-nlos'): Float64Array => {
    const channel = createRadioMapChannel(map, { deviceCount: 1, ...defined({ floor }) });
    const gain = new Float64Array(2);
    channel.updateGains(Float64Array.of(x), Float64Array.of(y), 0, gain);
    return gain;
  };

  it('replaces no signal by the median of TR 38.901 UMi NLOS at that distance, and leaves stronger gains alone', () => {
    // Row 0, where `east` has no energy: 60 m to the east of `west`, 29.6 m from `east` in the plane.
    const x = 25;
    const y = -27.5;
    const [west, east] = gainsAt(x, y);
    expect(east).toBe(gainFloor);
    const squared = 10 ** 2 + 27.5 ** 2 + 8.5 ** 2;
    const nlosDb = 22.4 + 35.3 * Math.log10(Math.sqrt(squared)) + 21.3 * Math.log10(3.5);
    const floored = gainsAt(x, y, 'umi-nlos');
    expect(10 * Math.log10(floored[1] as number)).toBeCloseTo(-nlosDb, 6);
    expect(floored[0]).toBe(west);
    expect(gainsAt(x, y, 'none')).toEqual(Float64Array.of(west as number, east as number));
  });
});
