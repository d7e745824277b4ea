// Finds a radio map: the name of one that comes with outrider, or the path of a header.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { badArgument } from '../../src/core/basics/errors.ts';
import { shippedPath } from '../../src/models/files/shipped-path.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { readRadioMap } from './radio-map-file.ts';

const shippedFolder = shippedPath('maps');
const ending = '.map.json';

/** Names of the maps that come with outrider. */
export async function shippedMapNames(): Promise<readonly string[]> {
  const files = await readdir(shippedFolder).catch(() => []);
  return files
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .toSorted();
}

/** The map of a scenario's channel; undefined: it names none. */
export async function findMapOf({ channel }: Pick<Scenario, 'channel'>): Promise<RadioMap | undefined> {
  return channel.kind === 'map' ? findRadioMap(channel.map) : undefined;
}

/** @param nameOrPath "munich", or a path that ends in .map.json @throws OutriderError `bad-argument` */
export async function findRadioMap(nameOrPath: string): Promise<RadioMap> {
  if (/[./\\]/.test(nameOrPath)) return readRadioMap(nameOrPath);
  const names = await shippedMapNames();
  if (!names.includes(nameOrPath)) {
    const remedy = `Name one of ${names.join(', ')}, or a file that ends in ${ending}.`;
    throw badArgument(`there is no radio map "${nameOrPath}"`, remedy);
  }
  return readRadioMap(join(shippedFolder, `${nameOrPath}${ending}`));
}
