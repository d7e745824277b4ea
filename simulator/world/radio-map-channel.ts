// The ray-traced channel: gains from a radio map, interpolated linearly in dB between cell centres. Cells without energy (all
// cells off the streets among them) are never mixed into their neighbours.

import { type Channel, gainFloor } from './channel.ts';
import { ratioOfDb } from './decibel.ts';
import type { RadioMap } from './radio-map.ts';
import { cellAt } from './street-mask.ts';
import { pathLossDb, pathLossTerms } from './tr38901-path-loss.ts';

export interface RadioMapChannelSettings {
  readonly deviceCount: number;
  /** So many of the map's sites are servers, the first ones. Default: all. */
  readonly serverCount?: number;
  /**
   * `umi-nlos`: no gain is below the median of TR 38.901, UMi street canyon, NLOS (table 7.4.1-1), since the rays of a map without
   * diffuse scattering do not reach around every corner. Default: none.
   */
  readonly floor?: 'none' | 'umi-nlos';
}

/** Serves outdoor devices at the map's height only. */
export function createRadioMapChannel(map: RadioMap, settings: RadioMapChannelSettings): Channel {
  const { streets, gainDb } = map;
  const { originX, originY, cellMetres, rows, columns } = streets;
  const siteCount = map.header.sites.length;
  const { serverCount = siteCount } = settings;
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

  const floorOf = settings.floor === 'umi-nlos' ? createNlosFloor(map) : undefined;

  return {
    deviceCount: settings.deviceCount,
    serverCount,
    updateGains(deviceX, deviceY, _timeMs, gain) {
      let link = 0;
      for (let device = 0; device < settings.deviceCount; device++) {
        const x = deviceX[device] as number;
        const y = deviceY[device] as number;
        surroundings(x, y);
        const ownStart = cellAt(streets, x, y) * siteCount;
        for (let server = 0; server < serverCount; server++) {
          const traced = gainOf(server, ownStart);
          gain[link++] = floorOf === undefined ? traced : Math.max(traced, floorOf(server, x, y));
        }
      }
    },
  };
}

/** The median gain of an NLOS link at the map's carrier, heights and distance; without shadow fading. */
function createNlosFloor({ header }: RadioMap): (server: number, x: number, y: number) => number {
  const places = header.sites.map(({ x, y, z }) => {
    return { x, y, terms: pathLossTerms(header.frequencyHz / 1e9, z, header.heightMetres) };
  });
  return (server, x, y) => {
    const place = places[server] as (typeof places)[number];
    const squared = (x - place.x) ** 2 + (y - place.y) ** 2;
    return Math.max(gainFloor, ratioOfDb(-pathLossDb(place.terms, squared, false)));
  };
}
