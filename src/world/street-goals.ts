// Where trips along the streets of a map lead to and start from.

import { OutriderError } from '../basics/errors.ts';
import { createRandom, type Random } from '../basics/philox.ts';
import type { HotSpot } from './mobility.ts';
import { destinationStream } from './random-streams.ts';
import { openMoves, sideSteps, streetDistances, unreachable } from './street-distances.ts';
import { connectedStreets, type StreetMask } from './street-mask.ts';

export interface StreetGoal {
  /** Fifths of a cell along the streets; computed when first asked for; [cells]. */
  distances(): Uint16Array;
  /** A trip ends so many fifths of a cell before the goal, at most. */
  readonly radiusSteps: number;
}

export interface StreetGoals {
  /** From openMoves, within the connected streets; [cells]. */
  readonly open: Uint8Array;
  /** No trip is longer, fifths of a cell. */
  readonly longestSteps: number;
  /** A goal in the hot spot, or anywhere. */
  drawGoal(random: Random, spot: HotSpot | undefined): StreetGoal;
  /** A cell in the hot spot, or anywhere. */
  drawStart(random: Random, spot: HotSpot | undefined): number;
}

/** Goals that are no hot spots. Each costs two bytes a cell. */
const placeCount = 48;
/** How far before such a goal a trip may end. */
const placeRadiusMetres = 50;

/** @throws OutriderError `bad-argument` for a map without streets */
export function createStreetGoals(mask: StreetMask, hotSpots: readonly HotSpot[], seed: number): StreetGoals {
  const cells = connectedStreets(mask);
  if (cells.length < 2) {
    throw new OutriderError('bad-argument', 'the map has no street to walk along', 'use a map with street cells');
  }
  const walkable = new Uint8Array(mask.walkable.length);
  for (const cell of cells) walkable[cell] = 1;
  const open = openMoves({ ...mask, walkable });
  const goalAt = (cell: number, radiusMetres: number): StreetGoal => {
    let known: Uint16Array | undefined;
    return {
      radiusSteps: (radiusMetres / mask.cellMetres) * sideSteps,
      distances: () => {
        known ??= streetDistances(open, mask.columns, cell);
        return known;
      },
    };
  };
  const random = createRandom(seed, destinationStream);
  const anyCell = (from: Random): number => cells[from.integer(cells.length)] as number;
  const places = Array.from({ length: placeCount }, () => goalAt(anyCell(random), placeRadiusMetres));
  const spots = new Map(
    hotSpots.map((spot) => {
      const inside = cellsOf(mask, cells, spot);
      return [spot, { goal: goalAt(inside[0] as number, spot.radiusMetres), inside }];
    }),
  );
  return {
    open,
    longestSteps: longestSteps(places[0] as StreetGoal),
    drawGoal: (from, spot) => {
      const place = places[from.integer(placeCount)] as StreetGoal;
      return spot === undefined ? place : (spots.get(spot)?.goal ?? place);
    },
    drawStart: (from, spot) => {
      const inside = spot === undefined ? undefined : spots.get(spot)?.inside;
      return inside === undefined ? anyCell(from) : (inside[from.integer(inside.length)] as number);
    },
  };
}

/** Street cells of a hot spot, the one nearest to its middle first; that one alone when none is inside. */
function cellsOf(mask: StreetMask, cells: Int32Array, spot: HotSpot): number[] {
  const distanceTo = (cell: number): number =>
    Math.hypot(
      mask.originX + ((cell % mask.columns) + 0.5) * mask.cellMetres - spot.x,
      mask.originY + (Math.floor(cell / mask.columns) + 0.5) * mask.cellMetres - spot.y,
    );
  const nearest = cells.reduce((best, cell) => (distanceTo(cell) < distanceTo(best) ? cell : best), cells[0] as number);
  const inside = Array.from(cells).filter((cell) => cell !== nearest && distanceTo(cell) <= spot.radiusMetres);
  return [nearest, ...inside];
}

/** By way of any one place, nobody has farther than twice the farthest from it. */
function longestSteps(place: StreetGoal): number {
  return 2 * place.distances().reduce((most, steps) => (steps === unreachable ? most : Math.max(most, steps)), 0);
}
