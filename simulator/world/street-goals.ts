// The goals and starts of trips along the streets of a map.

import { badArgument } from '../../src/core/basics/errors.ts';
import { createRandom, type Random } from '../../src/core/basics/philox.ts';
import type { HotSpot } from './mobility.ts';
import { destinationStream } from './random-streams.ts';
import {
  connectedStreets,
  openMoves,
  type StreetMask,
  sideSteps,
  streetDistances,
  unreachable,
} from './street-mask.ts';

export interface StreetGoal {
  /** Distances along the streets in fifths of a cell, computed on first use; [cells]. */
  distances(): Uint16Array;
  /** A trip ends at most this many fifths of a cell before the goal. */
  readonly radiusSteps: number;
}

export interface StreetGoals {
  /** From openMoves; [cells]. */
  readonly open: Uint8Array;
  /** Upper bound on the length of any trip, fifths of a cell. */
  readonly longestSteps: number;
  /** A goal in the hot spot, or anywhere. */
  drawGoal(random: Random, spot: HotSpot | undefined): StreetGoal;
  /** A cell in the hot spot, or anywhere. */
  drawStart(random: Random, spot: HotSpot | undefined): number;
}

/** Number of goals outside hot spots. Each takes two bytes a cell. */
const placeCount = 48;
/** The largest distance before such a goal at which a trip ends. */
const placeRadiusMetres = 50;

/** What is known of the streets of a map; distances, by cell, are those of the last seed. */
interface KnownStreets {
  readonly open: Uint8Array;
  readonly cells: Int32Array;
  seed: number;
  readonly distances: Map<number, Uint16Array>;
}

/** Distances take longer than many a run, and runs that are compared have one seed. */
const known = new WeakMap<StreetMask, KnownStreets>();

function knownStreets(mask: StreetMask, seed: number): KnownStreets {
  let streets = known.get(mask);
  if (streets === undefined) {
    const open = openMoves(mask);
    streets = { open, cells: connectedStreets(mask, open), seed, distances: new Map() };
    known.set(mask, streets);
  }
  if (streets.seed !== seed) streets.distances.clear();
  streets.seed = seed;
  return streets;
}

/** @throws OutriderError `bad-argument` for a map without streets */
export function createStreetGoals(mask: StreetMask, hotSpots: readonly HotSpot[], seed: number): StreetGoals {
  const { open, cells, distances } = knownStreets(mask, seed);
  if (cells.length < 2) {
    throw badArgument('the map has no street to walk along', 'use a map with street cells');
  }
  const goalAt = (cell: number, radiusMetres: number): StreetGoal => {
    return {
      radiusSteps: (radiusMetres / mask.cellMetres) * sideSteps,
      distances: () => {
        const found = distances.get(cell) ?? streetDistances(open, mask.columns, cell);
        distances.set(cell, found);
        return found;
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

/** The street cells of a hot spot, the nearest to its centre first; only the nearest one where none lies inside. */
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

/** Upper bound on the diameter: twice a vertex's eccentricity. */
function longestSteps(place: StreetGoal): number {
  return 2 * place.distances().reduce((most, steps) => (steps === unreachable ? most : Math.max(most, steps)), 0);
}
