// The distance along the streets from every cell to one goal, in steps from cell to cell: sideways, or diagonally where both
// cells beside the diagonal are street.

import type { StreetMask } from './street-mask.ts';

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
