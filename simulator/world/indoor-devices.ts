// The extra loss of an indoor device: its building, its depth inside and its floor (3GPP TR 38.901, 7.4.3 and table 7.2-1).
// Drawn once per device, the same for all servers.

import { createRandom } from '../../src/core/basics/philox.ts';
import type { DeviceKind } from './population.ts';
import { indoorStream } from './random-streams.ts';
import { indoorLossDb, wallDeviationDb, wallLossDb } from './tr38901-path-loss.ts';

/** d_2D-in, 0 to 25; loss of walls and depth, with its normal deviation; height of the antenna. Depth and loss are 0 outdoors; [M]. */
export type IndoorState = Readonly<Record<'depthMetres' | 'lossDb' | 'heightMetres', Float64Array>>;

const greatestDepthMetres = 25;
const floorMetres = 3;
const firstFloorMetres = 1.5;

/** @param highLossShare share of the buildings with coated glass */
export function drawIndoorState(
  kinds: readonly DeviceKind[],
  carrierGhz: number,
  outdoorHeightMetres: number,
  highLossShare: number,
  seed: number,
): IndoorState {
  const depthMetres = new Float64Array(kinds.length);
  const lossDb = new Float64Array(kinds.length);
  const heightMetres = new Float64Array(kinds.length).fill(outdoorHeightMetres);
  for (const [device, kind] of kinds.entries()) {
    if (kind !== 'indoor') continue;
    const random = createRandom(seed, indoorStream + device);
    const building = random.uniform() < highLossShare ? 'high' : 'low';
    const depth = greatestDepthMetres * Math.min(random.uniform(), random.uniform());
    const floorCount = 4 + random.integer(5);
    heightMetres[device] = firstFloorMetres + floorMetres * random.integer(floorCount);
    depthMetres[device] = depth;
    lossDb[device] =
      wallLossDb(carrierGhz, building) + indoorLossDb(depth) + wallDeviationDb[building] * random.normal();
  }
  return { depthMetres, lossDb, heightMetres };
}
