// Radio maps: the path gain from each site to every street cell of a city, computed beforehand by ray tracing. docs/research/channels.md
// has the format; the caller reads the files and checks their hash. A field of the header that is missing or out of range is refused, with its
// name and the allowed values.

import { badArgument } from '../../src/core/basics/errors.ts';
import type { StreetMask } from './street-mask.ts';

/** Path gains of some sites over a grid, traced beforehand; see {@link parseRadioMap}. */
export interface RadioMap {
  readonly header: RadioMapHeader;
  readonly streets: StreetMask;
  /** The path gain in dB of site s at cell c is [c * sites + s]; NaN where no ray arrived. */
  readonly gainDb: Float32Array;
}

/**
 * @param header the parsed JSON
 * @param body the uncompressed bytes
 * @throws OutriderError `bad-argument` naming the field that does not fit
 */
export function parseRadioMap(header: unknown, body: Uint8Array): RadioMap {
  const known = parseRadioMapHeader(header);
  const { rows, columns, cellMetres, sites, originX, originY } = known;
  const cellCount = rows * columns;
  const gainBytes = sites.length * cellCount * 2;
  const expectedBytes = gainBytes + Math.ceil(cellCount / 8);
  if (body.length !== expectedBytes || known.bodyBytes !== expectedBytes) {
    throw badArgument(
      `the map's body has ${body.length} bytes and bodyBytes is ${known.bodyBytes}, but ${sites.length} sites of ${rows} x ${columns} cells need ${expectedBytes}`,
      'take header and body from the same export',
    );
  }
  const walkable = new Uint8Array(cellCount);
  for (let cell = 0; cell < cellCount; cell++)
    walkable[cell] = ((body[gainBytes + (cell >> 3)] as number) >> (cell & 7)) & 1;
  if (!walkable.includes(1)) {
    throw badArgument('the map has no street cell', 'export it again with the whole scene');
  }
  return {
    header: known,
    streets: { originX, originY, cellMetres, rows, columns, walkable },
    gainDb: readGains(known, body, walkable),
  };
}

/** The file is ordered by site, the memory by cell, because a device reads all sites of one place. */
function readGains(header: RadioMapHeader, body: Uint8Array, walkable: Uint8Array): Float32Array {
  const { sites, gainUnitDb, noEnergy, floorDb } = header;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const gainDb = new Float32Array(walkable.length * sites.length).fill(Number.NaN);
  for (let site = 0; site < sites.length; site++) {
    for (let cell = 0; cell < walkable.length; cell++) {
      const stored = view.getInt16((site * walkable.length + cell) * 2, true);
      if (stored === noEnergy) continue;
      const gain = stored * gainUnitDb;
      if (gain > 0 || gain < floorDb) {
        throw badArgument(
          `site "${sites[site]?.name}" has a gain of ${gain} dB at cell ${cell}; allowed are ${floorDb} to 0`,
          'export the map again; a path gain is never above 0 dB',
        );
      }
      gainDb[cell * sites.length + site] = gain;
    }
  }
  return gainDb;
}

/** Metres, in the scene's axes; z above its ground level. */
export interface RadioMapSite extends Readonly<Record<'x' | 'y' | 'z', number>> {
  readonly name: string;
}

type GridField = 'cellMetres' | 'originX' | 'originY' | 'rows' | 'columns';
type NumberField = 'seed' | 'frequencyHz' | 'heightMetres' | 'gainUnitDb' | 'noEnergy' | 'floorDb' | 'bodyBytes';
type TextField = 'scene' | 'attribution' | 'licence' | 'bodySha256';

/** `heightMetres` is that of the receivers; `bodySha256` the hash of the uncompressed body, lower-case hex. */
export interface RadioMapHeader
  extends Readonly<Record<GridField | NumberField, number>>,
    Readonly<Record<TextField, string>> {
  readonly sites: readonly RadioMapSite[];
}

const format = 'outrider-radio-map';
const version = 1;
const mostCells = 4e6;
const mostSites = 256;

/** @throws OutriderError `bad-argument` */
export function parseRadioMapHeader(value: unknown): RadioMapHeader {
  if (!isRecord(value)) refuse('the header', value, 'a JSON object');
  if (value['format'] !== format) refuse('format', value['format'], `"${format}"`);
  if (value['version'] !== version) refuse('version', value['version'], `${version}, the one that this release reads`);
  const origin = value['origin'];
  if (!Array.isArray(origin) || origin.length !== 2)
    refuse('origin', origin, 'a list of two numbers, [x, y] in metres');
  const rows = whole(value, 'rows', 1, mostCells);
  return {
    scene: text(value, 'scene'),
    seed: whole(value, 'seed', 0, Number.MAX_SAFE_INTEGER),
    frequencyHz: number(value, 'frequencyHz', 1e8, 1e12),
    cellMetres: number(value, 'cellMetres', 0.1, 1000),
    originX: number({ 'origin[0]': origin[0] as unknown }, 'origin[0]', -1e6, 1e6),
    originY: number({ 'origin[1]': origin[1] as unknown }, 'origin[1]', -1e6, 1e6),
    rows,
    columns: whole(value, 'columns', 1, Math.floor(mostCells / rows)),
    heightMetres: number(value, 'heightMetres', 0, 1000),
    sites: parseSites(value['sites']),
    gainUnitDb: number(value, 'gainUnitDb', 1e-4, 10),
    noEnergy: whole(value, 'noEnergy', -32768, 32767),
    floorDb: number(value, 'floorDb', -320, 0),
    attribution: text(value, 'attribution'),
    licence: text(value, 'licence'),
    bodyBytes: whole(value, 'bodyBytes', 1, 1e9),
    bodySha256: text(value, 'bodySha256'),
  };
}

function parseSites(value: unknown): RadioMapSite[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostSites)
    refuse('sites', Array.isArray(value) ? `a list of ${value.length}` : value, `a list of 1 to ${mostSites} sites`);
  const sites = value.map((site: unknown, index) => {
    if (!isRecord(site)) refuse(`sites[${index}]`, site, 'an object with name, x, y and z');
    const at = (axis: string): number =>
      number({ [`sites[${index}].${axis}`]: site[axis] }, `sites[${index}].${axis}`, -1e6, 1e6);
    const name = text({ [`sites[${index}].name`]: site['name'] }, `sites[${index}].name`);
    return { name, x: at('x'), y: at('y'), z: at('z') };
  });
  const names = sites.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse('sites', `"${twice}" twice`, 'a different name for each site');
  return sites;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(record: Record<string, unknown>, field: string): string {
  const value = record[field];
  if (typeof value !== 'string' || value === '') refuse(field, value, 'a text');
  return value;
}

function number(record: Record<string, unknown>, field: string, low: number, high: number): number {
  const value = record[field];
  if (typeof value !== 'number' || !(value >= low && value <= high))
    refuse(field, value, `a number from ${low} to ${high}`);
  return value;
}

function whole(record: Record<string, unknown>, field: string, low: number, high: number): number {
  const value = number(record, field, low, high);
  if (!Number.isInteger(value)) refuse(field, value, `a whole number from ${low} to ${high}`);
  return value;
}

function refuse(field: string, value: unknown, allowed: string): never {
  const shown = value === undefined ? 'missing' : `${typeof value === 'string' ? value : JSON.stringify(value)}`;
  throw badArgument(
    `radio map: ${field} is ${shown.slice(0, 80)}; it must be ${allowed}`,
    'use a map that "outrider" ships, or export it again',
  );
}
