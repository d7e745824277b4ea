// Where people and vehicles can be: square cells of a map. A cell is a street if its whole square is outdoors and walkable. Devices move from
// cell to cell, sideways, or diagonally where both cells beside the diagonal are street; distances are counted in such steps.

/** Row-major; row 0 has the smallest y, column 0 the smallest x. The origin is the outer corner of cell 0, metres. */
export interface StreetMask
  extends Readonly<Record<'originX' | 'originY' | 'cellMetres' | 'rows' | 'columns', number>> {
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

/** Lengths are in fifths of a cell: 5 sideways and 7 diagonally, which is 1 % less than the diagonal. */
export const sideSteps = 5;
const acrossSteps = 7;
export const unreachable = 0xffff;

/** The eight moves: columns, rows, length. A diagonal move is open where both sideways moves are. */
export const moves: readonly (readonly [columns: number, rows: number, steps: number])[] = [
  [1, 0, sideSteps],
  [1, 1, acrossSteps],
  [0, 1, sideSteps],
  [-1, 1, acrossSteps],
  [-1, 0, sideSteps],
  [-1, -1, acrossSteps],
  [0, -1, sideSteps],
  [1, -1, acrossSteps],
];

/** The open moves of each cell: bit m for move m. */
export function openMoves({ rows, columns, walkable }: StreetMask): Uint8Array {
  const isOpen = (row: number, column: number): boolean =>
    row >= 0 && row < rows && column >= 0 && column < columns && walkable[row * columns + column] === 1;
  return Uint8Array.from(walkable, (_, cell) => {
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    if (!isOpen(row, column)) return 0;
    return moves.reduce((bits, [right, up], move) => {
      const open = isOpen(row + up, column + right) && isOpen(row, column + right) && isOpen(row + up, column);
      return open ? bits | (1 << move) : bits;
    }, 0);
  });
}

/**
 * Dial's version of Dijkstra's algorithm: a ring of lists, one for each length that may come next.
 * @param open from {@link openMoves}
 * @returns fifths of a cell; {@link unreachable} where there is no path, or none shorter than 13,000 cells
 */
export function streetDistances(open: Uint8Array, columns: number, goal: number): Uint16Array {
  const distances = new Uint16Array(open.length).fill(unreachable);
  const ring: number[][] = Array.from({ length: acrossSteps + 1 }, () => []);
  distances[goal] = 0;
  (ring[0] as number[]).push(goal);
  let waiting = 1;
  for (let length = 0; waiting > 0 && length < unreachable - acrossSteps; length++) {
    const cells = ring[length % ring.length] as number[];
    waiting -= cells.length;
    for (const cell of cells) {
      if (distances[cell] !== length) continue;
      for (let move = 0; move < moves.length; move++) {
        if (((open[cell] as number) & (1 << move)) === 0) continue;
        const [right, up, steps] = moves[move] as (typeof moves)[number];
        const neighbour = cell + up * columns + right;
        if (length + steps >= (distances[neighbour] as number)) continue;
        distances[neighbour] = length + steps;
        (ring[(length + steps) % ring.length] as number[]).push(neighbour);
        waiting++;
      }
    }
    cells.length = 0;
  }
  return distances;
}

/**
 * The largest set of street cells that are connected. Devices start there, so every place can be reached from every other.
 * @param open from {@link openMoves}
 * @returns cell indices, ascending; empty without streets
 */
export function connectedStreets({ columns, walkable }: StreetMask, open: Uint8Array): Int32Array {
  const isSeen = new Uint8Array(walkable.length);
  let largest: number[] = [];
  for (let start = 0; start < walkable.length; start++) {
    if (walkable[start] === 0 || isSeen[start] === 1) continue;
    const part = [start];
    isSeen[start] = 1;
    for (let next = 0; next < part.length; next++) {
      const cell = part[next] as number;
      for (const [move, [right, up]] of moves.entries()) {
        const neighbour = cell + up * columns + right;
        if (((open[cell] as number) & (1 << move)) === 0 || isSeen[neighbour] === 1) continue;
        isSeen[neighbour] = 1;
        part.push(neighbour);
      }
    }
    if (part.length > largest.length) largest = part;
  }
  return Int32Array.from(largest).sort();
}
