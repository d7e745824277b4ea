// Do the fields of the TR 38.901 channel have the specified deviation, correlation and LOS probability?
// Measured from the channel's own gains over many seeds and servers.

import type { createTr38901Channel, Tr38901Channel } from '../../../simulator/world/tr38901-channel.ts';
import {
  losCorrelationMetres,
  losProbability,
  pathLossDb,
  pathLossTerms,
  shadowFading,
} from '../../../simulator/world/tr38901-path-loss.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';

/** One measured case; `error` and `limit` have the unit of the values. */
export interface ChannelRow extends Readonly<Record<'samples' | 'expected' | 'measured' | 'error' | 'limit', number>> {
  readonly case: string;
  readonly distanceMetres: number | null;
}

/** Lags in correlation distances. */
const lags = [0.05, 0.1, 0.2, 0.5, 1, 2, 3] as const;
/** Distance with a LOS probability of one half, metres: there the correlation of the states gives that of the field. */
const evenDistance = 52.7;
const losDistances = [25, 50, 100, 200, 400] as const;
const serverCount = 400;
const pairCount = 10;
/** All servers stand at the origin, since each has its own fields anyway; devices are drawn in a square round them, metres. */
const side = 300;
const carrierGhz = 3.5;
const siteHeight = 10;
const deviceHeight = 1.5;
const stream = 38901;

/** What errors are allowed; the measure's own noise over 64 worlds is about a quarter of each. */
const fieldLimits = { correlation: 0.03, deviationDb: 0.2, losShare: 0.02 } as const;

/**
 * Sums over all seeds. Of shadow fading: products and squares of the values of pairs; of LOS states: pairs with the same state; of shares: links
 * with LOS.
 */
interface Sum {
  count: number;
  sum: number;
  squares: number;
}

/** By lag, `losShares` by distance. */
type Sums = Readonly<Record<'los' | 'nlos' | 'states' | 'losShares', readonly Sum[]>>;

export function createSums(): Sums {
  const room = (): Sum => ({ count: 0, sum: 0, squares: 0 });
  return {
    los: lags.map(room),
    nlos: lags.map(room),
    states: lags.map(room),
    losShares: losDistances.map(room),
  };
}

interface Scene {
  readonly channel: Tr38901Channel;
  readonly gain: Float64Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
}

export type CreateChannel = typeof createTr38901Channel;

/** One seed's world. */
export function addSeed(sums: Sums, seed: number, create: CreateChannel): void {
  const random = createRandom(seed, stream);
  const servers = Array.from({ length: serverCount }, () => ({ x: 0, y: 0, heightMetres: siteHeight }));
  const deviceCount = 2 * pairCount;
  const settings = { carrierGhz, deviceHeightMetres: deviceHeight, highLossShare: 0, shadowing: true, fading: null };
  const kinds = Array.from({ length: deviceCount }, () => 'pedestrian' as const);
  const scene: Scene = {
    channel: create({ ...settings, servers, kinds }, seed),
    gain: new Float64Array(deviceCount * serverCount),
    x: new Float64Array(deviceCount),
    y: new Float64Array(deviceCount),
  };
  for (const [index, lag] of lags.entries()) {
    addShadowFading(scene, random, lag * shadowFading.los.correlationMetres, true, sums.los[index] as Sum);
    addShadowFading(scene, random, lag * shadowFading.nlos.correlationMetres, false, sums.nlos[index] as Sum);
    // Farther apart than the circle is wide there are no pairs.
    const apart = lag * losCorrelationMetres;
    if (apart <= 2 * evenDistance) addStates(scene, random, apart, sums.states[index] as Sum);
  }
  for (const [index, distance] of losDistances.entries())
    addLosShare(scene, random, distance, sums.losShares[index] as Sum);
}

/** Places the pairs, first of a pair at even index, and updates the channel. */
function placePairs(scene: Scene, place: (pair: number) => readonly [x1: number, y1: number, x2: number, y2: number]) {
  for (let pair = 0; pair < pairCount; pair++) {
    const [x1, y1, x2, y2] = place(pair);
    scene.x.set([x1, x2], 2 * pair);
    scene.y.set([y1, y2], 2 * pair);
  }
  scene.channel.updateGains(scene.x, scene.y, 0, scene.gain);
}

/** Each pair with each server: the links of its two places. */
function eachPair(visit: (first: number, second: number, pair: number, server: number) => void): void {
  for (let pair = 0; pair < pairCount; pair++) {
    for (let server = 0; server < serverCount; server++) {
      const first = 2 * pair * serverCount + server;
      visit(first, first + serverCount, pair, server);
    }
  }
}

