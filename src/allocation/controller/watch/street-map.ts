// The streets of a place, for the map of the fleet page: which square cells are street. A controller sends them once, before its first snapshot.

import { mostWatchBytes } from './fleet-view.ts';

/** Metres; x leads east, y north. */
export interface StreetMap {
  /** The outer corner of the first cell, in the south-west. */
  readonly originX: number;
  readonly originY: number;
  readonly cellMetres: number;
  readonly columns: number;
  /** Numbers of cells, row by row from the south: in turn of cells that are no street, and of cells that are. */
  readonly runs: readonly number[];
}

/** @param isStreet of each cell, row by row from the south */
export function streetMapOf(
  grid: Pick<StreetMap, 'originX' | 'originY' | 'cellMetres' | 'columns'>,
  isStreet: readonly boolean[],
): StreetMap {
  const runs = [0];
  let isOn = false;
  for (const one of isStreet) {
    if (one !== isOn) runs.push(0);
    isOn = one;
    runs.push((runs.pop() ?? 0) + 1);
  }
  return { ...grid, runs };
}

/** @returns null: it is larger than a message to a watcher may be */
export function encodeStreets({ originX, originY, cellMetres, columns, runs }: StreetMap): Uint8Array | null {
  const message = { kind: 'map', originX, originY, cellMetres, columns, runs };
  const bytes = new TextEncoder().encode(JSON.stringify(message));
  return bytes.length > mostWatchBytes ? null : bytes;
}

/** Parts of rows that are street, as rectangles in metres: west, south, width, height. */
export function streetsOf(map: StreetMap): (readonly [number, number, number, number])[] {
  const { originX, originY, cellMetres, columns, runs } = map;
  const found: (readonly [number, number, number, number])[] = [];
  let cell = 0;
  for (const [index, run] of runs.entries()) {
    const end = cell + run;
    while (index % 2 === 1 && cell < end) {
      const [row, column] = [Math.floor(cell / columns), cell % columns];
      const count = Math.min(end - cell, columns - column);
      found.push([originX + column * cellMetres, originY + row * cellMetres, count * cellMetres, cellMetres]);
      cell += count;
    }
    cell = end;
  }
  return found;
}
