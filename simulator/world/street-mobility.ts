// Walking and driving along the streets of a map: shortest paths over cells from goal to goal, with a pause at each. Devices never leave
// the street cells. Goals are the hot spots and a fixed set of places all over the town, because all devices share the distances to a
// goal, which are computed once. Each trip ends at a random distance before its goal, so that devices do not all stop on the same cell.

import { badArgument } from '../../src/core/basics/errors.ts';
import type { Random } from '../../src/core/basics/philox.ts';
import {
  checkMobilitySettings,
  createMobility,
  drawBetween,
  drawHotSpot,
  leastRestMs,
  type Mobility,
  type MobilitySettings,
  Walker,
} from './mobility.ts';
import { createStreetGoals, type StreetGoal, type StreetGoals } from './street-goals.ts';
import { moves, type StreetMask, sideSteps } from './street-mask.ts';

export interface StreetMobilitySettings extends MobilitySettings {
  readonly streets: StreetMask;
}

/** The chance that a path goes straight ahead where it can. */
const straightOn = 0.8;
/** The largest distance of a device from the middle of its cell, as a share of the cell. */
const sideways = 0.35;

/** @throws OutriderError `bad-argument` for indoor devices, or a map without streets */
export function createStreetMobility(settings: StreetMobilitySettings, seed: number): Mobility {
  checkMobilitySettings(settings);
  const indoor = settings.kinds.indexOf('indoor');
  if (indoor >= 0) {
    throw badArgument(
      `device ${indoor} is indoors, and a map knows streets only`,
      'set the share of indoor devices to 0, or use the TR 38.901 channel with an area',
    );
  }
  const goals = createStreetGoals(settings.streets, settings.hotSpots, seed);
  return createMobility(settings, seed, (random, speed) => new StreetWalker(settings, goals, random, speed));
}

class StreetWalker extends Walker {
  private readonly settings: StreetMobilitySettings;
  private readonly goals: StreetGoals;
  private readonly offsetX: number;
  private readonly offsetY: number;
  private cell = 0;
  /** The last move: the next one is the same where possible. */
  private move = 0;
  private goal: StreetGoal;
  /** Fifths of a cell before the goal at which the trip ends. */
  private stopSteps = 0;

  constructor(settings: StreetMobilitySettings, goals: StreetGoals, random: Random, speed: number) {
    super(random, speed);
    const { cellMetres } = settings.streets;
    this.settings = settings;
    this.goals = goals;
    // The same offset in all cells: a sideways step then stays in two cells, a diagonal one in the cells that openMoves has checked.
    this.offsetX = (0.5 + sideways * (2 * random.uniform() - 1)) * cellMetres;
    this.offsetY = (0.5 + sideways * (2 * random.uniform() - 1)) * cellMetres;
    this.goal = goals.drawGoal(random, undefined);
    this.enterMidway();
  }

  /** As in area-mobility.ts: a trip is drawn with a chance in proportion to its length. */
  private enterMidway(): void {
    const { pauseS, hotSpots } = this.settings;
    const longestMs = (this.goals.longestSteps * this.stepMetres()) / this.speed + pauseS.maximum * 1000;
    for (let attempt = 0; attempt < 1000; attempt++) {
      this.standAt(this.goals.drawStart(this.random, drawHotSpot(this.random, hotSpots)));
      this.drawTrip();
      const pauseMs = drawBetween(this.random, pauseS) * 1000;
      const trip = Math.max(0, this.stepsToGo() - this.stopSteps);
      const tripMs = (trip * this.stepMetres()) / this.speed;
      if (this.random.uniform() * longestMs < tripMs + pauseMs) {
        const passedMs = this.random.uniform() * (tripMs + pauseMs);
        if (passedMs < tripMs) {
          this.startTrip();
          this.advance(passedMs);
        } else {
          while (this.stepsToGo() > this.stopSteps) this.enterNextCell();
          this.restMs = tripMs + pauseMs - passedMs;
        }
        return;
      }
    }
    this.startTrip();
  }

  private stepMetres(): number {
    return this.settings.streets.cellMetres / sideSteps;
  }

  private stepsToGo(): number {
    return this.goal.distances()[this.cell] as number;
  }

  private drawTrip(): void {
    this.goal = this.goals.drawGoal(this.random, drawHotSpot(this.random, this.settings.hotSpots));
    this.stopSteps = this.goal.radiusSteps * Math.sqrt(this.random.uniform());
  }

  /** Heads for the first cell of the trip, or pauses if the trip has no length. */
  private startTrip(): void {
    if (this.stepsToGo() <= this.stopSteps) this.restMs = leastRestMs;
    else this.leaveCell();
  }

  protected arrive(): void {
    this.standAt(this.nextCell());
    if (this.stepsToGo() > this.stopSteps) {
      this.leaveCell();
      return;
    }
    this.restMs = drawBetween(this.random, this.settings.pauseS) * 1000;
    if (this.restMs === 0) this.leave();
  }

  protected leave(): void {
    this.drawTrip();
    this.startTrip();
  }

  private nextCell(): number {
    const [right, up] = moves[this.move] as (typeof moves)[number];
    return this.cell + up * this.settings.streets.columns + right;
  }

  private enterNextCell(): void {
    this.leaveCell();
    this.standAt(this.nextCell());
  }

  private standAt(cell: number): void {
    const { originX, originY, cellMetres, columns } = this.settings.streets;
    this.cell = cell;
    this.x = originX + (cell % columns) * cellMetres + this.offsetX;
    this.y = originY + Math.floor(cell / columns) * cellMetres + this.offsetY;
  }

  /** Takes one of the moves on a shortest path, straight ahead if possible. */
  private leaveCell(): void {
    const { columns, cellMetres } = this.settings.streets;
    const distances = this.goal.distances();
    const open = this.goals.open[this.cell] as number;
    const here = distances[this.cell] as number;
    let shortest = 0;
    let count = 0;
    for (let move = 0; move < moves.length; move++) {
      if ((open & (1 << move)) === 0) continue;
      const [right, up, steps] = moves[move] as (typeof moves)[number];
      if ((distances[this.cell + up * columns + right] as number) + steps !== here) continue;
      shortest |= 1 << move;
      count++;
    }
    const isStraight = (shortest & (1 << this.move)) !== 0 && this.random.uniform() < straightOn;
    if (!isStraight) this.move = pick(shortest, this.random.integer(count));
    const [right, up] = moves[this.move] as (typeof moves)[number];
    this.nextX = this.x + right * cellMetres;
    this.nextY = this.y + up * cellMetres;
  }
}

/** The index of the set bit with `before` set bits below it. */
function pick(bits: number, before: number): number {
  let left = before;
  for (let bit = 0; ; bit++) {
    if ((bits & (1 << bit)) !== 0 && left-- === 0) return bit;
  }
}
