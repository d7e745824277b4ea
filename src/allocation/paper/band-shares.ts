// The bandwidth of one server: the price at which its devices' best shares add up to the whole band, or 0 if some band is left. One
// monotone root; no computing, no other servers.

import type { Problem } from '../search/problem.ts';
import { bandCostMs, bestShare, cubicRoot, rootCostMs, shareSlope } from './band-root.ts';

/** A solver with its own buffers, reused for every server. */
export interface BandSolver {
  /** y of each link after {@link BandSolver.solve}; in the order of the links given. */
  readonly share: Float64Array;
  /** nu: the value of one more whole band, ms; 0 where some band is left. */
  readonly price: number;
  /** Derivative of the sum of shares by the price, per ms. */
  readonly slope: number;
  /** Sum of the shares; 1 where bandwidth is scarce. */
  readonly sum: number;
  /** Sum of phi at the optimum, ms: never above it; the error is the square of the error of the shares. */
  readonly costMs: number;
  /**
   * @param links one link for each device of the server
   * @param count number of links
   * @param startPrice where to start; an earlier price saves steps
   * @param tolerance allowed difference of the sum of shares from 1
   */
  solve(links: Int32Array, count: number, startPrice: number, tolerance: number): void;
}

const stepLimit = 100;

/** At one price: the sum of the best shares, its derivative, and the sum of phi + nu y. */
interface Filled {
  sum: number;
  slope: number;
  heldMs: number;
}

/** @param deviceCount the largest number of links in one call */
export function createBandSolver(problem: Problem, deviceCount: number): BandSolver {
  const share = new Float64Array(deviceCount);
  const filled: Filled = { sum: 0, slope: 0, heldMs: 0 };
  const fill = problem.bandForm === 'cubic' ? fillCubic : fillOther;
  let price = 0;
  return {
    share,
    get price() {
      return price;
    },
    get slope() {
      return filled.slope;
    },
    get sum() {
      return filled.sum;
    },
    get costMs() {
      return filled.heldMs - price;
    },
    solve(links, count, startPrice, tolerance) {
      // Below 0 until price 0 has been tried.
      let low = -1;
      let high = Number.POSITIVE_INFINITY;
      price = startPrice;
      for (let step = 0; ; step++) {
        fill(problem, links, count, price, share, filled);
        const { sum } = filled;
        if (Math.abs(sum - 1) <= tolerance || (price === 0 && sum <= 1) || step === stepLimit) return;
        if (sum > 1) low = price;
        else high = price;
        price = nextPrice(price, filled, low, high);
      }
    },
  };
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

/** Newton on sum^-2, which is nearly linear in the price where bandwidth is scarce; kept within the bracket. */
function nextPrice(price: number, { sum, slope }: Filled, low: number, high: number): number {
  const next = slope === 0 ? Number.NaN : price + (sum * (1 - sum * sum)) / (2 * slope);
  if (next <= 0 && low < 0) return 0;
  if (next > low && next < high) return next;
  return high === Number.POSITIVE_INFINITY ? 4 * price + 1 : (Math.max(low, 0) + high) / 2;
}

function fillCubic(
  problem: Problem,
  links: Int32Array,
  count: number,
  price: number,
  share: Float64Array,
  filled: Filled,
): void {
  const { airMs: airs, cubicScale, linkDevice, targetMs: targets, bandPriceMs, offsetMs, lambdaPerMs } = problem;
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
  filled.sum = sum;
  filled.slope = slope;
  filled.heldMs = heldMs;
}

function fillOther(
  problem: Problem,
  links: Int32Array,
  count: number,
  price: number,
  share: Float64Array,
  filled: Filled,
): void {
  filled.sum = filled.slope = filled.heldMs = 0;
  for (let index = 0; index < count; index++) {
    const link = links[index] as number;
    const one = bestShare(problem, link, price);
    share[index] = one;
    filled.sum += one;
    filled.slope += shareSlope(problem, link, one);
    filled.heldMs += bandCostMs(problem, link, one) + price * one;
  }
}
