import { describe, expect, it } from 'vitest';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import { siteServers } from './build-world.ts';

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

  it.each([1, 2, 3, 5, 7, 12, 20, 37])('%d of them are as many places in the area, well apart', (count) => {
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
