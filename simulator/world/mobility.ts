// The port of all movement, its settings, and what both mobility models share: speeds, steps and pauses.

import { badArgument } from '../../src/core/basics/errors.ts';
import { createRandom, type Random } from '../../src/core/basics/philox.ts';
import type { DeviceKind } from './population.ts';
import { mobilityStream } from './random-streams.ts';

/** Moves a set of devices. The path of a device depends on the seed and its own index, never on the other devices. */
export interface Mobility {
  /** Metres, changed in place by `advance`; [M]. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** @param stepMs the time that passes */
  advance(stepMs: number): void;
}

/** Uniform between the two values; equal values mean a constant. */
export type UniformRange = Readonly<Record<'minimum' | 'maximum', number>>;

/** A place that attracts people; `share` of all goals, 0 to 1, at most 1 in sum. */
export type HotSpot = Readonly<Record<'x' | 'y' | 'radiusMetres' | 'share', number>>;

export interface MobilitySettings {
  /** [M]; indoor devices stand still. */
  readonly kinds: readonly DeviceKind[];
  /** Drawn once for each device. */
  readonly speedMps: { readonly pedestrian: UniformRange; readonly vehicle: UniformRange };
  /** Pause at each goal, seconds. */
  readonly pauseS: UniformRange;
  readonly hotSpots: readonly HotSpot[];
}

/** A device without another goal pauses for this time, milliseconds; otherwise no time would ever pass. */
export const leastRestMs = 1000;

/** One moving device: it walks straight from place to place, and may rest in each. The model chooses the places. */
export abstract class Walker {
  /** Metres. */
  x = 0;
  y = 0;
  protected readonly random: Random;
  /** Metres per ms; 0: the device never moves. */
  protected readonly speed: number;
  /** The place to which the device is on its way. */
  protected nextX = 0;
  protected nextY = 0;
  protected restMs = 0;

  constructor(random: Random, speed: number) {
    this.random = random;
    this.speed = speed;
  }

  advance(stepMs: number): void {
    let leftMs = this.speed > 0 ? stepMs : 0;
    while (leftMs > 0) {
      if (this.restMs > 0) {
        const restedMs = Math.min(this.restMs, leftMs);
        this.restMs -= restedMs;
        leftMs -= restedMs;
        if (this.restMs > 0) return;
        this.leave();
        continue;
      }
      const across = this.nextX - this.x;
      const up = this.nextY - this.y;
      const distance = Math.sqrt(across * across + up * up);
      const reach = this.speed * leftMs;
      if (reach < distance) {
        this.x += (across * reach) / distance;
        this.y += (up * reach) / distance;
        return;
      }
      leftMs -= distance / this.speed;
      this.arrive();
    }
  }

  /** The rest is over: chooses the next place. */
  protected abstract leave(): void;
  /** The device has reached the next place: rests, or chooses another one. */
  protected abstract arrive(): void;
}

/** @param createWalker gets the device's own random numbers, and its speed in metres per ms; 0: the device never moves */
export function createMobility(
  { kinds, speedMps }: Pick<MobilitySettings, 'kinds' | 'speedMps'>,
  seed: number,
  createWalker: (random: Random, speed: number) => Walker,
): Mobility {
  const walkers = kinds.map((kind, device) => {
    const random = createRandom(seed, mobilityStream + device);
    return createWalker(random, drawSpeed(random, kind, speedMps));
  });
  const x = Float64Array.from(walkers, (walker) => walker.x);
  const y = Float64Array.from(walkers, (walker) => walker.y);
  return {
    x,
    y,
    advance(stepMs) {
      for (let device = 0; device < walkers.length; device++) {
        const walker = walkers[device] as Walker;
        walker.advance(stepMs);
        x[device] = walker.x;
        y[device] = walker.y;
      }
    },
  };
}

/** @throws OutriderError `bad-argument` */
export function checkMobilitySettings(settings: MobilitySettings): void {
  checkRange('speedMps.pedestrian', settings.speedMps.pedestrian, 0.01, 100);
  checkRange('speedMps.vehicle', settings.speedMps.vehicle, 0.01, 100);
  checkRange('pauseS', settings.pauseS, 0, 1e6);
  let sum = 0;
  for (const [index, { x, y, radiusMetres, share }] of settings.hotSpots.entries()) {
    const isPlace = Number.isFinite(x) && Number.isFinite(y) && radiusMetres >= 0 && radiusMetres < 1e6;
    if (!isPlace || !(share >= 0 && share <= 1)) {
      throw badArgument(
        `hotSpots[${index}] is at ${x}, ${y} with a radius of ${radiusMetres} m and a share of ${share}`,
        'give a place, a radius from 0 and a share from 0 to 1',
      );
    }
    sum += share;
  }
  if (sum > 1 + 1e-9) {
    throw badArgument(`the shares of hotSpots sum to ${sum}`, 'let them sum to 1 at most');
  }
}

function checkRange(field: string, { minimum, maximum }: UniformRange, low: number, high: number): void {
  if (minimum >= low && minimum <= maximum && maximum <= high) return;
  throw badArgument(`${field} is ${minimum} to ${maximum}`, `give numbers from ${low} to ${high}, minimum first`);
}

export function drawBetween(random: Random, { minimum, maximum }: UniformRange): number {
  return minimum + (maximum - minimum) * random.uniform();
}

/**
 * A device's own speed in metres per ms, drawn once for the whole run. With a new draw for each trip the slow trips would last
 * longer, and the mean speed would fall during the whole run (Yoon, Liu, Noble, "Random waypoint considered harmful", 2003).
 */
function drawSpeed(random: Random, kind: DeviceKind, speedMps: MobilitySettings['speedMps']): number {
  if (kind === 'indoor') return 0;
  return drawBetween(random, speedMps[kind]) * 1e-3;
}

/** The hot spot of the next goal, or undefined: the goal may be anywhere. */
export function drawHotSpot(random: Random, hotSpots: readonly HotSpot[]): HotSpot | undefined {
  let left = random.uniform();
  return hotSpots.find(({ share }) => {
    left -= share;
    return left < 0;
  });
}
