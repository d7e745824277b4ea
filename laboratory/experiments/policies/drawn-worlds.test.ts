import { describe, expect, it } from 'vitest';
import { readScenario } from '../../../simulator/scenario/read-scenario.ts';
import { buildWorld } from '../../../simulator/simulation/build-world.ts';
import { dealHardware } from '../../../simulator/world/hardware.ts';
import { drawnNames, drawnWorld, isDrawnWorld } from './drawn-worlds.ts';

const names = [1, 2, 3, 77, 4_294_967_295].flatMap((seed) => drawnNames(seed, 40));
const worlds = names.map((name) => readScenario(drawnWorld(name), name));

describe('drawn worlds', () => {
  it('are valid scenarios, with servers, devices and round trips', () => {
    expect(worlds).toHaveLength(200);
    // To build one takes a part of a second.
    for (const world of worlds.filter((_, index) => index % 50 === 0)) {
      const { sites, kinds, roundTripMs } = buildWorld(world, 1, undefined);
      expect(sites.length).toBeGreaterThanOrEqual(2);
      expect(kinds.length).toBeGreaterThanOrEqual(4);
      expect(Math.min(...roundTripMs)).toBeGreaterThanOrEqual(2);
    }
  });

  it('are functions of seed and number alone', () => {
    expect(names.map(drawnWorld)).toEqual(names.map(drawnWorld));
    const texts = new Set(worlds.map(({ name: _name, ...rest }) => JSON.stringify(rest)));
    expect(texts.size).toBe(worlds.length);
    expect(drawnNames(7, 3)).toEqual(['random-7-1', 'random-7-2', 'random-7-3']);
    expect(drawnNames(7, 20).slice(0, 3)).toEqual(drawnNames(7, 3));
    expect(['paper', 'random', 'random-1', 'random-1-2x'].map(isDrawnWorld)).toEqual([false, false, false, false]);
  });

  it('have every kind of server mix, arrival, crowd, knowledge and distance among them', () => {
    const share = (holds: (world: (typeof worlds)[number]) => boolean): number =>
      worlds.filter(holds).length / worlds.length;
    const strongOne = share(({ servers: { hardware } }) => hardware.length === 2 && hardware[1]?.weight === 1);
    expect(strongOne).toBeGreaterThan(0.2);
    expect(share(({ servers }) => servers.hardware.length === 1)).toBeGreaterThan(0.2);
    for (const kind of ['one-per-slot', 'duty-cycle', 'poisson-sessions'])
      expect(share(({ workload }) => workload.arrivals.kind === kind)).toBeGreaterThan(0.2);
    expect(share(({ workload }) => workload.target === 'qwen2.5-72b')).toBeGreaterThan(0.2);
    expect(share(({ mobility }) => mobility.hotSpots.length > 0)).toBeGreaterThan(0.25);
    expect(share(({ knowledge }) => knowledge.gainAgeSlots > 0)).toBeGreaterThan(0.4);
    expect(share(({ token }) => typeof token.roundTripMs === 'object')).toBeGreaterThan(0.3);
  });

  it('have one strong server at most where there is one among weak ones', () => {
    const mixed = worlds.filter(({ servers: { hardware } }) => hardware.length === 2 && hardware[1]?.weight === 1);
    for (const { servers } of mixed) {
      const { placement, hardware } = servers;
      const count = placement.kind === 'grid' ? placement.count : 0;
      const strong = dealHardware(hardware, count).filter(({ name }) => name === hardware[1]?.name);
      expect(strong).toHaveLength(1);
    }
  });
});
