// The kind of each device. Movement and radio both depend on it.

import { createRandom } from '../../src/core/basics/philox.ts';
import { populationStream } from './random-streams.ts';

/** Indoor devices stand still inside a building. */
export type DeviceKind = 'pedestrian' | 'vehicle' | 'indoor';

export interface PopulationSettings {
  readonly deviceCount: number;
  /** Share of all devices, 0 to 1. */
  readonly vehicleShare: number;
  /** Share of all devices, 0 to 1; with `vehicleShare` at most 1. The rest are pedestrians. */
  readonly indoorShare: number;
}

/** Each device draws its kind; more devices do not change the first ones. */
export function drawPopulation(settings: PopulationSettings, seed: number): readonly DeviceKind[] {
  const random = createRandom(seed, populationStream);
  return Array.from({ length: settings.deviceCount }, () => {
    const draw = random.uniform();
    if (draw < settings.indoorShare) return 'indoor';
    return draw < settings.indoorShare + settings.vehicleShare ? 'vehicle' : 'pedestrian';
  });
}
