// The header of a radio map. A field that is missing or out of range is refused, with its name and the allowed values.

import { badArgument } from '../../src/core/basics/errors.ts';

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
