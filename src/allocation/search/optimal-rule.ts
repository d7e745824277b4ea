// Servers that share optimally. Prices screen changes without solving anything: by weak duality, for any price nu,
//
// Phi(I + i - k) >= L(I, nu) + min_y (phi_i(y) + nu y) - min_y (phi_k(y) + nu y),     L(I, nu) = sum_I min_y (phi(y) + nu y) - nu,
//
// so the right-hand side is never more than the exact cost, and a change is useless if its floor is. The floor is sharper the
// nearer nu is to the price after the change. So each server has three prices: its own, for exchanges; a higher one, an estimate
// with one device more; a lower one, with one less. They are updated when they are off by more than a little. Computing costs (sum
// s)^2 / F; its change is exact in O(1).

import { shareBandBest } from '../felt/felt-band.ts';
import { createFeltRule } from '../felt/felt-rule.ts';
import { bandCostMs, bestShare, freeCostMs, leastCostMs, shareSlope } from '../paper/band-root.ts';
import { BandSolver, priceNear } from '../paper/band-shares.ts';
import { SharingRule, type SharingRuleMaker, settled } from './sharing-rule.ts';

/** Allowed error of the sum of a server's shares in a search; the error of a cost is its square. */
const tolerance = 1e-5;
/** Allowed relative error of a price before its numbers are recomputed; floors lose a part of its square. */
const mostDrift = 0.015;

export const createOptimalRule: SharingRuleMaker = (problem, partition) =>
  problem.felt === undefined
    ? settled(new OptimalRule(problem, partition))
    : createFeltRule(problem, partition, shareBandBest);

class OptimalRule extends SharingRule {
  override readonly screensMoves = true;
  override readonly workSpeed = this.problem.serverSpeed;
  readonly #solver = new BandSolver(this.problem, this.problem.deviceCount);
  readonly #price = new Float64Array(this.problem.serverCount);
  /** The price for which addedMs and heldMs hold; -1 before the first. */
  readonly #screenPrice = new Float64Array(this.problem.serverCount).fill(-1);
  /** An estimate of the price with one device more, and a count of its changes; [E]. */
  readonly #joinPrice = new Float64Array(this.problem.serverCount).fill(-1);
  readonly #joinVersion = new Int32Array(this.problem.serverCount);
  /** The cost that a link's device adds at that price, and the version for which it was computed; only requested ones are computed; [L]. */
  readonly #joinMs = new Float64Array(this.problem.linkDevice.length);
  readonly #joinAt = new Int32Array(this.problem.linkDevice.length).fill(-1);
  readonly #joinSlackMs = new Float64Array(this.problem.serverCount);
  /** Slope of the sum of shares, and that sum. */
  readonly #slope = new Float64Array(this.problem.serverCount);
  readonly #shareSum = new Float64Array(this.problem.serverCount);
  /** Buffer for the links of one device. */
  readonly #floors = new Float64Array(this.problem.serverCount);
  /** Phi. */
  readonly #bandMs = new Float64Array(this.problem.serverCount);

  override settle(server: number): void {
    const count = this.partition.gather(server, -1, -1, this.links);
    this.workSum[server] = this.#rootSum(count);
    this.costMs[server] = this.#costOf(server, count);
    this.#price[server] = this.#solver.price;
    this.#slope[server] = this.#solver.slope;
    this.#shareSum[server] = this.#solver.sum;
    this.#bandMs[server] = this.#solver.costMs;
  }

  override probe(server: number, linkIn: number, linkOut: number): number {
    return this.#costOf(server, this.partition.gather(server, linkIn, linkOut, this.links));
  }

