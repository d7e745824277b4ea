// A lower bound by prices (Lagrangian dual). A price alpha_j for the whole computing of server j and beta_j for its whole band turn the
// coupling of devices into costs of their own:
//
//   D(alpha, beta) = sum_i min_j [ fixed + min_z (s_i^2 / (z F_j) + alpha_j z) + min_y (phi(y) + beta_j y) ] - sum_j (alpha_j + beta_j)
//
// with z and y up to 1. D is a lower bound at any prices, in both energy models and both radio models, since both minima are exact. The
// best prices make it at least as good as the pool's. D is concave but has kinks where devices change servers; so the ascent follows the
// gradient of a smooth neighbour (a soft minimum over servers, whose softness shrinks), moving the logarithm of each price by a
// step of its own, and keeps the best D itself. Its prices are also a good place to begin a search: they say which server each device likes.

import { leastCostMs, leastCostShare } from './band-root.ts';
import { boundByPool } from './pool-bound.ts';
import type { Problem } from './problem.ts';

export interface DualBound {
  /** ms, constants left out (see problem.ts). */
  readonly boundMs: number;
  /** The server that each device likes best at the last prices, -1 for none; [M]. */
  readonly likedServer: Int32Array;
}

/** Steps grow and shrink by these, between these limits, in logarithms (Rprop: Riedmiller & Braun 1993). */
const growth = 1.3;
const shrinkage = 0.5;
const largestStep = 1;
const smallestStep = 1e-6;
/** Softness as a share of the mean cost of a device. */
const softStart = 1;
const softEnd = 2e-3;

/** @param rounds each asks for one root for every link */
export function boundByPrices(problem: Problem, rounds: number): DualBound {
  const ascent = new PriceAscent(problem);
  const softness = ascent.poolMs / Math.max(1, problem.deviceCount);
  for (let round = 0; round < rounds; round++) {
    ascent.step(softness * softStart * (softEnd / softStart) ** (round / Math.max(1, rounds - 1)));
  }
  return { boundMs: ascent.bestMs, likedServer: ascent.likedServer };
}

class PriceAscent {
  readonly poolMs: number;
  bestMs: number;
  readonly likedServer: Int32Array;
  readonly #problem: Problem;
  /** alpha, then beta, ms; [2 E]. */
  readonly #price: Float64Array;
  readonly #logPrice: Float64Array;
  readonly #gradient: Float64Array;
  readonly #gradientBefore: Float64Array;
  readonly #stepSize: Float64Array;
  /** Of the links of one device. */
  readonly #costMs: Float64Array;
  readonly #z: Float64Array;
  readonly #y: Float64Array;

  constructor(problem: Problem) {
    const { serverCount, deviceCount } = problem;
    const pool = boundByPool(problem);
    this.#problem = problem;
    this.poolMs = pool.boundMs;
    this.bestMs = pool.boundMs;
    this.likedServer = new Int32Array(deviceCount).fill(-1);
    this.#price = new Float64Array(2 * serverCount);
    // A price of 0 has no logarithm: begin with a hundredth of what a device costs.
    const least = 1e-2 * (pool.boundMs / Math.max(1, deviceCount)) + 1e-9;
    this.#logPrice = Float64Array.from({ length: 2 * serverCount }, (_, index) => {
      const server = index % serverCount;
      const workMs = (problem.serverSpeed[server] as number) * pool.workPrice ** 2;
      const bandMs = (problem.bandwidthHz[server] as number) * pool.hertzPrice;
      return Math.log(Math.max(least, index < serverCount ? workMs : bandMs));
    });
    this.#gradient = new Float64Array(2 * serverCount);
    this.#gradientBefore = new Float64Array(2 * serverCount);
    this.#stepSize = new Float64Array(2 * serverCount).fill(0.3);
    this.#costMs = new Float64Array(serverCount);
    this.#z = new Float64Array(serverCount);
    this.#y = new Float64Array(serverCount);
  }

  /** Evaluates D at the present prices, and moves them. @param softMs of the minimum over servers */
  step(softMs: number): void {
    const { deviceCount } = this.#problem;
    let dualMs = 0;
    for (let index = 0; index < this.#price.length; index++) {
      this.#price[index] = Math.exp(this.#logPrice[index] as number);
      dualMs -= this.#price[index] as number;
    }
    this.#gradient.fill(-1);
    for (let device = 0; device < deviceCount; device++) dualMs += this.#askDevice(device, softMs);
    if (dualMs > this.bestMs) this.bestMs = dualMs;
    this.#movePrices();
  }

  /** @returns the device's least cost at the present prices */
  #askDevice(device: number, softMs: number): number {
    const { linkStart, linkServer } = this.#problem;
    const start = linkStart[device] as number;
    const end = linkStart[device + 1] as number;
    if (start === end) return 0;
    let least = Number.POSITIVE_INFINITY;
    for (let link = start; link < end; link++) {
      const costMs = this.#priceLink(device, link, link - start);
      if (costMs < least) {
        least = costMs;
        this.likedServer[device] = linkServer[link] as number;
      }
    }
    let weight = 0;
    for (let at = 0; at < end - start; at++) {
      this.#costMs[at] = Math.exp((least - (this.#costMs[at] as number)) / softMs);
      weight += this.#costMs[at] as number;
    }
    for (let at = 0; at < end - start; at++) this.#addGradient(linkServer[start + at] as number, at, weight);
    return least;
  }

  #priceLink(device: number, link: number, at: number): number {
    const { linkServer, serverCount, serverSpeed, workRoot, fixedMs } = this.#problem;
    const server = linkServer[link] as number;
    const alpha = this.#price[server] as number;
    const beta = this.#price[serverCount + server] as number;
    const root = workRoot[device] as number;
    const speed = serverSpeed[server] as number;
    const z = Math.min(1, root / Math.sqrt(alpha * speed));
    const workMs = root === 0 ? 0 : (root * root) / (z * speed) + alpha * z;
    const costMs = (fixedMs[link] as number) + workMs + leastCostMs(this.#problem, link, beta);
    this.#z[at] = z;
    this.#y[at] = leastCostShare(this.#problem, link, beta);
    this.#costMs[at] = costMs;
    return costMs;
  }

  #addGradient(server: number, at: number, weight: number): void {
    const share = (this.#costMs[at] as number) / weight;
    const band = this.#problem.serverCount + server;
    this.#gradient[server] = (this.#gradient[server] as number) + share * (this.#z[at] as number);
    this.#gradient[band] = (this.#gradient[band] as number) + share * (this.#y[at] as number);
  }

  #movePrices(): void {
    for (let index = 0; index < this.#price.length; index++) {
      const now = this.#gradient[index] as number;
      const agreement = now * (this.#gradientBefore[index] as number);
      let size = this.#stepSize[index] as number;
      if (agreement > 0) size = Math.min(size * growth, largestStep);
      else if (agreement < 0) size = Math.max(size * shrinkage, smallestStep);
      this.#stepSize[index] = size;
      this.#gradientBefore[index] = now;
      this.#logPrice[index] = (this.#logPrice[index] as number) + Math.sign(now) * size;
    }
  }
}
