// A lower bound by dual prices (Lagrangian dual). A price alpha_j for the whole computing of server j and a price beta_j for its
// whole band make the devices independent:
//
// D(alpha, beta) = sum_i min_j [ fixed + min_z (s_i^2 / (z F_j) + alpha_j z) + min_y (phi(y) + beta_j y) ] - sum_j (alpha_j + beta_j)
//
// with z and y up to 1. D is a lower bound at any prices, in both energy models and both radio models, since both minima are exact.
// At the best prices it is at least as good as the pool bound. D is concave but not smooth where devices change servers. So the
// ascent follows the gradient of a smooth approximation (a soft minimum over servers with a falling temperature), moves the
// logarithm of each price with its own step size, and keeps the best value of D itself. Its prices are also a good start for a
// search: they give the preferred server of each device.

import { boundFelt } from '../felt/felt-bound.ts';
import { bandCostMs, bestShare, rootCostMs, roughRoot } from '../paper/band-root.ts';
import { boundByPool } from './pool-bound.ts';
import { type Problem, ProblemWork } from './problem.ts';

export interface DualBound {
  /** ms, constants left out (see problem.ts). */
  readonly boundMs: number;
  /** The preferred server of each device at the last prices, -1 for none; [M]. */
  readonly preferredServer: Int32Array;
}

/** Factors and limits of the step sizes, in logarithms (Rprop: Riedmiller & Braun 1993). */
const growth = 1.3;
const shrinkage = 0.5;
const largestStep = 1;
const smallestStep = 1e-6;
/** Temperature of the soft minimum, as a share of the mean cost of a device. */
const softStart = 1;
const softEnd = 2e-3;

/** Below this exponent, a server's weight is too small for the gradient. */
const leastExponent = -20;

/**
 * Under the objective `felt` the bound of felt-bound.ts.
 * @param rounds each takes one root for every link
 * @param costMs the cost of an assignment, constants left out; where known it may save rounds
 */
export function boundByPrices(problem: Problem, rounds: number, costMs?: number): DualBound {
  if (problem.felt !== undefined) return boundFelt(problem, rounds, costMs);
  const ascent = new PriceAscent(problem);
  climb(ascent, rounds);
  return { boundMs: ascent.bestMs, preferredServer: ascent.preferredServer };
}

const roundsBeforeNarrowing = 2;
const narrowLinkCount = 4;

/**
 * The preferred server of each device after a short ascent, as the start of a search. Roots are approximate, and after two rounds a
 * device considers only its four cheapest servers; so these prices give no bound, but a round is cheap.
 */
export function preferredByPrices(problem: Problem, rounds: number): Int32Array {
  const ascent = new PriceAscent(problem, problem.bandForm === 'cubic');
  climb(ascent, rounds, roundsBeforeNarrowing);
  return ascent.preferredServer;
}

function climb(ascent: PriceAscent, rounds: number, narrowingRound?: number): void {
  for (let round = 0; round < rounds; round++) {
    if (round === narrowingRound) ascent.narrow(narrowLinkCount);
    ascent.step(ascent.meanMs * softStart * (softEnd / softStart) ** (round / Math.max(1, rounds - 1)));
  }
}

