// The statistical channel: 3GPP TR 38.901, UMi street canyon. LOS state and shadow fading are fields over the plane, so they
// change along a track as slowly as specified, and are the same when a device comes back. One loop over all links; everything
// that does not depend on positions is computed once.

import { badArgument } from '../../src/core/basics/errors.ts';
import { createRandom } from '../../src/core/basics/philox.ts';
import { type Channel, gainFloor, type ServerSite } from './channel.ts';
import { createFieldTile, drawFieldView, type FieldView, fieldAt } from './correlated-field.ts';
import { ratioOfDb } from './decibel.ts';
import { drawIndoorState, type IndoorState } from './indoor-devices.ts';
import { losThreshold } from './los-threshold.ts';
import type { DeviceKind } from './population.ts';
import { fieldTileStream, serverStream } from './random-streams.ts';
import { createFading } from './rician-fading.ts';
import {
  losCorrelationMetres,
  type PathLossTerms,
  pathLossDb,
  pathLossTerms,
  ricianFactor,
  shadowFading,
} from './tr38901-path-loss.ts';

export interface Tr38901Settings {
  /** 0.5 to 100. */
  readonly carrierGhz: number;
  readonly servers: readonly ServerSite[];
  /** [M]. */
  readonly kinds: readonly DeviceKind[];
  /** Outdoors, 1.5 to 22.5; indoor devices draw a floor. */
  readonly deviceHeightMetres: number;
  /** Share of the indoor devices in a building with coated glass, 0 to 1. */
  readonly highLossShare: number;
  readonly shadowing: boolean;
  /** Rician on LOS links, Rayleigh on NLOS links; null: each slot has the mean over fading. */
  readonly fading: { readonly coherenceMs: number } | null;
}

/** A channel that also gives the LOS state of each link. */
export interface Tr38901Channel extends Channel {
  /** LOS state after the last update: 1 where link i * E + j is LOS (to the building, for indoor devices); [M * E]. */
  readonly los: Uint8Array;
}

/**
 * The fields of one server, independent of those of other servers. A link is LOS where the field `los` is below a threshold
 * that falls with the distance (TR 38.901, 7.6.3.3), so the state changes along a track no faster than the field.
 */
interface ServerFields {
  readonly los: FieldView;
  readonly losShadow: FieldView;
  readonly nlosShadow: FieldView;
  readonly indoorShadow: FieldView;
  readonly ricianFactor: FieldView;
}

/** @throws OutriderError `bad-argument` when a setting is outside the model's range */
export function createTr38901Channel(settings: Tr38901Settings, seed: number): Tr38901Channel {
  checkSettings(settings);
  const { servers, kinds, carrierGhz } = settings;
  const serverCount = servers.length;
  const indoor = drawIndoorState(kinds, carrierGhz, settings.deviceHeightMetres, settings.highLossShare, seed);
  const terms = linkTerms(settings, indoor);
  const tile = createFieldTile(seed, fieldTileStream);
  const fields = servers.map((_, server) => drawServerFields(seed, server));
  const los = new Uint8Array(kinds.length * serverCount);
  const serverX = Float64Array.from(servers, ({ x }) => x);
  const serverY = Float64Array.from(servers, ({ y }) => y);
  const isIndoor = Uint8Array.from(kinds, (kind) => (kind === 'indoor' ? 1 : 0));
  const fade = settings.fading === null ? undefined : createFading(seed);

  /** The loss of a link in dB without small-scale fading; also sets its LOS state. */
  function linkLossDb(device: number, server: number, x: number, y: number): number {
    const field = fields[server] as ServerFields;
    const across = x - (serverX[server] as number);
    const up = y - (serverY[server] as number);
    const distanceSquared = across * across + up * up;
    const threshold = losThreshold(Math.sqrt(distanceSquared) - (indoor.depthMetres[device] as number));
    const isLos = fieldAt(tile, field.los, x, y) < threshold;
    const link = device * serverCount + server;
    los[link] = isLos ? 1 : 0;
    const loss = pathLossDb(terms[link] as PathLossTerms, distanceSquared, isLos) + (indoor.lossDb[device] as number);
    if (!settings.shadowing) return loss;
    if (isIndoor[device] === 1) return loss + shadowFading.indoor.deviationDb * fieldAt(tile, field.indoorShadow, x, y);
    return isLos
      ? loss + shadowFading.los.deviationDb * fieldAt(tile, field.losShadow, x, y)
      : loss + shadowFading.nlos.deviationDb * fieldAt(tile, field.nlosShadow, x, y);
  }

  function fadingFactor(device: number, server: number, x: number, y: number, block: number): number {
    if (fade === undefined) return 1;
    if (los[device * serverCount + server] === 0 || isIndoor[device] === 1)
      return fade(device, server, block, Number.NEGATIVE_INFINITY);
    const field = fieldAt(tile, (fields[server] as ServerFields).ricianFactor, x, y);
    return fade(device, server, block, ricianFactor.meanDb + ricianFactor.deviationDb * field);
  }

  return {
    deviceCount: kinds.length,
    serverCount,
    los,
    updateGains(deviceX, deviceY, timeMs, gain) {
      const block = settings.fading === null ? 0 : Math.floor(timeMs / settings.fading.coherenceMs);
      let link = 0;
      for (let device = 0; device < kinds.length; device++) {
        const x = deviceX[device] as number;
        const y = deviceY[device] as number;
        for (let server = 0; server < serverCount; server++) {
          const mean = ratioOfDb(-linkLossDb(device, server, x, y));
          const faded = mean * fadingFactor(device, server, x, y, block);
          gain[link++] = Math.min(1, Math.max(gainFloor, faded));
        }
      }
    },
  };
}

function drawServerFields(seed: number, server: number): ServerFields {
  const random = createRandom(seed, serverStream + server);
  return {
    los: drawFieldView(random, losCorrelationMetres),
    losShadow: drawFieldView(random, shadowFading.los.correlationMetres),
    nlosShadow: drawFieldView(random, shadowFading.nlos.correlationMetres),
    indoorShadow: drawFieldView(random, shadowFading.indoor.correlationMetres),
    ricianFactor: drawFieldView(random, ricianFactor.correlationMetres),
  };
}

/** One entry for each link; links of equal heights share theirs. */
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

/** @throws OutriderError `bad-argument`, with the field and its range, for a value for which the specification has no formula */
function checkSettings(settings: Tr38901Settings): void {
  between('carrierGhz', settings.carrierGhz, 0.5, 100);
  between('deviceHeightMetres', settings.deviceHeightMetres, 1.5, 22.5);
  between('highLossShare', settings.highLossShare, 0, 1);
  if (settings.fading !== null) between('fading.coherenceMs', settings.fading.coherenceMs, 1e-3, 1e9);
  if (settings.servers.length === 0) {
    throw badArgument('servers is empty', 'name at least one server');
  }
  for (const [index, { x, y, heightMetres }] of settings.servers.entries()) {
    between(`servers[${index}].x`, x, -1e6, 1e6);
    between(`servers[${index}].y`, y, -1e6, 1e6);
    between(`servers[${index}].heightMetres`, heightMetres, 1.5, 150);
  }
}

function between(field: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  throw badArgument(`${field} is ${value}`, `give a number from ${low} to ${high}`);
}
