// The channel as a whole: each link's parts add up, statistics follow the specification, and a place keeps its values.

import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/basics/philox.ts';
import { gainFloor } from './channel.ts';
import { ratioOfDb } from './decibel.ts';
import { losThreshold, normalBelow } from './los-threshold.ts';
import { type DeviceKind, drawPopulation } from './population.ts';
import { createTr38901Channel, type Tr38901Settings } from './tr38901-channel.ts';
import { losProbability, pathLossDb, pathLossTerms } from './tr38901-path-loss.ts';

const walkers = (count: number): DeviceKind[] => Array.from({ length: count }, () => 'pedestrian');
const plain: Tr38901Settings = {
  carrierGhz: 3.5,
  servers: [
    { x: 0, y: 0, heightMetres: 10 },
    { x: 300, y: 100, heightMetres: 10 },
  ],
  kinds: walkers(3),
  deviceHeightMetres: 1.5,
  highLossShare: 0.5,
  shadowing: true,
  fading: null,
};

function gainsAt(settings: Tr38901Settings, seed: number, places: readonly (readonly [number, number])[], timeMs = 0) {
  const channel = createTr38901Channel(settings, seed);
  const gain = new Float64Array(places.length * settings.servers.length);
  const [x, y] = [0, 1].map((axis) => Float64Array.from(places, (place) => place[axis] as number)) as [
    Float64Array,
    Float64Array,
  ];
  channel.updateGains(x, y, timeMs, gain);
  return { channel, gain, x, y };
}

const places = [
  [50, 20],
  [120, -80],
  [290, 260],
] as const;

