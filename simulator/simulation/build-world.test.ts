import { describe, expect, it } from 'vitest';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { buildWorld, siteServers } from './build-world.ts';

describe('servers on a grid', () => {
  const sites = (...sets: string[]): { x: number; y: number }[] =>
    siteServers(readPreset('paper', sets.map(parseOverride)), undefined).map(({ x, y }) => ({ x, y }));

  it('stand in the middle of their cells', () => {
    expect(sites()).toEqual([
      { x: 125, y: 125 },
      { x: 375, y: 125 },
      { x: 125, y: 375 },
      { x: 375, y: 375 },
    ]);
    expect(sites('area.originXM=100', 'area.originYM=-50', 'servers.placement.count=1')).toEqual([{ x: 350, y: 200 }]);
  });

  it.each([1, 2, 3, 5, 7, 12, 20, 37])('%d servers stand at as many places in the area, well apart', (count) => {
    const places = sites(`servers.placement.count=${count}`);
    expect(places).toHaveLength(count);
    for (const [index, one] of places.entries()) {
      expect(one.x > 0 && one.x < 500 && one.y > 0 && one.y < 500).toBe(true);
      for (const other of places.slice(index + 1)) {
        expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(0.6 * Math.sqrt(250_000 / count));
      }
    }
  });

  it('follow the shape of the area', () => {
    const places = sites('area.widthM=1000', 'area.depthM=50');
    expect(new Set(places.map(({ y }) => y)).size).toBe(1);
  });

  it('stand where a list says', () => {
    expect(sites('servers.placement={kind: list, sites: [{xM: 3, yM: 4}]}')).toEqual([{ x: 3, y: 4 }]);
  });
});

describe('the network behind the radio', () => {
  const trips = (seed: number, ...sets: string[]): number[] => [
    ...buildWorld(readPreset('paper', sets.map(parseOverride)), seed, undefined).roundTripMs,
  ];

  it('has the same round trip to every server, or one of a range to each', () => {
    expect(trips(1, 'token.roundTripMs=30')).toEqual([30, 30, 30, 30]);
    const range = 'token.roundTripMs={"minimum":10,"maximum":60}';
    const drawn = trips(1, range);
    expect(new Set(drawn).size).toBe(4);
    for (const ms of drawn) expect(ms >= 10 && ms <= 60).toBe(true);
    expect(trips(1, range)).toEqual(drawn);
    expect(trips(2, range)).not.toEqual(drawn);
  });
});

describe('a map', () => {
  const map = { header: { bodySha256: 'ab'.repeat(32), sites: [] } } as unknown as RadioMap;
  const fault = (sets: readonly string[], given: RadioMap | undefined): unknown => {
    try {
      buildWorld(readPreset('munich', sets.map(parseOverride)), 1, given);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it("is refused when it is not the preset's own", () => {
    expect(fault([], map)).toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/^channel\.sha256 is 361dd8.*; the map munich has abab/),
      remedy: expect.stringContaining('channel.sha256=null'),
    });
  });

  it('is refused when it has fewer sites than the scenario asks for', () => {
    expect(fault(['channel.sha256=null'], map)).toMatchObject({
      code: 'bad-argument',
      message: 'servers.placement.count is 20; the map has 0 sites',
    });
  });

  it('must be given', () => {
    expect(fault([], undefined)).toMatchObject({ code: 'bad-argument', message: 'the map munich was not read' });
  });
});
