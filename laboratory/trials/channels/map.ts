// Compares a radio map with the path solver of the same ray tracer at single points. The map holds means over cells, so the two
// agree within a spread, not exactly.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRadioMap } from '../../../simulator/files/shipped-maps.ts';
import { gainFloor } from '../../../simulator/world/channel.ts';
import type { RadioMap } from '../../../simulator/world/radio-map.ts';
import { createRadioMapChannel } from '../../../simulator/world/radio-map-channel.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { type ChannelRow, channelRow } from './fields.ts';

/** dB. Half of all links are nearer than this to what the path solver finds at the point. */
export const mapLimitDb = 3;

interface Paths {
  readonly mapSha256: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly gainDb: readonly (number | null)[] }[];
}

/**
 * |map - paths| of all links that have energy in both, and its median with sign, dB; and the number of links that have energy in one only.
 */
export interface MapErrors extends Readonly<Record<'lonelyCount' | 'biasDb', number>> {
  readonly name: string;
  readonly errorsDb: readonly number[];
}

/** Every map of a folder that has a paths file beside it. @throws OutriderError `bad-argument` when a file is broken */
export async function measureMaps(folder: string): Promise<MapErrors[]> {
  const files = await readdir(folder).catch(() => []);
  const names = files
    .filter((file) => file.endsWith('.paths.json'))
    .map((file) => file.slice(0, -'.paths.json'.length));
  return Promise.all(
    names.sort().map(async (name) => {
      const map = await readRadioMap(join(folder, `${name}.map.json`));
      const paths = JSON.parse(await readFile(join(folder, `${name}.paths.json`), 'utf8')) as Paths;
      return compare(name, map, paths);
    }),
  );
}

/** @throws OutriderError `bad-argument` when the paths are those of another map */
export function compare(name: string, map: RadioMap, { mapSha256, points }: Paths): MapErrors {
  const siteCount = map.header.sites.length;
  if (mapSha256 !== map.header.bodySha256 || points.some(({ gainDb }) => gainDb.length !== siteCount))
    throw badArgument(`${name}.paths.json belongs to another map`, 'export both again');
  const channel = createRadioMapChannel(map, { deviceCount: points.length });
  const gain = new Float64Array(points.length * siteCount);
  const [x, y] = [points.map((point) => point.x), points.map((point) => point.y)];
  channel.updateGains(Float64Array.from(x), Float64Array.from(y), 0, gain);
  const differencesDb: number[] = [];
  let lonelyCount = 0;
  for (const [index, { gainDb }] of points.entries()) {
    for (const [site, pathDb] of gainDb.entries()) {
      const mapGain = gain[index * siteCount + site] as number;
      const isMapDark = mapGain <= gainFloor * (1 + 1e-9);
      if (isMapDark && pathDb === null) continue;
      if (isMapDark || pathDb === null) lonelyCount++;
      else differencesDb.push(10 * Math.log10(mapGain) - pathDb);
    }
  }
  return { name, errorsDb: differencesDb.map(Math.abs), lonelyCount, biasDb: median(differencesDb) };
}

export function mapRows(maps: readonly MapErrors[]): ChannelRow[] {
  return maps.map(({ name, errorsDb, biasDb }) => {
    const bias = channelRow(`map ${name}, dB`, null, errorsDb.length, 0, biasDb, mapLimitDb);
    return { ...bias, error: median(errorsDb) };
  });
}
