// What one watcher gets of a fleet: bounded, however large the fleet is. Devices come by cells of a grid first; where few are asked for,
// each has a row.

import {
  type CellRow,
  type DeviceRow,
  type EdgeRow,
  type Fleet,
  type LinkRow,
  rounded,
  type Snapshot,
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

export const watchVersion = 2;
/** Largest message to a watcher, bytes. */
export const mostWatchBytes = 131_072;

/** First on a connection. The same with the kind "ask", and neither version nor credentials, says what is wanted from then on. */
export interface WatchMessage extends Ask {
  readonly kind: 'watch';
  readonly version: number;
  readonly credentials: string;
}

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
export function snapshotOf(
  fleet: Fleet,
  ask: Ask,
  linksOf: (device: string) => readonly (readonly [string, LinkRow])[],
): Snapshot {
  const devices = [...fleet.devices].filter(([, row]) => isWithin(row, ask.window) && isAt(row, ask.edge));
  const isMany = devices.length > mostDevices;
  const shown = isMany ? worstOf(devices, mostWorst) : devices;
  const cells = isMany ? cellsOf(devices) : [];
  const { device } = ask;
  const one = device === null ? undefined : fleet.devices.get(device);
  const isFound = device !== null && one !== undefined;
  // Those elsewhere too, to which lines lead.
  const readFrom = new Set([...shown.map(([, { edge }]) => edge), ...cells.map(({ edge }) => edge)]);
  const edges = [...fleet.edges].filter(([id, row]) => isWithin(row, ask.window) || readFrom.has(id));
  if (edges.length > mostEdges) edges.sort(([, a], [, b]) => b.readers - a.readers);
  const shownEdges = new Map(edges.slice(0, mostEdges));
  for (const id of [ask.edge, one?.edge ?? null]) {
    const row = id === null ? undefined : fleet.edges.get(id);
    if (id !== null && row !== undefined) shownEdges.set(id, row);
  }
  const counts = { devices: devices.length, shown: shown.length };
  return {
    kind: 'fleet',
    fleet: fleet.fleet,
    view: { ...counts, edges: edges.length, edgesShown: Math.min(mostEdges, edges.length) },
    edges: [...shownEdges],
    devices: isFound ? [...new Map(shown).set(device, one)] : shown,
    cells,
    links: isFound ? linksOf(device).slice(0, mostLinks) : [],
    faults: fleet.faults.toSorted((a, b) => b.atMs - a.atMs).slice(0, mostFaults),
  };
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
  readonly x: number;
  readonly y: number;
  devices: number;
  reading: number;
  unserved: number;
  feltSum: number;
  felt: number;
  readonly edges: Map<string, number>;
}

/** The squares are of one grid for all windows, with sides of a power of two: they stand still while the map moves. */
function cellsOf(devices: readonly (readonly [string, DeviceRow])[]): CellRow[] {
  const placed = devices.flatMap(([, { x, y, ...row }]) => (x === null || y === null ? [] : [{ ...row, x, y }]));
  const span = Math.max(spanOf(placed.map(({ x }) => x)), spanOf(placed.map(({ y }) => y)), leastCellM);
  const side = 2 ** Math.ceil(Math.log2(span / cellsAcross));
  const sums = new Map<string, Sum>();
  for (const { x, y, state, edge, feltMs } of placed) {
    const corner = { x: side * Math.floor(x / side), y: side * Math.floor(y / side) };
    const key = `${corner.x},${corner.y}`;
    const none = { devices: 0, reading: 0, unserved: 0, feltSum: 0, felt: 0 };
    const sum: Sum = sums.get(key) ?? { ...corner, ...none, edges: new Map() };
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
  return [...sums.values()].map((sum) => cellOf(sum, side));
}

function cellOf({ feltSum, felt, edges, ...sums }: Sum, side: number): CellRow {
  let edge: string | null = null;
  for (const [id, count] of edges) if (edge === null || count > (edges.get(edge) ?? 0)) edge = id;
  return { ...sums, side, feltMs: felt === 0 ? null : rounded(feltSum / felt), edge };
}

function spanOf(values: readonly number[]): number {
  const least = values.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
  return values.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY) - least;
}
