// Worked examples of the best bandwidth of one server, computed by a general constrained solver from many starts. Tests and
// `outrider trial allocation` compare the roots with them.

import { createProblem, type Problem } from '../../src/allocation/search/problem.ts';
import { syntheticSlot } from '../../src/allocation/slot/synthetic-slot.ts';

export interface BandVector {
  /** Upload time of each device with the whole band, ms. */
  readonly airMs: readonly number[];
  /** c: energy of the whole band, ms. */
  readonly bandPriceMs: readonly number[];
  /** mu: energy of a ms on air, ms. */
  readonly airPrice: number;
  readonly share: readonly number[];
  readonly price: number;
  readonly costMs: number;
}

/** lambda = 0.01 per ms, D^MD = (100, 80, 120) ms, SNR fixed. In the order of the fields of a vector. */
const rows: readonly (readonly [number[], number[], number, number[], number, number])[] = [
  [[30, 20, 30], [0, 0, 0], 0, [0.3, 0.25, 0.25], 0, 0],
  [[60, 60, 45], [0, 0, 0], 0, [0.356016, 0.37978, 0.264204], 648.8337, 133.1085],
  [[60, 60, 45], [0, 0, 0], 0.4, [0.355377, 0.376137, 0.268486], 844.0833, 331.6576],
  [[30, 20, 30], [50, 20, 80], 0, [0.281426, 0.241227, 0.23549], 0, 38.802],
  [[60, 60, 45], [50, 20, 80], 0, [0.35522, 0.383268, 0.261512], 605.3343, 179.5483],
  [[60, 60, 45], [500, 20, 800], 0, [0.333567, 0.431277, 0.235157], 361.4324, 513.2119],
];

export const bandVectors: readonly BandVector[] = rows.map(([airMs, bandPriceMs, airPrice, share, price, costMs]) => {
  return { airMs, bandPriceMs, airPrice, share, price, costMs };
});

const lambdaPerMs = 0.01;
const deviceMs = [100, 80, 120];

/** The problem of a vector: three devices on one server, no computing. */
export function oneServerProblem(vector: BandVector): Problem {
  const targets = deviceMs.map((ms) => ms - vector.airPrice / (2 * lambdaPerMs));
  const offsets = deviceMs.map((ms, index) => lambdaPerMs * (ms ** 2 - (targets[index] as number) ** 2));
  return {
    // All three devices are near the server.
    ...createProblem(syntheticSlot({ deviceCount: 3, serverCount: 1, seed: 1, sideM: 10 })),
    lambdaPerMs,
    airMs: Float64Array.from(vector.airMs),
    cubicScale: Float64Array.from(vector.airMs, (ms) => ms / (2 * lambdaPerMs)),
    bandPriceMs: Float64Array.from(vector.bandPriceMs),
    fixedMs: new Float64Array(3),
    deviceMs: Float64Array.from(deviceMs),
    airPrice: new Float64Array(3).fill(vector.airPrice),
    targetMs: Float64Array.from(targets),
    offsetMs: Float64Array.from(offsets),
    workRoot: new Float64Array(3),
  };
}
