// The ray-traced channel: gains from a radio map, interpolated linearly in dB between cell centres. Cells without energy (all
// cells off the streets among them) are never mixed into their neighbours.

import { badArgument } from '../../src/core/basics/errors.ts';
import { type Channel, gainFloor } from './channel.ts';
import { ratioOfDb } from './decibel.ts';
import type { RadioMap } from './radio-map.ts';
import { cellAt } from './street-mask.ts';
import { pathLossDb, pathLossTerms } from './tr38901-path-loss.ts';

export interface RadioMapChannelSettings {
  readonly deviceCount: number;
  /** The map's sites that are servers, in this order; default: all sites in the map's order. */
  readonly siteNames?: readonly string[];
  /**
   * `umi-nlos`: no gain is below the median of TR 38.901, UMi street canyon, NLOS (table 7.4.1-1), since the rays of a map without
   * diffuse scattering do not reach around every corner. Default: none.
   */
  readonly floor?: 'none' | 'umi-nlos';
}

/** Serves outdoor devices at the map's height only. @throws OutriderError `bad-argument` for a site that the map does not have */
export function createRadioMapChannel(map: RadioMap, settings: RadioMapChannelSettings): Channel {
  const { streets, gainDb } = map;
  const { originX, originY, cellMetres, rows, columns } = streets;
  const siteCount = map.header.sites.length;
  const sites = chooseSites(map, settings.siteNames);
  /** Where the gains of the four cells around a place start, and the weight of each cell. */
  const starts = new Int32Array(4);
  const weights = new Float64Array(4);

  function surroundings(x: number, y: number): void {
    const across = (x - originX) / cellMetres - 0.5;
    const up = (y - originY) / cellMetres - 0.5;
    const column = Math.floor(across);
    const row = Math.floor(up);
    for (let corner = 0; corner < 4; corner++) {
      const right = corner & 1;
      const above = corner >> 1;
      const isInside = column + right >= 0 && column + right < columns && row + above >= 0 && row + above < rows;
      starts[corner] = isInside ? ((row + above) * columns + column + right) * siteCount : -1;
      weights[corner] = (right === 1 ? across - column : 1 - across + column) * (above === 1 ? up - row : 1 - up + row);
    }
  }

  /** Weighted over the corners that have energy; the floor where the place's own cell has none. */
  function gainOf(site: number, ownStart: number): number {
    if (ownStart < 0 || Number.isNaN(gainDb[ownStart + site])) return gainFloor;
    let sum = 0;
    let weight = 0;
    for (let corner = 0; corner < 4; corner++) {
      const start = starts[corner] as number;
      const value = start < 0 ? Number.NaN : (gainDb[start + site] as number);
      if (Number.isNaN(value)) continue;
      sum += (weights[corner] as number) * value;
      weight += weights[corner] as number;
    }
    return Math.max(gainFloor, ratioOfDb(sum / weight));
  }

  const floorOf = settings.floor === 'umi-nlos' ? createNlosFloor(map, sites) : undefined;

  return {
    deviceCount: settings.deviceCount,
    serverCount: sites.length,
    updateGains(deviceX, deviceY, _timeMs, gain) {
      let link = 0;
      for (let device = 0; device < settings.deviceCount; device++) {
        const x = deviceX[device] as number;
        const y = deviceY[device] as number;
        surroundings(x, y);
        const ownStart = cellAt(streets, x, y) * siteCount;
        for (let server = 0; server < sites.length; server++) {
          const traced = gainOf(sites[server] as number, ownStart);
          gain[link++] = floorOf === undefined ? traced : Math.max(traced, floorOf(server, x, y));
        }
      }
    },
  };
}

/** The median gain of an NLOS link at the map's carrier, heights and distance; without shadow fading. */
function createNlosFloor({ header }: RadioMap, sites: Int32Array): (server: number, x: number, y: number) => number {
  const places = Array.from(sites, (site) => {
    const { x, y, z } = header.sites[site] as RadioMap['header']['sites'][number];
    return { x, y, terms: pathLossTerms(header.frequencyHz / 1e9, z, header.heightMetres) };
  });
  return (server, x, y) => {
    const place = places[server] as (typeof places)[number];
    const squared = (x - place.x) ** 2 + (y - place.y) ** 2;
    return Math.max(gainFloor, ratioOfDb(-pathLossDb(place.terms, squared, false)));
  };
}

function chooseSites(map: RadioMap, names: readonly string[] | undefined): Int32Array {
  const known = map.header.sites.map(({ name }) => name);
  if (names === undefined) return Int32Array.from(known, (_, index) => index);
  if (names.length === 0) {
    throw badArgument('siteNames is empty', `name some of ${known.join(', ')}`);
  }
  return Int32Array.from(names, (name, index) => {
    const site = known.indexOf(name);
    if (site < 0 || names.indexOf(name) !== index) {
      throw badArgument(
        `site "${name}" is ${site < 0 ? `not on the map of ${map.header.scene}` : 'named twice'}`,
        `name each of these once at most: ${known.join(', ')}`,
      );
    }
    return site;
  });
}
