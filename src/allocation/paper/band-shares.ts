// The bandwidth of one server: the price at which its devices' best shares add up to the whole band, or 0 if some band is left. One
// monotone root; no computing, no other servers.

import type { Problem } from '../search/problem.ts';
import { bandCostMs, bestShare, cubicRoot, rootCostMs, shareSlope } from './band-root.ts';

const stepLimit = 100;

/** Has its own buffers, reused for every server. */
export class BandSolver {
  /** y of each link after {@link BandSolver.solve}; in the order of the links given. */
  readonly share: Float64Array;
  /** nu: the value of one more whole band, ms; 0 where some band is left. */
  price = 0;
  /** Sum of the best shares at that price; 1 where bandwidth is scarce. */
  sum = 0;
  /** Derivative of the sum by the price, per ms. */
  slope = 0;
  /** Sum of phi + nu y. */
  #heldMs = 0;
  readonly #problem: Problem;

  /** @param deviceCount the largest number of links in one call */
  constructor(problem: Problem, deviceCount: number) {
    this.#problem = problem;
    this.share = new Float64Array(deviceCount);
  }

  /** Sum of phi at the optimum, ms: never above it; the error is the square of the error of the shares. */
  get costMs(): number {
    return this.#heldMs - this.price;
  }

  /**
   * @param links one link for each device of the server
   * @param count number of links
   * @param startPrice where to start; an earlier price saves steps
   * @param tolerance allowed difference of the sum of shares from 1
   */
  solve(links: Int32Array, count: number, startPrice: number, tolerance: number): void {
    // Below 0 until price 0 has been tried.
    let low = -1;
    let high = Number.POSITIVE_INFINITY;
    this.price = startPrice;
    for (let step = 0; ; step++) {
      if (this.#problem.bandForm === 'cubic') this.#fillCubic(links, count);
      else this.#fillOther(links, count);
      const { sum, price } = this;
      if (Math.abs(sum - 1) <= tolerance || (price === 0 && sum <= 1) || step === stepLimit) return;
      if (sum > 1) low = price;
      else high = price;
      this.price = this.#nextPrice(low, high);
    }
  }

  /** Newton on sum^-2, which is nearly linear in the price where bandwidth is scarce; kept within the bracket. */
  #nextPrice(low: number, high: number): number {
    const { price, sum, slope } = this;
    const next = slope === 0 ? Number.NaN : price + (sum * (1 - sum * sum)) / (2 * slope);
    if (next <= 0 && low < 0) return 0;
    if (next > low && next < high) return next;
    return high === Number.POSITIVE_INFINITY ? 4 * price + 1 : (Math.max(low, 0) + high) / 2;
  }

  #fillCubic(links: Int32Array, count: number): void {
    const {
      airMs: airs,
      cubicScale,
      linkDevice,
      targetMs: targets,
      bandPriceMs,
      offsetMs,
      lambdaPerMs,
    } = this.#problem;
    const { price, share } = this;
    let sum = 0;
    let slope = 0;
    let heldMs = 0;
    for (let index = 0; index < count; index++) {
      const link = links[index] as number;
      const device = linkDevice[link] as number;
      const airMs = airs[link] as number;
      const target = targets[device] as number;
      const total = price + (bandPriceMs[link] as number);
      heldMs += offsetMs[device] as number;
      if (airMs === 0) {
        heldMs += lambdaPerMs * target * target;
        share[index] = 0;
        continue;
      }
      const root = total > 0 ? cubicRoot(target, total * (cubicScale[link] as number)) : Math.max(0, target);
      const one = airMs / root;
      share[index] = one;
      sum += one;
      // -a^2 / (2 lambda t^3 (3 t - 2 target)); an infinite share has no slope.
      if (root > 0) slope -= (one * one) / (2 * lambdaPerMs * root * (3 * root - 2 * target));
      heldMs += rootCostMs(lambdaPerMs, root, target);
    }
    this.sum = sum;
    this.slope = slope;
    this.#heldMs = heldMs;
  }

  #fillOther(links: Int32Array, count: number): void {
    this.sum = this.slope = this.#heldMs = 0;
    for (let index = 0; index < count; index++) {
      const link = links[index] as number;
      const one = bestShare(this.#problem, link, this.price);
      this.share[index] = one;
      this.sum += one;
      this.slope += shareSlope(this.#problem, link, one);
      this.#heldMs += bandCostMs(this.#problem, link, one) + this.price * one;
    }
  }
}

/**
 * An estimate of the price at which the shares would add up to `target`: one step from a known price.
 * @param slope of the sum at that price
 */
export function priceNear(price: number, sum: number, slope: number, target: number): number {
  if (slope === 0 || sum <= 0) return price;
  const ratio = sum / target;
  return Math.max(0, price + (sum * (1 - ratio * ratio)) / (2 * slope));
}
