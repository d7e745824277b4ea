// Random waypoint in a rectangle: a straight trip to a goal, a pause, the next goal. A run starts in the stationary state:
// positions, goals and pauses are drawn as they are at a random moment of a long run, so no warm-up is needed (Le Boudec and
// Vojnovic, "The random trip model", 2006).

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

/** A rectangle; x and y are its smallest coordinates. Metres. */
export type Area = Readonly<Record<'x' | 'y' | 'width' | 'height', number>>;

export interface AreaMobilitySettings extends MobilitySettings {
  readonly area: Area;
}

/** @throws OutriderError `bad-argument` */
export function createAreaMobility(settings: AreaMobilitySettings, seed: number): Mobility {
  checkMobilitySettings(settings);
  checkArea(settings);
  return createMobility(settings, seed, (random, speed) => new AreaWalker(settings, random, speed));
}

class AreaWalker extends Walker {
  private readonly settings: AreaMobilitySettings;

  constructor(settings: AreaMobilitySettings, random: Random, speed: number) {
    super(random, speed);
    this.settings = settings;
    [this.x, this.y] = drawGoal(random, settings);
    [this.nextX, this.nextY] = [this.x, this.y];
    if (speed > 0) this.enterMidway();
  }

  /** A random moment falls into a trip with a chance in proportion to the trip's length, its pause included. */
  private enterMidway(): void {
    const { area, pauseS } = this.settings;
    const longestMs = Math.hypot(area.width, area.height) / this.speed + pauseS.maximum * 1000;
    // With one place for all goals and no pause, every cycle has length 0; then any start is right.
    for (let attempt = 0; attempt < 1000; attempt++) {
      const [fromX, fromY] = drawGoal(this.random, this.settings);
      const [toX, toY] = drawGoal(this.random, this.settings);
      const tripMs = Math.hypot(toX - fromX, toY - fromY) / this.speed;
      const pauseMs = drawBetween(this.random, pauseS) * 1000;
      if (this.random.uniform() * longestMs >= tripMs + pauseMs) continue;
      const passedMs = this.random.uniform() * (tripMs + pauseMs);
      const walked = Math.min(1, passedMs / tripMs);
      this.x = fromX + (toX - fromX) * walked;
      this.y = fromY + (toY - fromY) * walked;
      [this.nextX, this.nextY] = [toX, toY];
      if (walked === 1) this.restMs = tripMs + pauseMs - passedMs;
      return;
    }
  }

  protected arrive(): void {
    this.x = this.nextX;
    this.y = this.nextY;
    this.restMs = drawBetween(this.random, this.settings.pauseS) * 1000;
    if (this.restMs === 0) this.leave();
  }

  protected leave(): void {
    [this.nextX, this.nextY] = drawGoal(this.random, this.settings);
    if (this.nextX === this.x && this.nextY === this.y) this.restMs = leastRestMs;
  }
}

/** A goal anywhere in the area, or in the part of a hot spot's disc that lies in the area. */
function drawGoal(random: Random, { area, hotSpots }: AreaMobilitySettings): [number, number] {
  const spot = drawHotSpot(random, hotSpots);
  if (spot === undefined) return [area.x + random.uniform() * area.width, area.y + random.uniform() * area.height];
  for (;;) {
    const across = 2 * random.uniform() - 1;
    const up = 2 * random.uniform() - 1;
    if (across * across + up * up > 1) continue;
    return [
      clamp(spot.x + across * spot.radiusMetres, area.x, area.x + area.width),
      clamp(spot.y + up * spot.radiusMetres, area.y, area.y + area.height),
    ];
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function checkArea({ area, hotSpots }: AreaMobilitySettings): void {
  const { x, y, width, height } = area;
  const isRectangle = width > 0 && height > 0 && width <= 1e6 && height <= 1e6;
  if (!isRectangle || !Number.isFinite(x) || !Number.isFinite(y)) {
    throw badArgument(
      `area is ${width} m x ${height} m at ${x}, ${y}`,
      'give a width and a height above 0 and up to 1e6 m',
    );
  }
  const outside = hotSpots.findIndex((spot) => spot.x < x || spot.x > x + width || spot.y < y || spot.y > y + height);
  if (outside < 0) return;
  const spot = hotSpots[outside];
  throw badArgument(`hotSpots[${outside}] at ${spot?.x}, ${spot?.y} lies outside the area`, 'move it into the area');
}
