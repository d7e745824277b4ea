// Finds a radio map, the name of one that comes with outrider or the path of a header; reads its two files, NAME.map.json and NAME.map.gz,
// and checks that they belong together.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { badArgument, type OutriderError } from '../../src/core/basics/errors.ts';
import { shippedPath } from '../../src/models/files/shipped-path.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { parseRadioMap, parseRadioMapHeader, type RadioMap } from '../world/radio-map.ts';

const shippedFolder = shippedPath('maps');
const ending = '.map.json';
/** gzip packs at most 1 to 1,032; the shipped maps pack 1 to 36 at most. A body beyond this ratio and this size is no map. */
const mostRatio = 200;
const unsuspectedBytes = 16e6;

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
  return readRadioMap(await radioMapPath(nameOrPath));
}

/** The path of its header. @throws OutriderError `bad-argument` for a name of no shipped map */
export async function radioMapPath(nameOrPath: string): Promise<string> {
  if (/[./\\]/.test(nameOrPath)) return nameOrPath;
  const names = await shippedMapNames();
  if (!names.includes(nameOrPath)) {
    const remedy = `Name one of ${names.join(', ')}, or a file that ends in ${ending}.`;
    throw badArgument(`there is no radio map "${nameOrPath}"`, remedy);
  }
  return join(shippedFolder, `${nameOrPath}${ending}`);
}

/** @param path of the header file @throws OutriderError `bad-argument` when a file is missing, broken or not the one announced */
export async function readRadioMap(path: string): Promise<RadioMap> {
  if (!path.endsWith(ending)) throw badArgument(`"${path}" does not end in ${ending}`, 'name the header of a map');
  const headerText = (await readBytes(path)).toString('utf8');
  const bodyPath = path.replace(/\.json$/, '.gz');
  const packed = await readBytes(bodyPath);
  const header = await orBroken(`"${path}" is not JSON`, (): unknown => JSON.parse(headerText));
  // No more is unpacked than the header announces, and no more than a packed map of that size can hold.
  const { bodyBytes } = parseRadioMapHeader(header);
  const mostBytes = Math.max(unsuspectedBytes, mostRatio * packed.length);
  if (bodyBytes > mostBytes) {
    throw broken(`"${path}" announces ${bodyBytes} bytes, more than "${bodyPath}" with ${packed.length} can hold`);
  }
  const unpack = (): Promise<Buffer> => promisify(gunzip)(packed, { maxOutputLength: Math.max(1, bodyBytes) });
  const body = await orBroken(`"${bodyPath}" is not a whole gzip file`, unpack);
  // Sizes first: a message about them is more useful than one about a hash.
  const map = parseRadioMap(header, body);
  const hash = createHash('sha256').update(body).digest('hex');
  if (hash !== map.header.bodySha256) {
    throw broken(`the SHA-256 of "${bodyPath}", unpacked, is ${hash}, not bodySha256 ${map.header.bodySha256}`);
  }
  return map;
}

async function orBroken<Value>(cause: string, work: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw broken(cause, error);
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw badArgument(`the map file "${path}" can't be read`, 'check its name', { cause: error });
  }
}

function broken(cause: string, error?: unknown): OutriderError {
  return badArgument(cause, 'take both files of the map from the same export', { cause: error });
}
