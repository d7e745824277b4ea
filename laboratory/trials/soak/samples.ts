// The memory, sessions, files and handles of an edge process, second by second, and whether they grow.

import type { EdgeResources } from '../../measuring/probe-main.ts';

/** One second. Memory in MB (10^6 bytes). */
export interface SoakRow {
  readonly second: number;
  /** Objects and buffers in use, right after a collection; null in the seconds between two of them. */
  readonly heldMB: number | null;
  /** The same with garbage. */
  readonly heapMB: number;
  readonly residentMB: number;
  readonly sessions: number;
  readonly waiting: number;
  readonly connections: number;
  /** Open file descriptors, sockets included; null where the system does not list them. */
  readonly files: number | null;
  /** Sockets, timers and requests that keep the process running. */
  readonly handles: number;
}

export function rowOf(second: number, resources: EdgeResources, files: number | null): SoakRow {
  const { heapUsed, external, residentSet, sessions, waiting, connections, isCollected } = resources;
  const heapMB = (heapUsed + external) / 1e6;
  return {
    second,
    heldMB: isCollected ? heapMB : null,
    heapMB,
    residentMB: residentSet / 1e6,
    sessions,
    waiting,
    connections,
    files,
    handles: handleCount(resources),
  };
}

export function handleCount({ handles }: EdgeResources): number {
  return Object.values(handles).reduce((sum, count) => sum + count, 0);
}

/** The share of a run before the comparison begins: what is compiled and cached once is there by then. */
const warmUpShare = 1 / 3;

/**
 * Growth from the end of the first third to the end, by the straight line with the least squares: single samples stand for little, since
 * they catch more or fewer sessions.
 * @returns 0 for fewer than three samples
 */
export function growthOf(rows: readonly SoakRow[], measure: (row: SoakRow) => number | null): number {
  const from = (rows.at(-1)?.second ?? 0) * warmUpShare;
  const points = rows.flatMap((row) => {
    const value = measure(row);
    return value === null || row.second < from ? [] : [{ x: row.second, y: value }];
  });
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 3) return 0;
  const meanOf = (key: 'x' | 'y'): number => points.reduce((sum, point) => sum + point[key], 0) / points.length;
  const meanX = meanOf('x');
  const meanY = meanOf('y');
  const square = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / square;
  return slope * (last.x - first.x);
}
