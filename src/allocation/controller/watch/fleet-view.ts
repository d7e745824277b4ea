// What one watcher gets of a fleet: bounded, however large the fleet is. Devices come by cells of a grid first; where few are asked for,
// each has a row.

import {
  type CellRow,
  type DeviceRow,
  type EdgeRow,
  type Fleet,
  type LinkRow,
  type Row,
  rounded,
  type Table,
} from './fleet-rows.ts';

/** West, south, east and north, metres. */
export type MapWindow = readonly [number, number, number, number];

export interface Ask {
  /** Only what stands there; null: everywhere, and what has no place. */
  readonly window: MapWindow | null;
  /** Only devices that read from this edge, or were sent there; null: of every edge. */
  readonly edge: string | null;
  /** A device whose row and links are wanted too; null: none. */
  readonly device: string | null;
}

export const askAll: Ask = { window: null, edge: null, device: null };

/** So many devices have a row each; of more, these are the ones that fare worst. */
const mostDevices = 80;
const mostWorst = 24;
const mostEdges = 80;
const mostFaults = 20;
const mostLinks = 32;
/** Cells along the longer side of what is shown, at most. */
const cellsAcross = 18;
const leastCellM = 1;

/** @param linksOf the links of a device that is asked for, the shortest first */
export function viewOf(
  fleet: Fleet,
  ask: Ask,
  linksOf: (device: string) => readonly (readonly [string, LinkRow])[] = () => [],
): Table {
  const table = new Map<string, Row>([['fleet', fleet.fleet]]);
  const devices = [...fleet.devices].filter(([, row]) => isWithin(row, ask.window) && isAt(row, ask.edge));
  const isMany = devices.length > mostDevices;
  const shown = isMany ? worstOf(devices, mostWorst) : devices;
  for (const [id, row] of shown) table.set(`d:${id}`, row);
  const cells = isMany ? cellsOf(devices) : new Map<string, CellRow>();
  for (const [key, cell] of cells) table.set(`c:${key}`, cell);
  const one = fleet.devices.get(ask.device ?? '');
  if (ask.device !== null && one !== undefined) {
    table.set(`d:${ask.device}`, one);
    for (const [edge, row] of linksOf(ask.device).slice(0, mostLinks)) table.set(`l:${edge}`, row);
  }
  // Those elsewhere too, to which lines lead.
  const readFrom = new Set([...shown.map(([, { edge }]) => edge), ...[...cells.values()].map(({ edge }) => edge)]);
  const edges = [...fleet.edges].filter(([id, row]) => isWithin(row, ask.window) || readFrom.has(id));
  const busiest = edges.length <= mostEdges ? edges : edges.sort(([, a], [, b]) => b.readers - a.readers);
  const chosen = [ask.edge, one?.edge ?? null].flatMap((id) => rowOf(fleet.edges, id));
  for (const [id, row] of [...busiest.slice(0, mostEdges), ...chosen]) table.set(`e:${id}`, row);
  const faults = [...fleet.faults].sort(([, a], [, b]) => b.atMs - a.atMs);
  for (const [id, row] of faults.slice(0, mostFaults)) table.set(`p:${id}`, row);
  const edgesShown = Math.min(mostEdges, edges.length);
  return table.set('view', { devices: devices.length, shown: shown.length, edges: edges.length, edgesShown });
}

function rowOf(edges: Fleet['edges'], id: string | null): (readonly [string, EdgeRow])[] {
  const row = edges.get(id ?? '');
  return id === null || row === undefined ? [] : [[id, row]];
}

function isWithin({ x, y }: Pick<DeviceRow | EdgeRow, 'x' | 'y'>, window: MapWindow | null): boolean {
  if (window === null) return true;
  if (x === null || y === null) return false;
  const [west, south, east, north] = window;
  return x >= west && x <= east && y >= south && y <= north;
}

function isAt({ edge, goal }: DeviceRow, wanted: string | null): boolean {
  return wanted === null || (edge ?? goal) === wanted;
}

/** Those that no edge serves, then those that wait, then the slowest. */
function worstOf(
  devices: readonly (readonly [string, DeviceRow])[],
  count: number,
): readonly (readonly [string, DeviceRow])[] {
  const badness = ({ state, feltMs }: DeviceRow): number => {
    if (state === 'unserved') return Number.MAX_VALUE;
    return state === 'first' ? Number.MAX_VALUE / 2 : state === 'reading' ? (feltMs ?? 0) : -1;
  };
  return devices.toSorted(([, one], [, other]) => badness(other) - badness(one)).slice(0, count);
}

interface Sum {
  devices: number;
  reading: number;
  unserved: number;
  feltSum: number;
  felt: number;
  readonly edges: Map<string, number>;
}

/** The squares are of one grid for all windows, with sides of a power of two: one that hardly changes stays as it is. */
function cellsOf(devices: readonly (readonly [string, DeviceRow])[]): Map<string, CellRow> {
  const placed = devices.flatMap(([, { x, y, ...row }]) => (x === null || y === null ? [] : [{ ...row, x, y }]));
  const span = Math.max(spanOf(placed.map(({ x }) => x)), spanOf(placed.map(({ y }) => y)), leastCellM);
  const side = 2 ** Math.ceil(Math.log2(span / cellsAcross));
  const sums = new Map<string, Sum>();
  for (const { x, y, state, edge, feltMs } of placed) {
    const key = `${Math.floor(x / side)},${Math.floor(y / side)}`;
    const sum = sums.get(key) ?? { devices: 0, reading: 0, unserved: 0, feltSum: 0, felt: 0, edges: new Map() };
    sums.set(key, sum);
    sum.devices += 1;
    if (state === 'unserved') sum.unserved += 1;
    if (state === 'first' || state === 'reading') sum.reading += 1;
    if (state === 'reading' && feltMs !== null) {
      sum.felt += 1;
      sum.feltSum += feltMs;
    }
    if (edge !== null) sum.edges.set(edge, (sum.edges.get(edge) ?? 0) + 1);
  }
  return new Map([...sums].map(([key, sum]) => [key, cellOf(sum, side)]));
}

function cellOf({ devices, reading, unserved, feltSum, felt, edges }: Sum, side: number): CellRow {
  let edge: string | null = null;
  for (const [id, count] of edges) if (edge === null || count > (edges.get(edge) ?? 0)) edge = id;
  return { side, devices, reading, unserved, feltMs: felt === 0 ? null : rounded(feltSum / felt), edge };
}

function spanOf(values: readonly number[]): number {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return Math.max(0, most - least);
}