class PriceAscent extends ProblemWork {
  bestMs: number;
  /** The pool bound on the cost of a device. */
  readonly meanMs: number;
  readonly preferredServer = new Int32Array(this.problem.deviceCount).fill(-1);
  /** The links in use: those of device i are #links[#first[i] .. #first[i + 1] - 1]. */
  #links = Int32Array.from(this.problem.linkDevice.keys());
  #first = this.problem.linkStart;
  /** alpha, then beta, ms; [2 E]. */
  readonly #price = new Float64Array(2 * this.problem.serverCount);
  readonly #logPrice: Float64Array;
  /** sqrt(alpha F); [E]. */
  readonly #workRate = new Float64Array(this.problem.serverCount);
  readonly #gradient = new Float64Array(2 * this.problem.serverCount);
  readonly #gradientBefore = new Float64Array(2 * this.problem.serverCount);
  readonly #stepSize = new Float64Array(2 * this.problem.serverCount).fill(0.3);
  /** Buffer for the links of one device. */
  readonly #weight = new Float64Array(this.problem.serverCount);
  /** The cost of each link in use. */
  readonly #costMs = new Float64Array(this.problem.linkDevice.length);
  readonly #z = new Float64Array(this.problem.linkDevice.length);
  readonly #y = new Float64Array(this.problem.linkDevice.length);
  /** The root of the last round, ms, where the next one starts; 0 before the first. */
  readonly #rootMs = new Float64Array(this.problem.linkDevice.length);
  readonly #isRough: boolean;

