import { describe, expect, it } from 'vitest';
import { presetNames, readPreset } from '../../../simulator/scenario/presets.ts';
import { readScenario } from '../../../simulator/scenario/read-scenario.ts';
import { drawnWorld } from './drawn-worlds.ts';
import { readingSeconds, slotsOfRun } from './run-length.ts';

const drawn = (name: string) => readScenario(drawnWorld(name), name);

describe('a run of bench felt', () => {
  it('is longer where the prompts with which it begins take long', () => {
    const seconds = (preset: string): number => {
      const scenario = readPreset(preset);
      return (slotsOfRun(preset, scenario, 2) * scenario.slotMs) / 1e3;
    };
    expect(Object.fromEntries(presetNames.map((preset) => [preset, seconds(preset)]))).toEqual({
      paper: 2,
      munich: 2,
      'street-canyon': 4,
      modern: 8,
      crowd: 4,
      coupled: 48,
      'city-70b': 4,
    });
    // 106 devices that always want text, 9 servers with a 72B target, prompts of 577 tokens.
    const crowded = drawn('random-20261201-1');
    expect(readingSeconds(crowded)).toBeCloseTo(1.61, 2);
    expect(slotsOfRun('random-20261201-1', crowded, 3) * crowded.slotMs).toBe(12_000);
    const rare = drawn('random-20261201-7');
    expect(slotsOfRun('random-20261201-7', rare, 3) * rare.slotMs).toBe(12_000);
  });

  it('has the time of prompts by devices at work, servers and the arithmetic of the target', () => {
    const scenario = readPreset('paper');
    const one = readingSeconds(scenario);
    expect(one).toBeCloseTo(0.22, 2);
    const more = { ...scenario, devices: { ...scenario.devices, count: { minimum: 60, maximum: 120 } } };
    expect(readingSeconds(more) / one).toBeCloseTo(3, 9);
    const placement = { kind: 'list', sites: [{ xM: 1, yM: 1, heightM: 9 }] } as const;
    expect(readingSeconds({ ...scenario, servers: { ...scenario.servers, placement } }) / one).toBeCloseTo(4, 9);
    const arrivals = { kind: 'duty-cycle', share: 0.5, keptShare: 0.6 } as const;
    const half = { ...scenario, workload: { ...scenario.workload, arrivals } };
    expect(readingSeconds(half) / one).toBeCloseTo(0.5, 9);
  });
});
