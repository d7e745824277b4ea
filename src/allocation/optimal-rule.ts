// Servers that share optimally. A server's price nu screens changes without solving anything: by weak duality, for any price,
//
//   Phi(I + i - k) >= L(I, nu) + min_y (phi_i(y) + nu y) - min_y (phi_k(y) + nu y),     L(I, nu) = sum_I min_y (phi(y) + nu y) - nu,
//
// so what the right-hand side says is never more than the exact cost, and a change whose floor does not pay can't pay. L(I, nu) is
// Phi(I) at the server's own price and a little less at one near it: that difference is the slack, and prices are brought up to date
// only when it has grown. Computing costs (sum s)^2 / F, whose change is exact in O(1).

import { bandCostMs, leastCostMs } from './band-root.ts';
import { type BandSolver, createBandSolver } from './band-shares.ts';
import type { Partition } from './partition.ts';
import type { Problem } from './problem.ts';
import type { SharingRule, SharingRuleMaker } from './sharing-rule.ts';

/** How far a server's shares may be from adding up to 1 while searching; costs are off by its square. */
const tolerance = 1e-5;
/** Share of its cost that a server's slack may reach. */
const mostSlack = 1e-4;

export const createOptimalRule: SharingRuleMaker = (problem, partition): SharingRule => {
  const rule = new OptimalRule(problem, partition);
  for (let server = 0; server < problem.serverCount; server++) rule.settle(server);
  return rule;
};

class OptimalRule implements SharingRule {
  readonly costMs: Float64Array;
  readonly addedMs: Float64Array;
  readonly heldMs: Float64Array;
  readonly slackMs: Float64Array;
  readonly workSum: Float64Array;
  readonly workSpeed: Float64Array;
  readonly screensMoves = true;
  readonly #problem: Problem;
  readonly #partition: Partition;
  readonly #solver: BandSolver;
  /** The links of the devices in question. */
  readonly #links: Int32Array;
  readonly #price: Float64Array;
  /** The price that addedMs and heldMs stand for; -1 before the first. */
  readonly #screenPrice: Float64Array;
  /** Phi. */
  readonly #bandMs: Float64Array;

  constructor(problem: Problem, partition: Partition) {
    const { deviceCount, serverCount } = problem;
    this.#problem = problem;
    this.#partition = partition;
    this.#solver = createBandSolver(problem, deviceCount);
    this.#links = new Int32Array(deviceCount);
    this.#price = new Float64Array(serverCount);
    this.#screenPrice = new Float64Array(serverCount).fill(-1);
    this.#bandMs = new Float64Array(serverCount);
    this.costMs = new Float64Array(serverCount);
    this.addedMs = new Float64Array(problem.linkDevice.length);
    this.heldMs = new Float64Array(deviceCount);
    this.slackMs = new Float64Array(serverCount);
    this.workSum = new Float64Array(serverCount);
    this.workSpeed = problem.serverSpeed;
  }

  settle(server: number): void {
    const count = this.#partition.gather(server, -1, -1, this.#links);
    this.workSum[server] = this.#rootSum(count);
    this.costMs[server] = this.#costOf(server, count);
    this.#price[server] = this.#solver.price;
    this.#bandMs[server] = this.#solver.costMs;
  }

  probe(server: number, linkIn: number, linkOut: number): number {
    return this.#costOf(server, this.#partition.gather(server, linkIn, linkOut, this.#links));
  }

  insertionFloor(link: number): number {
    const { linkServer, linkDevice, workRoot, fixedMs } = this.#problem;
    const server = linkServer[link] as number;
    const root = workRoot[linkDevice[link] as number] as number;
    const workMs = (root * (2 * (this.workSum[server] as number) + root)) / (this.workSpeed[server] as number);
    return (fixedMs[link] as number) + leastCostMs(this.#problem, link, this.#price[server] as number) + workMs;
  }

  screen(server: number): void {
    const count = this.#partition.gather(server, -1, -1, this.#links);
    const isFirst = (this.#screenPrice[server] as number) < 0;
    let slack = isFirst ? Number.NEGATIVE_INFINITY : this.#hold(server, count);
    if (slack < -mostSlack * (this.costMs[server] as number)) {
      this.#reprice(server);
      slack = this.#hold(server, count);
    }
    this.slackMs[server] = slack;
  }

  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number {
    const { linkDevice, fixedMs, workRoot } = this.#problem;
    const count = this.#partition.gather(server, linkIn, linkOut, this.#links);
    const workPrice = this.#rootSum(count) / (this.workSpeed[server] as number);
    this.#costOf(server, count);
    for (let index = 0; index < count; index++) {
      const link = this.#links[index] as number;
      const root = workRoot[linkDevice[link] as number] as number;
      const bandMs = bandCostMs(this.#problem, link, this.#solver.share[index] as number);
      out[index] = (fixedMs[link] as number) + root * workPrice + bandMs;
    }
    return count;
  }

  #rootSum(count: number): number {
    let root = 0;
    for (let index = 0; index < count; index++) {
      root += this.#problem.workRoot[this.#problem.linkDevice[this.#links[index] as number] as number] as number;
    }
    return root;
  }

  #costOf(server: number, count: number): number {
    const root = this.#rootSum(count);
    let queueMs = 0;
    for (let index = 0; index < count; index++)
      queueMs += this.#problem.fixedMs[this.#links[index] as number] as number;
    this.#solver.solve(this.#links, count, this.#price[server] as number, tolerance);
    return queueMs + (root * root) / (this.workSpeed[server] as number) + this.#solver.costMs;
  }

  /** Writes what the server's devices hold at the screening price. @returns the slack */
  #hold(server: number, count: number): number {
    const { linkDevice, fixedMs } = this.#problem;
    const price = this.#screenPrice[server] as number;
    let heldMs = -price;
    for (let index = 0; index < count; index++) {
      const link = this.#links[index] as number;
      const leastMs = leastCostMs(this.#problem, link, price);
      this.heldMs[linkDevice[link] as number] = (fixedMs[link] as number) + leastMs;
      heldMs += leastMs;
    }
    return Math.min(0, heldMs - (this.#bandMs[server] as number));
  }

  #reprice(server: number): void {
    const { serverStart, linkOfServer, fixedMs } = this.#problem;
    const price = this.#price[server] as number;
    this.#screenPrice[server] = price;
    const end = serverStart[server + 1] as number;
    for (let at = serverStart[server] as number; at < end; at++) {
      const link = linkOfServer[at] as number;
      this.addedMs[link] = (fixedMs[link] as number) + leastCostMs(this.#problem, link, price);
    }
  }
}