  /**
   * @param isRough one step a round for each root: prices move by little, and this is enough for the start of a search; not for
   * concentrated power
   */
  constructor(problem: Problem, isRough = false) {
    super(problem);
    const { serverCount, deviceCount } = problem;
    const pool = boundByPool(problem);
    this.bestMs = pool.boundMs;
    this.meanMs = pool.boundMs / Math.max(1, deviceCount);
    // A price of 0 has no logarithm: start with a hundredth of the cost of a device.
    const least = 1e-2 * this.meanMs + 1e-9;
    this.#logPrice = Float64Array.from({ length: 2 * serverCount }, (_, index) => {
      const server = index % serverCount;
      const workMs = (problem.serverSpeed[server] as number) * pool.workPrice ** 2;
      const bandMs = (problem.bandwidthHz[server] as number) * pool.hertzPrice;
      return Math.log(Math.max(least, index < serverCount ? workMs : bandMs));
    });
    this.#isRough = isRough;
  }

  /** Evaluates D at the current prices, and moves them. @param softMs temperature of the soft minimum over servers */
  step(softMs: number): void {
    const { deviceCount, serverCount, serverSpeed } = this.problem;
    let dualMs = 0;
    for (let index = 0; index < this.#price.length; index++) {
      this.#price[index] = Math.exp(this.#logPrice[index] as number);
      dualMs -= this.#price[index] as number;
    }
    for (let server = 0; server < serverCount; server++) {
      this.#workRate[server] = Math.sqrt((this.#price[server] as number) * (serverSpeed[server] as number));
    }
    this.#gradient.fill(-1);
    for (let device = 0; device < deviceCount; device++) dualMs += this.#askDevice(device, softMs);
    if (dualMs > this.bestMs) this.bestMs = dualMs;
    this.#movePrices();
  }

  /** Keeps only the cheapest links of each device at the last prices; D is no bound from here on. */
  narrow(count: number): void {
    const { deviceCount } = this.problem;
    const links = new Int32Array(Math.min(this.#links.length, count * deviceCount));
    const first = new Int32Array(deviceCount + 1);
    let next = 0;
    for (let device = 0; device < deviceCount; device++) {
      const start = next;
      const end = this.#first[device + 1] as number;
      for (let at = this.#first[device] as number; at < end; at++) {
        const link = this.#links[at] as number;
        const costMs = this.#costMs[link] as number;
        // The cheapest links so far, in order; a link more expensive than a full list is left out.
        let place = next;
        while (place > start && costMs < (this.#costMs[links[place - 1] as number] as number)) place--;
        if (place - start >= count) continue;
        next = Math.min(next + 1, start + count);
        for (let behind = next - 1; behind > place; behind--) links[behind] = links[behind - 1] as number;
        links[place] = link;
      }
      first[device + 1] = next;
    }
    this.#links = links.subarray(0, next);
    this.#first = first;
  }

  /** @returns the device's least cost at the current prices */
  #askDevice(device: number, softMs: number): number {
    const start = this.#first[device] as number;
    const end = this.#first[device + 1] as number;
    if (start === end) return 0;
    let least = Number.POSITIVE_INFINITY;
    for (let at = start; at < end; at++) {
      const link = this.#links[at] as number;
      const costMs = this.#isRough ? this.#priceRoughly(device, link) : this.#priceLink(device, link);
      if (costMs < least) {
        least = costMs;
        this.preferredServer[device] = this.problem.linkServer[link] as number;
      }
    }
    this.#split(start, end, least, softMs);
    return least;
  }

  /** Splits a device over its servers by the soft minimum, and adds the shares that it takes to the gradient. */
  #split(start: number, end: number, least: number, softMs: number): void {
    const { linkServer, serverCount } = this.problem;
    const links = this.#links;
    const weights = this.#weight;
    let sum = 0;
    for (let at = start; at < end; at++) {
      const exponent = (least - (this.#costMs[links[at] as number] as number)) / softMs;
      const weight = exponent === 0 ? 1 : exponent < leastExponent ? 0 : Math.exp(exponent);
      weights[at - start] = weight;
      sum += weight;
    }
    for (let at = start; at < end; at++) {
      const share = (weights[at - start] as number) / sum;
      if (share === 0) continue;
      const link = links[at] as number;
      const server = linkServer[link] as number;
      const band = serverCount + server;
      this.#gradient[server] = (this.#gradient[server] as number) + share * (this.#z[link] as number);
      this.#gradient[band] = (this.#gradient[band] as number) + share * (this.#y[link] as number);
    }
  }

  /** min over z of s^2 / (z F) + alpha z: 2 s sqrt(alpha / F), unless z would be above 1. Writes z. */
  #priceWork(device: number, link: number): number {
    const { linkServer, serverSpeed, workRoot } = this.problem;
    const server = linkServer[link] as number;
    const root = workRoot[device] as number;
    const rate = this.#workRate[server] as number;
    const speed = serverSpeed[server] as number;
    const isWhole = root >= rate;
    this.#z[link] = isWhole ? 1 : root / rate;
    return isWhole ? (root * root) / speed + (this.#price[server] as number) : (2 * root * rate) / speed;
  }

  #priceLink(device: number, link: number): number {
    const { linkServer, serverCount, fixedMs } = this.problem;
    const beta = this.#price[serverCount + (linkServer[link] as number)] as number;
    const y = Math.min(1, bestShare(this.problem, link, beta));
    const otherMs = (fixedMs[link] as number) + this.#priceWork(device, link);
    const costMs = otherMs + bandCostMs(this.problem, link, y) + beta * y;
    this.#y[link] = y;
    this.#costMs[link] = costMs;
    return costMs;
  }

  /** The same with a root that is one step from the root of the last round. */
  #priceRoughly(device: number, link: number): number {
    const problem = this.problem;
    const server = problem.linkServer[link] as number;
    const fixedMs = (problem.fixedMs[link] as number) + (problem.offsetMs[device] as number);
    const otherMs = fixedMs + this.#priceWork(device, link);
    const targetMs = problem.targetMs[device] as number;
    const airMs = problem.airMs[link] as number;
    const total = (this.#price[problem.serverCount + server] as number) + (problem.bandPriceMs[link] as number);
    const rootMs =
      airMs === 0 ? 0 : roughRoot(this.#rootMs[link] as number, targetMs, total * (problem.cubicScale[link] as number));
    const isFree = rootMs > airMs;
    // At the root, rootCostMs gives phi and the price of the share; otherwise the whole band is too little, or there is no payload.
    const bandMs = isFree
      ? rootCostMs(problem.lambdaPerMs, rootMs, targetMs)
      : problem.lambdaPerMs * (airMs - targetMs) ** 2 + (airMs === 0 ? 0 : total);
    this.#rootMs[link] = rootMs;
    this.#y[link] = isFree ? airMs / rootMs : airMs === 0 ? 0 : 1;
    this.#costMs[link] = otherMs + bandMs;
    return otherMs + bandMs;
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
