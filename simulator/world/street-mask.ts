// Where people and vehicles can be: square cells of a map. A cell is a street if its whole square is outdoors and walkable.

/** Row-major; row 0 has the smallest y, column 0 the smallest x. */
export interface StreetMask {
  /** The outer corner of cell 0, metres. */
  readonly originX: number;
  readonly originY: number;
  readonly cellMetres: number;
  readonly rows: number;
  readonly columns: number;
  /** 1: street; [rows * columns]. */
  readonly walkable: Uint8Array;
}

/** The cell of a place, or -1 outside the map. */
export function cellAt(mask: StreetMask, x: number, y: number): number {
  const column = Math.floor((x - mask.originX) / mask.cellMetres);
  const row = Math.floor((y - mask.originY) / mask.cellMetres);
  if (!(column >= 0 && column < mask.columns && row >= 0 && row < mask.rows)) return -1;
  return row * mask.columns + column;
}

/** Whether a place is on a street. */
export function isStreet(mask: StreetMask, x: number, y: number): boolean {
  const cell = cellAt(mask, x, y);
  return cell >= 0 && mask.walkable[cell] === 1;
}

/**
 * The largest set of street cells that are connected by their sides. Devices start there, so every place can be reached from every other.
 * @returns cell indices, ascending; empty without streets
 */
export function connectedStreets(mask: StreetMask): Int32Array {
  const { rows, columns, walkable } = mask;
  const isSeen = new Uint8Array(walkable.length);
  let largest: number[] = [];
  for (let start = 0; start < walkable.length; start++) {
    if (walkable[start] === 0 || isSeen[start] === 1) continue;
    const part = [start];
    isSeen[start] = 1;
    for (let next = 0; next < part.length; next++) {
      const cell = part[next] as number;
      const column = cell % columns;
      const visit = (neighbour: number): void => {
        if (walkable[neighbour] === 0 || isSeen[neighbour] === 1) return;
        isSeen[neighbour] = 1;
        part.push(neighbour);
      };
      if (column > 0) visit(cell - 1);
      if (column < columns - 1) visit(cell + 1);
      if (cell >= columns) visit(cell - columns);
      if (cell < (rows - 1) * columns) visit(cell + columns);
    }
    if (part.length > largest.length) largest = part;
  }
  return Int32Array.from(largest).sort();
}
