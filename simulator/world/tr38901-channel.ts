// The statistical channel: 3GPP TR 38.901, UMi street canyon. LOS state and shadow fading are fields over the plane, so they
// change along a track as slowly as specified, and are the same when a device comes back. One pass over the links of a device for
// each field; everything that does not depend on positions is computed once, and a device that stands keeps its mean gains.

import { badArgument } from '../../src/core/basics/errors.ts';
import { createRandom } from '../../src/core/basics/philox.ts';
import { type Channel, gainFloor, type ServerSite } from './channel.ts';
import { createFieldTile, drawFieldView, type FieldView, fieldAt, fieldsAt } from './correlated-field.ts';
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
type FieldName = 'los' | 'losShadow' | 'nlosShadow' | 'indoorShadow' | 'ricianFactor';

/** @throws OutriderError `bad-argument` when a setting is outside the model's range */
export function createTr38901Channel(settings: Tr38901Settings, seed: number): Tr38901Channel {
  checkSettings(settings);
  const { kinds, fading } = settings;
  const serverCount = settings.servers.length;
  const links = createLinks(settings, seed);
  const { los, meanGain, ricianDb } = links;
  const fade = fading === null ? undefined : createFading(seed);
  /** The places to which the gains of `links` belong; [M]. */
  const placeX = new Float64Array(kinds.length).fill(Number.NaN);
  const placeY = placeX.slice();

  function place(device: number, x: number, y: number): void {
    placeX[device] = x;
    placeY[device] = y;
    writeLos(links, device, x, y);
    writeMeans(links, device, x, y);
    if (fade !== undefined) writeRicianFactors(links, device, x, y);
  }

  return {
    deviceCount: kinds.length,
    serverCount,
    los,
    updateGains(deviceX, deviceY, timeMs, gain) {
      const block = fading === null ? 0 : Math.floor(timeMs / fading.coherenceMs);
      let link = 0;
      for (let device = 0; device < kinds.length; device++) {
        const x = deviceX[device] as number;
        const y = deviceY[device] as number;
        if (x !== placeX[device] || y !== placeY[device]) place(device, x, y);
        for (let server = 0; server < serverCount; server++, link++) {
          const factor = fade === undefined ? 1 : fade(device, server, block, ricianDb[link] as number);
          gain[link] = Math.min(1, Math.max(gainFloor, (meanGain[link] as number) * factor));
        }
      }
    },
  };
}

type Links = ReturnType<typeof createLinks>;

function createLinks(settings: Tr38901Settings, seed: number) {
  const { servers, kinds } = settings;
  const indoor = drawIndoorState(kinds, settings.carrierGhz, settings.deviceHeightMetres, settings.highLossShare, seed);
  const fields = drawFields(seed, servers.length);
  const linkCount = kinds.length * servers.length;
  return {
    isShadowed: settings.shadowing,
    indoor,
    isIndoor: Uint8Array.from(kinds, (kind) => (kind === 'indoor' ? 1 : 0)),
    serverX: Float64Array.from(servers, ({ x }) => x),
    serverY: Float64Array.from(servers, ({ y }) => y),
    terms: linkTerms(settings, indoor),
    tile: createFieldTile(seed, fieldTileStream),
    fields,
    /** See {@link Tr38901Channel.los}. */
    los: new Uint8Array(linkCount),
    /** Without small-scale fading; [M * E]. */
    meanGain: new Float64Array(linkCount),
    /** The K-factor; [M * E]. */
    ricianDb: new Float64Array(linkCount),
    /** What one device has: views, values of fields, squared distances in metres; [E]. */
    views: [...fields.los],
    values: new Float64Array(servers.length),
    distanceSquared: new Float64Array(servers.length),
  };
}

function writeLos(links: Links, device: number, x: number, y: number): void {
  const { serverX, serverY, los, values, distanceSquared } = links;
  const serverCount = serverX.length;
  const depth = links.indoor.depthMetres[device] as number;
  fieldsAt(links.tile, links.fields.los, x, y, values);
  for (let server = 0; server < serverCount; server++) {
    const across = x - (serverX[server] as number);
    const up = y - (serverY[server] as number);
    const squared = across * across + up * up;
    distanceSquared[server] = squared;
    los[device * serverCount + server] = (values[server] as number) < losThreshold(Math.sqrt(squared) - depth) ? 1 : 0;
  }
}

/** Mean gains of a device's links, from their LOS states. */
function writeMeans(links: Links, device: number, x: number, y: number): void {
  const { terms, los, meanGain, values, distanceSquared, isShadowed } = links;
  const serverCount = values.length;
  const indoorDb = links.indoor.lossDb[device] as number;
  if (isShadowed) readShadows(links, device, x, y);
  for (let server = 0; server < serverCount; server++) {
    const link = device * serverCount + server;
    const isLos = los[link] === 1;
    const lossDb = pathLossDb(terms[link] as PathLossTerms, distanceSquared[server] as number, isLos) + indoorDb;
    const outdoor = isLos ? shadowFading.los : shadowFading.nlos;
    const { deviationDb } = links.isIndoor[device] === 1 ? shadowFading.indoor : outdoor;
    meanGain[link] = ratioOfDb(-(isShadowed ? lossDb + deviationDb * (values[server] as number) : lossDb));
  }
}

/** Writes the shadow fading of a device's links into `values`, in standard deviations. */
function readShadows(
  { fields, tile, los, isIndoor, views, values }: Links,
  device: number,
  x: number,
  y: number,
): void {
  for (let server = 0; server < views.length; server++) {
    const outdoor = los[device * views.length + server] === 1 ? fields.losShadow : fields.nlosShadow;
    views[server] = (isIndoor[device] === 1 ? fields.indoorShadow : outdoor)[server] as FieldView;
  }
  fieldsAt(tile, views, x, y, values);
}

/** Rician on outdoor LOS links, else Rayleigh. */
function writeRicianFactors(
  { fields, tile, los, isIndoor, ricianDb }: Links,
  device: number,
  x: number,
  y: number,
): void {
  const views = fields.ricianFactor;
  for (let server = 0; server < views.length; server++) {
    const link = device * views.length + server;
    const isRician = los[link] === 1 && isIndoor[device] === 0;
    const field = isRician ? fieldAt(tile, views[server] as FieldView, x, y) : 0;
    ricianDb[link] = isRician ? ricianFactor.meanDb + ricianFactor.deviationDb * field : Number.NEGATIVE_INFINITY;
  }
}

/** The fields of all servers; [E] each. */
function drawFields(seed: number, serverCount: number): Readonly<Record<FieldName, readonly FieldView[]>> {
  const each = Array.from({ length: serverCount }, (_, server) => drawServerFields(seed, server));
  return {
    los: each.map((one) => one.los),
    losShadow: each.map((one) => one.losShadow),
    nlosShadow: each.map((one) => one.nlosShadow),
    indoorShadow: each.map((one) => one.indoorShadow),
    ricianFactor: each.map((one) => one.ricianFactor),
  };
}

function drawServerFields(seed: number, server: number): Readonly<Record<FieldName, FieldView>> {
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
