// Reads the streets of a radio map, NAME.map.json and NAME.map.gz (docs/research/channels.md), without its gains.

import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type StreetMap, streetMapOf } from '../allocation/controller/watch/street-map.ts';
import { badArgument } from '../core/basics/errors.ts';

const ending = '.map.json';
const mostBytes = 268_435_456;
const remedy = 'name the header of a radio map, as maps/munich.map.json, with its .map.gz beside it';

/** @param path of the header @throws OutriderError `bad-argument` */
export async function readStreetMap(path: string): Promise<StreetMap> {
  if (!path.endsWith(ending)) throw badArgument(`"${path}" does not end in ${ending}`, remedy);
  try {
    const header = JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, unknown>>;
    const packed = await readFile(path.replace(/\.json$/, '.gz'));
    const body = await promisify(gunzip)(packed, { maxOutputLength: mostBytes });
    return streetsIn(header, body);
  } catch (error) {
    throw badArgument(`"${path}" is no radio map`, remedy, { cause: error });
  }
}

/** Behind two bytes for each site and cell, the body has a bit for each cell. */
function streetsIn(header: Readonly<Record<string, unknown>>, body: Uint8Array): StreetMap {
  const { origin, cellMetres, rows, columns, sites } = header;
  const [originX, originY] = origin as readonly [number, number];
  const cells = Number(rows) * Number(columns);
  const start = (sites as readonly unknown[]).length * cells * 2;
  if (body.length !== start + Math.ceil(cells / 8) || !Number.isInteger(cells) || cells < 1) throw new Error('sizes');
  const grid = { originX, originY, cellMetres: Number(cellMetres), columns: Number(columns) };
  const isStreet = (cell: number): boolean => (((body[start + (cell >> 3)] ?? 0) >> (cell & 7)) & 1) === 1;
  return streetMapOf(
    grid,
    Array.from({ length: cells }, (_, cell) => isStreet(cell)),
  );
}