function addShadowFading(scene: Scene, random: Random, lag: number, los: boolean, sums: Sum): void {
  placePairs(scene, () => {
    const [x, y] = [(random.uniform() - 0.5) * side, (random.uniform() - 0.5) * side];
    const angle = 2 * Math.PI * random.uniform();
    return [x, y, x + lag * Math.cos(angle), y + lag * Math.sin(angle)];
  });
  const wanted = los ? 1 : 0;
  eachPair((first, second, pair, server) => {
    if (scene.channel.los[first] !== wanted || scene.channel.los[second] !== wanted) return;
    const one = shadowOf(scene, 2 * pair, server);
    const other = shadowOf(scene, 2 * pair + 1, server);
    sums.count++;
    sums.sum += one * other;
    sums.squares += (one * one + other * other) / 2;
  });
}

const terms = pathLossTerms(carrierGhz, siteHeight, deviceHeight);

/** What the gain has beyond the path loss, dB. */
function shadowOf({ channel, gain, x, y }: Scene, device: number, server: number): number {
  const link = device * serverCount + server;
  const squared = (x[device] as number) ** 2 + (y[device] as number) ** 2;
  return -10 * Math.log10(gain[link] as number) - pathLossDb(terms, squared, channel.los[link] === 1);
}

/** Both places of a pair on the circle with a LOS probability of one half. */
function addStates(scene: Scene, random: Random, lag: number, sums: Sum): void {
  const apart = 2 * Math.asin(lag / 2 / evenDistance);
  placePairs(scene, () => {
    const angle = 2 * Math.PI * random.uniform();
    return [...onCircle(evenDistance, angle), ...onCircle(evenDistance, angle + apart)];
  });
  eachPair((first, second) => {
    sums.count++;
    if (scene.channel.los[first] === scene.channel.los[second]) sums.sum++;
  });
}

function addLosShare(scene: Scene, random: Random, distance: number, sums: Sum): void {
  placePairs(scene, () => {
    const angle = 2 * Math.PI * random.uniform();
    return [...onCircle(distance, angle), ...onCircle(distance, angle + Math.PI)];
  });
  sums.count += scene.channel.los.length;
  sums.sum += scene.channel.los.reduce((sum, los) => sum + los, 0);
}

function onCircle(radius: number, angle: number): [number, number] {
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

export function fieldRows(sums: Sums): ChannelRow[] {
  return [
    ...sums.losShares.map(({ count, sum }, index) => {
      const distance = losDistances[index] as number;
      return channelRow('LOS share', distance, count, losProbability(distance), sum / count, fieldLimits.losShare);
    }),
    ...shadowFadingRows('LOS shadow fading', shadowFading.los, sums.los),
    ...shadowFadingRows('NLOS shadow fading', shadowFading.nlos, sums.nlos),
    ...sums.states.flatMap(({ count, sum }, index) => {
      if (count === 0) return [];
      const lag = lags[index] as number;
      // Orthant probability of two normal variables: they agree in sign with chance 1/2 + asin(correlation) / pi.
      const measured = Math.sin(Math.PI * (sum / count - 0.5));
      const at = lag * losCorrelationMetres;
      return [channelRow('LOS correlation', at, count, Math.exp(-lag), measured, fieldLimits.correlation)];
    }),
  ];
}

function shadowFadingRows(
  name: string,
  { deviationDb, correlationMetres }: { readonly deviationDb: number; readonly correlationMetres: number },
  sums: readonly Sum[],
): ChannelRow[] {
  const count = sums.reduce((all, one) => all + one.count, 0);
  const deviation = Math.sqrt(sums.reduce((all, { squares }) => all + squares, 0) / count);
  return [
    channelRow(`${name}, deviation dB`, null, 2 * count, deviationDb, deviation, fieldLimits.deviationDb),
    ...sums.map((one, index) => {
      const lag = lags[index] as number;
      const at = lag * correlationMetres;
      const measured = one.sum / one.squares;
      return channelRow(`${name}, correlation`, at, one.count, Math.exp(-lag), measured, fieldLimits.correlation);
    }),
  ];
}

export function channelRow(
  name: string,
  distanceMetres: number | null,
  samples: number,
  expected: number,
  measured: number,
  limit: number,
): ChannelRow {
  return { case: name, distanceMetres, samples, expected, measured, error: Math.abs(measured - expected), limit };
}