describe('the TR 38.901 channel', () => {
  it('is the path loss alone without shadow fading', () => {
    const { channel, gain } = gainsAt({ ...plain, shadowing: false }, 1, places);
    const terms = pathLossTerms(3.5, 10, 1.5);
    for (const [device, [x, y]] of places.entries()) {
      const isLos = channel.los[device * 2] === 1;
      expect(gain[device * 2]).toBeCloseTo(ratioOfDb(-pathLossDb(terms, x * x + y * y, isLos)), 15);
    }
  });

  it('gives the same bits for the same seed and others for another, and a place keeps its gains', () => {
    const { channel, gain, x, y } = gainsAt(plain, 1, places);
    const again = new Float64Array(gain.length);
    channel.updateGains(Float64Array.of(0, 5, 10), Float64Array.of(3, 4, 5), 1, again);
    channel.updateGains(x, y, 99, again);
    expect(again).toEqual(gain);
    expect(gainsAt(plain, 1, places).gain).toEqual(gain);
    expect(gainsAt(plain, 2, places).gain).not.toEqual(gain);
  });

  it('gives a device that stood, or moved along one axis only, the gains of its place', () => {
    const settings = { ...plain, fading: { coherenceMs: 10 } };
    const { channel, x, y } = gainsAt(settings, 1, places);
    const later = new Float64Array(x.length * 2);
    const moved = [places[0], [places[1][0] + 30, places[1][1]], [places[2][0], places[2][1] - 30]] as const;
    x[1] = moved[1][0];
    y[2] = moved[2][1];
    channel.updateGains(x, y, 35, later);
    expect(later).toEqual(gainsAt(settings, 1, moved, 35).gain);
  });

  it('does not change the other links when a device or a server is added', () => {
    const { gain } = gainsAt(plain, 1, places);
    const more = gainsAt({ ...plain, kinds: walkers(4) }, 1, [...places, [1, 1]]).gain;
    expect(more.subarray(0, 6)).toEqual(gain);
    const servers = [...plain.servers, { x: 9, y: 9, heightMetres: 10 }];
    const wider = gainsAt({ ...plain, servers }, 1, places).gain;
    expect(Array.from(wider).filter((_, link) => link % 3 < 2)).toEqual(Array.from(gain));
  });

  it('has the LOS probability of the specification', () => {
    const distances = [15, 30, 60, 120];
    const seen = [0, 0, 0, 0];
    const seeds = 6;
    const serverCount = 160;
    for (let seed = 0; seed < seeds; seed++) {
      const random = createRandom(seed, 5);
      const servers = Array.from({ length: serverCount }, () => ({
        x: random.uniform() * 3000,
        y: random.uniform() * 3000,
        heightMetres: 10,
      }));
      // Each device stands at a set distance from its own server; only that link counts.
      const spots = servers.map(({ x, y }, index) => [x + (distances[index % 4] as number), y] as const);
      const settings = { ...plain, servers, kinds: walkers(serverCount), shadowing: false };
      const { los } = gainsAt(settings, seed, spots).channel;
      for (let index = 0; index < serverCount; index++)
        seen[index % 4] = (seen[index % 4] as number) + (los[index * serverCount + index] as number);
    }
    for (const [index, distance] of distances.entries()) {
      const expected = losProbability(distance);
      const count = (seeds * serverCount) / 4;
      const spread = Math.sqrt((expected * (1 - expected)) / count);
      expect(Math.abs((seen[index] as number) / count - expected)).toBeLessThanOrEqual(4 * spread);
    }
  });

  it('adds the losses of wall, depth and floor indoors', () => {
    const kinds = walkers(200).map((): DeviceKind => 'indoor');
    const spots = kinds.map(() => [100, 0] as const);
    const outdoors = gainsAt({ ...plain, kinds: walkers(200), shadowing: false }, 3, spots).gain;
    const indoors = gainsAt({ ...plain, kinds, shadowing: false, highLossShare: 1 }, 3, spots).gain;
    const lossesDb = kinds.map((_, i) => 10 * Math.log10((outdoors[2 * i] as number) / (indoors[2 * i] as number)));
    const meanDb = lossesDb.reduce((sum, loss) => sum + loss, 0) / 200;
    // 26.85 dB wall + 0.5 * 25 / 3 m, less the gain of higher floors and of some LOS links.
    expect(meanDb).toBeGreaterThan(20);
    expect(meanDb).toBeLessThan(34);
  });

  it('has shadow fading of 7 dB for indoor devices', () => {
    const kinds = walkers(120).map((): DeviceKind => 'indoor');
    const servers = Array.from({ length: 30 }, () => ({ x: 0, y: 0, heightMetres: 10 }));
    const random = createRandom(1);
    const spots = kinds.map(() => [random.uniform() * 150, random.uniform() * 150] as const);
    const [shadowed, clear] = [true, false].map((on) =>
      gainsAt({ ...plain, kinds, servers, shadowing: on, highLossShare: 0 }, 4, spots),
    );
    // Near enough that no link is at the floor. With the same seed buildings and LOS states are equal: the difference is the
    // shadow fading.
    const lossesDb = Array.from(
      clear?.gain ?? [],
      (value, link) => 10 * Math.log10(value / (shadowed?.gain[link] ?? 0)),
    );
    const squares = lossesDb.reduce((sum, loss) => sum + loss * loss, 0) / lossesDb.length;
    expect(Math.abs(Math.sqrt(squares) - 7)).toBeLessThan(0.5);
  });

  it('fades by blocks of the coherence time', () => {
    const settings = { ...plain, fading: { coherenceMs: 10 } };
    const { gain } = gainsAt(settings, 1, places, 20);
    expect(gainsAt(settings, 1, places, 29.9).gain).toEqual(gain);
    expect(gainsAt(settings, 1, places, 30).gain).not.toEqual(gain);
  });

  it('stays between the floor and 1, however near or far', () => {
    const { gain } = gainsAt({ ...plain, fading: { coherenceMs: 1 } }, 1, [
      [0, 0],
      [1e6, 1e6],
      [-1e5, 0],
    ]);
    for (const value of gain) {
      expect(value).toBeGreaterThanOrEqual(gainFloor);
      expect(value).toBeLessThanOrEqual(1);
    }
  });

  it.each([
    [{ carrierGhz: 0.1 }, 'carrierGhz is 0.1'],
    [{ carrierGhz: Number.NaN }, 'carrierGhz is NaN'],
    [{ deviceHeightMetres: 1 }, 'deviceHeightMetres is 1'],
    [{ highLossShare: 1.1 }, 'highLossShare is 1.1'],
    [{ fading: { coherenceMs: 0 } }, 'fading.coherenceMs is 0'],
    [{ servers: [] }, 'servers is empty'],
    [{ servers: [{ x: Number.NaN, y: 0, heightMetres: 10 }] }, 'servers[0].x is NaN'],
    [{ servers: [{ x: 0, y: 0, heightMetres: -3 }] }, 'servers[0].heightMetres is -3'],
  ])('refuses %o', (change, message) => {
    expect(() => createTr38901Channel({ ...plain, ...change }, 1)).toThrow(message);
  });
});

describe('losThreshold', () => {
  it('is the normal quantile of the LOS probability', () => {
    for (let distance = 19; distance < 6000; distance *= 1.03) {
      const share = normalBelow(losThreshold(distance));
      expect(Math.abs(share - losProbability(Math.min(5000, distance)))).toBeLessThan(0.001);
    }
    expect(normalBelow(losThreshold(18))).toBeCloseTo(1, 12);
    expect(normalBelow(losThreshold(-5))).toBeCloseTo(1, 12);
  });
});

describe('drawPopulation', () => {
  it('has the shares, and does not change the first devices when more are added', () => {
    const kinds = drawPopulation({ deviceCount: 4000, vehicleShare: 0.3, indoorShare: 0.2 }, 1);
    expect(kinds.filter((kind) => kind === 'vehicle').length / 4000).toBeCloseTo(0.3, 1);
    expect(kinds.filter((kind) => kind === 'indoor').length / 4000).toBeCloseTo(0.2, 1);
    expect(drawPopulation({ deviceCount: 10, vehicleShare: 0.3, indoorShare: 0.2 }, 1)).toEqual(kinds.slice(0, 10));
  });
});
