// The statistical channel: 3GPP TR 38.901, UMi street canyon, with line of sight and shadowing as fields over the plane, so
// that they change as slowly as they should along every track and are the same when a device comes back. One loop over all
// links; all that does not depend on positions is made beforehand.

import { exp } from '../basics/fdlibm.ts';
import { createRandom } from '../basics/philox.ts';
import { type Channel, gainFloor, type ServerSite } from './channel.ts';
import { createFieldTile, drawFieldView, type FieldTile, type FieldView, fieldAt } from './correlated-field.ts';
import { drawIndoorState, type IndoorState } from './indoor-devices.ts';
import { neperPerDb } from './noise.ts';
import { normalBelow } from './normal-distribution.ts';
import type { DeviceKind } from './population.ts';
import { fieldTileStream, serverStream } from './random-streams.ts';
import { createFading } from './rician-fading.ts';
import {
  lineOfSightProbability,
  type PathLossTerms,
  pathLossDb,
  pathLossTerms,
  ricianFactor,
  shadowing,
  sightCorrelationMetres,
} from './tr38901-path-loss.ts';
import { checkTr38901Settings } from './tr38901-settings.ts';

export interface Tr38901Settings {
  /** 0.5 to 100. */
  readonly carrierGhz: number;
  readonly servers: readonly ServerSite[];
  /** [M]. */
  readonly kinds: readonly DeviceKind[];
  /** Outdoors, 1.5 to 22.5; devices indoors draw a floor. */
  readonly deviceHeightMetres: number;
  /** Share of the indoor devices whose building has coated glass, 0 to 1. */
  readonly highLossShare: number;
  readonly shadowing: boolean;
  /** Rician with a line of sight, Rayleigh without; null: each slot has the mean over fading. */
  readonly fading: { readonly coherenceMs: number } | null;
}

/** A channel that also tells which links have a line of sight. */
export interface Tr38901Channel extends Channel {
  /** Of the last update: 1 for link i * E + j with a line of sight (to the building, for indoor devices); [M * E]. */
  readonly lineOfSight: Uint8Array;
}

/** The fields of one server; independent of every other's. */
interface ServerFields {
  readonly sight: FieldView;
  readonly shadowInSight: FieldView;
  readonly shadowBlocked: FieldView;
  readonly shadowIndoor: FieldView;
  readonly ricianFactor: FieldView;
}

/** @throws OutriderError `bad-argument` when a setting is outside the model's range */
export function createTr38901Channel(settings: Tr38901Settings, seed: number): Tr38901Channel {
  checkTr38901Settings(settings);
  const { servers, kinds, carrierGhz } = settings;
  const serverCount = servers.length;
  const indoor = drawIndoorState(kinds, carrierGhz, settings.deviceHeightMetres, settings.highLossShare, seed);
  const terms = linkTerms(settings, indoor);
  const tile = createFieldTile(seed, fieldTileStream);
  const fields = servers.map((_, server) => drawServerFields(seed, server));
  const lineOfSight = new Uint8Array(kinds.length * serverCount);
  const shadowScale = settings.shadowing ? 1 : 0;
  const fade = settings.fading === null ? undefined : createFading(seed);

  /** Loss of a link in dB, fading aside; notes its line of sight. */
  function linkLossDb(device: number, server: number, x: number, y: number): number {
    const { x: serverX, y: serverY } = servers[server] as ServerSite;
    const field = fields[server] as ServerFields;
    const distanceSquared = (x - serverX) ** 2 + (y - serverY) ** 2;
    const depth = indoor.depthMetres[device] as number;
    const link = device * serverCount + server;
    const inSight = isInSight(tile, field.sight, x, y, Math.sqrt(distanceSquared) - depth);
    lineOfSight[link] = inSight ? 1 : 0;
    const loss = pathLossDb(terms[link] as PathLossTerms, distanceSquared, inSight) + (indoor.lossDb[device] as number);
    if (shadowScale === 0) return loss;
    if (kinds[device] === 'indoor') return loss + deviationDb.indoor * fieldAt(tile, field.shadowIndoor, x, y);
    return inSight
      ? loss + deviationDb.lineOfSight * fieldAt(tile, field.shadowInSight, x, y)
      : loss + deviationDb.blocked * fieldAt(tile, field.shadowBlocked, x, y);
  }

  function fadingFactor(device: number, server: number, x: number, y: number, block: number): number {
    if (fade === undefined) return 1;
    if (lineOfSight[device * serverCount + server] === 0 || kinds[device] === 'indoor')
      return fade(device, server, block, Number.NEGATIVE_INFINITY);
    const field = fieldAt(tile, (fields[server] as ServerFields).ricianFactor, x, y);
    return fade(device, server, block, ricianFactor.meanDb + ricianFactor.deviationDb * field);
  }

  return {
    deviceCount: kinds.length,
    serverCount,
    lineOfSight,
    updateGains(deviceX, deviceY, timeMs, gain) {
      const block = settings.fading === null ? 0 : Math.floor(timeMs / settings.fading.coherenceMs);
      let link = 0;
      for (let device = 0; device < kinds.length; device++) {
        const x = deviceX[device] as number;
        const y = deviceY[device] as number;
        for (let server = 0; server < serverCount; server++) {
          const mean = exp(-neperPerDb * linkLossDb(device, server, x, y));
          const faded = mean * fadingFactor(device, server, x, y, block);
          gain[link++] = Math.min(1, Math.max(gainFloor, faded));
        }
      }
    },
  };
}

const deviationDb = {
  lineOfSight: shadowing.lineOfSight.deviationDb,
  blocked: shadowing.blocked.deviationDb,
  indoor: shadowing.indoor.deviationDb,
} as const;

/** TR 38.901, 7.6.3.3: the state is a threshold on a field, so that it changes along a track no faster than the field does. */
function isInSight(tile: FieldTile, view: FieldView, x: number, y: number, outdoorDistance: number): boolean {
  const probability = lineOfSightProbability(outdoorDistance);
  if (probability === 1) return true;
  const value = fieldAt(tile, view, x, y);
  // Most links need no more than the sign.
  if (value >= 0 && probability <= 0.5) return false;
  return normalBelow(value) < probability;
}

function drawServerFields(seed: number, server: number): ServerFields {
  const random = createRandom(seed, serverStream + server);
  return {
    sight: drawFieldView(random, sightCorrelationMetres),
    shadowInSight: drawFieldView(random, shadowing.lineOfSight.correlationMetres),
    shadowBlocked: drawFieldView(random, shadowing.blocked.correlationMetres),
    shadowIndoor: drawFieldView(random, shadowing.indoor.correlationMetres),
    ricianFactor: drawFieldView(random, ricianFactor.correlationMetres),
  };
}

/** One for each link; links of equal heights share theirs. */
function linkTerms(settings: Tr38901Settings, indoor: IndoorState): PathLossTerms[] {
  const known = new Map<string, PathLossTerms>();
  return settings.kinds.flatMap((_, device) =>
    settings.servers.map(({ heightMetres }) => {
      const deviceHeight = indoor.heightMetres[device] as number;
      const key = `${heightMetres} ${deviceHeight}`;
      const terms = known.get(key) ?? pathLossTerms(settings.carrierGhz, heightMetres, deviceHeight);
      known.set(key, terms);
      return terms;
    }),
  );
}
