// Typical speeds of town traffic, for tests: walking at 3 to 6 km/h, driving at 15 to 50 km/h.

import type { MobilitySettings } from './mobility.ts';

export const usualSpeedsMps: MobilitySettings['speedMps'] = {
  pedestrian: { minimum: 3 / 3.6, maximum: 6 / 3.6 },
  vehicle: { minimum: 15 / 3.6, maximum: 50 / 3.6 },
};