  override joinRoughly(device: number): number {
    const link = this.#cheapestLink(device);
    if (link < 0) return -1;
    const server = this.problem.linkServer[link] as number;
    const price = this.#price[server] as number;
    const share = bestShare(this.problem, link, price);
    this.workSum[server] = (this.workSum[server] as number) + (this.problem.workRoot[device] as number);
    if (share === Number.POSITIVE_INFINITY) return link;
    const sum = (this.#shareSum[server] as number) + share;
    const slope = (this.#slope[server] as number) + shareSlope(this.problem, link, share);
    const isLeftOver = price === 0 && sum <= 1;
    const next = isLeftOver ? 0 : priceNear(price, sum, slope, 1);
    // sum^-2 is nearly linear in the price: so the sum is 1 at the new price, unless that is 0.
    const sumThere = isLeftOver ? sum : next > 0 ? 1 : Math.min(1, sum - slope * price);
    this.#price[server] = next;
    this.#shareSum[server] = sumThere;
    this.#slope[server] = slope * (sumThere / sum) ** 3;
    return link;
  }

  /**
   * By floors. All links of a device have one target, so the bandwidth cost of each grows with the price of upload time. One root,
   * for the cheapest link, gives a floor for all, and most links need no root of their own.
   */
  #cheapestLink(device: number): number {
    const { linkStart, linkServer, fixedMs, bandForm } = this.problem;
    const start = linkStart[device] as number;
    const end = linkStart[device + 1] as number;
    const root = this.problem.workRoot[device] as number;
    let least = Number.POSITIVE_INFINITY;
    for (let link = start; link < end; link++) {
      const server = linkServer[link] as number;
      const workMs = (root * (2 * (this.workSum[server] as number) + root)) / (this.workSpeed[server] as number);
      this.#floors[link - start] = (fixedMs[link] as number) + workMs;
      least = Math.min(least, this.#pricedAir(link, this.#price[server] as number));
    }
    const bandFloor = bandForm !== 'cubic' || start === end ? -Infinity : freeCostMs(this.problem, device, least);
    let best = -1;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let link = start; link < end; link++) {
      const otherMs = this.#floors[link - start] as number;
      if (otherMs + bandFloor >= bestMs) continue;
      const floorMs = otherMs + leastCostMs(this.problem, link, this.#price[linkServer[link] as number] as number);
      if (floorMs >= bestMs && best >= 0) continue;
      best = link;
      bestMs = floorMs;
    }
    return best;
  }

  #pricedAir(link: number, price: number): number {
    return (price + (this.problem.bandPriceMs[link] as number)) * (this.problem.cubicScale[link] as number);
  }

  override insertionFloor(link: number): number {
    const { linkServer, linkDevice, workRoot, fixedMs } = this.problem;
    const server = linkServer[link] as number;
    const root = workRoot[linkDevice[link] as number] as number;
    const workMs = (root * (2 * (this.workSum[server] as number) + root)) / (this.workSpeed[server] as number);
    return (fixedMs[link] as number) + leastCostMs(this.problem, link, this.#price[server] as number) + workMs;
  }

  override screen(server: number, moves: { readonly canMove: boolean; readonly canSwap: boolean }): void {
    const count = this.partition.gather(server, -1, -1, this.links);
    if (moves.canSwap) {
      this.#reprice(server);
      this.slackMs[server] = this.#lagrangian(server, count, this.#screenPrice[server] as number, this.heldMs);
    }
    if (!moves.canMove) return;
    const joinPrice = this.#priceAt(server, count / (count + 1));
    if (isOff(this.#joinPrice[server] as number, joinPrice)) {
      this.#joinPrice[server] = joinPrice;
      this.#joinVersion[server] = (this.#joinVersion[server] as number) + 1;
    }
    this.#joinSlackMs[server] = this.#lagrangian(server, count, this.#joinPrice[server] as number, undefined);
    const leavePrice = count < 2 ? 0 : this.#priceAt(server, count / (count - 1));
    this.leaveSlackMs[server] = this.#lagrangian(server, count, leavePrice, this.leaveMs);
  }

  override joinFloor(link: number, enoughMs = Number.POSITIVE_INFINITY): number {
    const { linkServer, linkDevice, fixedMs, offsetMs } = this.problem;
    const server = linkServer[link] as number;
    // Bandwidth costs at least as much as arriving in time: often this floor is sufficient.
    const inTimeMs = (fixedMs[link] as number) + (offsetMs[linkDevice[link] as number] as number);
    const leastMs = inTimeMs + (this.#joinSlackMs[server] as number);
    if (leastMs >= enoughMs) return leastMs;
    if (this.#joinAt[link] !== this.#joinVersion[server]) {
      const leastMs = leastCostMs(this.problem, link, this.#joinPrice[server] as number);
      this.#joinMs[link] = (this.problem.fixedMs[link] as number) + leastMs;
      this.#joinAt[link] = this.#joinVersion[server] as number;
    }
    return (this.#joinMs[link] as number) + (this.#joinSlackMs[server] as number);
  }

  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number {
    const { linkDevice, fixedMs, workRoot } = this.problem;
    const count = this.partition.gather(server, linkIn, linkOut, this.links);
    const workPrice = this.#rootSum(count) / (this.workSpeed[server] as number);
    this.#costOf(server, count);
    for (let index = 0; index < count; index++) {
      const link = this.links[index] as number;
      const root = workRoot[linkDevice[link] as number] as number;
      const bandMs = bandCostMs(this.problem, link, this.#solver.share[index] as number);
      out[index] = (fixedMs[link] as number) + root * workPrice + bandMs;
    }
    return count;
  }

  #rootSum(count: number): number {
    let root = 0;
    for (let index = 0; index < count; index++) {
      root += this.problem.workRoot[this.problem.linkDevice[this.links[index] as number] as number] as number;
    }
    return root;
  }

  #costOf(server: number, count: number): number {
    const root = this.#rootSum(count);
    let queueMs = 0;
    for (let index = 0; index < count; index++) queueMs += this.problem.fixedMs[this.links[index] as number] as number;
    this.#solver.solve(this.links, count, this.#price[server] as number, tolerance);
    return queueMs + (root * root) / (this.workSpeed[server] as number) + this.#solver.costMs;
  }

  /** An estimate of the server's price if its devices had only this much of the band. */
  #priceAt(server: number, band: number): number {
    return priceNear(
      this.#price[server] as number,
      this.#shareSum[server] as number,
      this.#slope[server] as number,
      band,
    );
  }

  /** @param held where to write the cost of each device at this price @returns L at this price - Phi, at most 0 */
  #lagrangian(server: number, count: number, price: number, held: Float64Array | undefined): number {
    const { linkDevice, fixedMs } = this.problem;
    let sumMs = -price;
    for (let index = 0; index < count; index++) {
      const link = this.links[index] as number;
      const leastMs = leastCostMs(this.problem, link, price);
      if (held !== undefined) held[linkDevice[link] as number] = (fixedMs[link] as number) + leastMs;
      sumMs += leastMs;
    }
    return Math.min(0, sumMs - (this.#bandMs[server] as number));
  }

  /** Recomputes addedMs of a server's links if their price is off. */
  #reprice(server: number): void {
    const price = this.#price[server] as number;
    if (!isOff(this.#screenPrice[server] as number, price)) return;
    const { fixedMs } = this.problem;
    this.#screenPrice[server] = price;
    for (const link of this.problem.linksOfServer[server] as Int32Array) {
      this.addedMs[link] = (fixedMs[link] as number) + leastCostMs(this.problem, link, price);
    }
  }
}

/** @param kept the price of the present numbers, -1 for none */
function isOff(kept: number, price: number): boolean {
  return kept < 0 || Math.abs(kept - price) > mostDrift * price;
}
