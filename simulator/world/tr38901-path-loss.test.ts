// The formulas against an independent computation with 40 digits, and against published values.

import { describe, expect, it } from 'vitest';
import golden from './golden/tr38901.json' with { type: 'json' };
import { type BuildingLoss, losProbability, pathLossDb, pathLossTerms, wallLossDb } from './tr38901-path-loss.ts';

describe('path loss of TR 38.901, UMi street canyon', () => {
  it('agrees with the vectors to 1e-9 dB', () => {
    for (const vector of golden.links) {
      const terms = pathLossTerms(vector.carrierGhz, vector.siteHeightMetres, vector.deviceHeightMetres);
      const squared = vector.distanceMetres ** 2;
      expect(Math.abs(pathLossDb(terms, squared, true) - vector.losDb), JSON.stringify(vector)).toBeLessThan(1e-9);
      expect(Math.abs(pathLossDb(terms, squared, false) - vector.nlosDb), JSON.stringify(vector)).toBeLessThan(1e-9);
      expect(losProbability(vector.distanceMetres)).toBeCloseTo(vector.losProbability, 12);
    }
    expect(golden.links.length).toBeGreaterThan(200);
  });

  it.each([
    [10, 66.761, 73.4569, 84.8228, 92.6927],
    [100, 85.3142, 104.6438, 103.376, 123.8796],
    [300, 98.2443, 121.4372, 113.3664, 140.673],
    [1000, 119.1531, 139.8892, 124.3435, 159.125],
  ])('has the values known for %i m', (distance, los35, nlos35, los28, nlos28) => {
    const low = pathLossTerms(3.5, 10, 1.5);
    const high = pathLossTerms(28, 10, 1.5);
    expect(pathLossDb(low, distance ** 2, true)).toBeCloseTo(los35, 4);
    expect(pathLossDb(low, distance ** 2, false)).toBeCloseTo(nlos35, 4);
    expect(pathLossDb(high, distance ** 2, true)).toBeCloseTo(los28, 4);
    expect(pathLossDb(high, distance ** 2, false)).toBeCloseTo(nlos28, 4);
  });

  it('has its break point at 210 m for 3.5 GHz', () => {
    expect(Math.sqrt(pathLossTerms(3.5, 10, 1.5).breakpointSquared)).toBeCloseTo(210, 9);
  });

  it('takes 10 m for anything nearer', () => {
    const terms = pathLossTerms(3.5, 10, 1.5);
    expect(pathLossDb(terms, 0, true)).toBe(pathLossDb(terms, 100, true));
    expect(pathLossDb(terms, 99, false)).toBe(pathLossDb(terms, 100, false));
  });

  it('grows with distance, and NLOS is never less than LOS', () => {
    for (const carrier of [0.5, 3.5, 28, 100]) {
      const terms = pathLossTerms(carrier, 10, 1.5);
      let before = 0;
      let beforeNlosDb = 0;
      for (let distance = 10; distance < 5000; distance *= 1.05) {
        const [losDb, nlosDb] = [true, false].map((isLos) => pathLossDb(terms, distance ** 2, isLos)) as [
          number,
          number,
        ];
        expect(losDb).toBeGreaterThan(before);
        expect(nlosDb).toBeGreaterThan(beforeNlosDb);
        expect(nlosDb).toBeGreaterThanOrEqual(losDb);
        [before, beforeNlosDb] = [losDb, nlosDb];
      }
    }
  });
});

describe('building penetration loss', () => {
  it('agrees with the vectors', () => {
    for (const { carrierGhz, building, wallDb } of golden.walls) {
      expect(Math.abs(wallLossDb(carrierGhz, building as BuildingLoss) - wallDb)).toBeLessThan(1e-9);
    }
    expect(wallLossDb(3.5, 'low')).toBeCloseTo(12.6975, 4);
    expect(wallLossDb(3.5, 'high')).toBeCloseTo(26.8498, 4);
  });
});
