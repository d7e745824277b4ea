// The slots that `outrider bench allocation` and `outrider reproduce` decide: the first slots of a shipped scenario, with a
// given number of devices and servers. Policies decide them by the paper's objective unless an override says otherwise.

import { findRadioMap } from '../../simulator/files/shipped-maps.ts';
import { readPreset } from '../../simulator/scenario/presets.ts';
import type { Override } from '../../simulator/scenario/read-scenario.ts';
import type { Scenario } from '../../simulator/scenario/scenario.ts';
import { createWorld } from '../../simulator/simulation/slot-world.ts';
import type { RadioMap } from '../../simulator/world/radio-map.ts';
import type { SlotState } from '../../src/allocation/slot/slot-state.ts';

export interface WorldSettings {
  readonly scenario: string;
  readonly deviceCount: number;
  readonly serverCount: number;
  readonly energyWeight?: number;
  /** Overrides of other values. */
  readonly overrides?: readonly Override[];
}

/** Koh & Yang's objective, not the time that is felt. */
export const paperObjective: Override = { path: ['objective', 'kind'], value: 'paper' };

/** The scenario of these settings, and its map if it has one. */
export async function openSettings(
  settings: WorldSettings,
): Promise<{ scenario: Scenario; map: RadioMap | undefined }> {
  const { deviceCount, serverCount, energyWeight, overrides = [] } = settings;
  const scenario = readPreset(settings.scenario, [
    { path: ['devices', 'count'], value: deviceCount },
    { path: ['servers', 'placement', 'count'], value: serverCount },
    paperObjective,
    ...(energyWeight === undefined ? [] : [{ path: ['objective', 'energyWeight'], value: energyWeight }]),
    ...overrides,
  ]);
  return { scenario, map: scenario.channel.kind === 'map' ? await readMap(scenario.channel.map) : undefined };
}

/** A slot for each seed; the same for every policy. */
export async function slotsOf(settings: WorldSettings, seeds: readonly number[]): Promise<SlotState[]> {
  const { scenario, map } = await openSettings(settings);
  return seeds.map((seed) => createWorld(scenario, seed, map).next());
}

/** The first keys of every row about slots of one size. */
export interface SlotsRow<What> {
  readonly what: What;
  readonly world: string;
  readonly devices: number;
  readonly servers: number;
}

export function slotsRow<What extends string>(what: What, world: string, states: readonly SlotState[]): SlotsRow<What> {
  const { deviceCount, serverCount } = states[0] as SlotState;
  return { what, world, devices: deviceCount, servers: serverCount };
}

/** Paired seeds: 1, 2, ... */
export function seedsOf(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

const maps = new Map<string, Promise<RadioMap>>();

function readMap(name: string): Promise<RadioMap> {
  const map = maps.get(name) ?? findRadioMap(name);
  maps.set(name, map);
  return map;
}
