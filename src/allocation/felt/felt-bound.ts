// A lower bound on the cost of any assignment under the objective `felt`, by Lagrangian duality. With a price u_i for serving device
// i, the servers are independent of each other:
//
// D(u) = sum_i u_i + sum_j min over sets S of [ sum_S (costMs_i(T(S)) - u_i) + band(S) + prompts(S) ]
//
// The least of a server is bounded in two more steps. The band: (sum sqrt C)^2 = max over beta of sum min_y (C t(y) + beta y) - beta.
// The prompts: (sum sqrt(g v))^2 is at least 2 sqrt(gamma) sum sqrt(g v) - gamma, whatever gamma is; several are tried for each number
// n of devices, and the best one counts. The step time: T(S) is where sum_S rho_i(T) = R(T) =
// (T - a) / b. For sets of n devices with T between two nodes of the grid this equation gets a price mu. For a given S all terms are
// linear in T there, and a minimum of linear functions is concave; so the least over T and S is at one of the two nodes, and at a node
// the best S are the n devices with the least
//
// q_i = costMs_i(T) - u_i + min_y (C_i t(y) + beta y) + 2 sqrt(gamma g_i v_i) + mu rho_i(T)
//
// Numbers n that cannot have a step time in the interval are left out. So D is below the optimum at any u, beta, gamma and mu. An ascent by
// subgradients in u makes it sharp, from the prices of a greedy assignment on; beta, gamma and mu follow the least sets.

import { insertGreedily } from '../search/greedy.ts';
import { createOptimalRule } from '../search/optimal-rule.ts';
import type { Partition } from '../search/partition.ts';
import { boundFeltAlone } from '../search/pool-bound.ts';
import { type Problem, ProblemWork } from '../search/problem.ts';
import { type SearchState, totalCostMs } from '../search/search-state.ts';
import { bestFeltShare, feltBandMs } from './felt-band.ts';
import { allNodes, type FeltProblem } from './felt-problem.ts';
import type { StepClass } from './pace-model.ts';

/** Polyak's step towards the greedy cost; it shrinks while the bound does not rise. */
const firstStep = 1;
const shrinkage = 0.7;
const patience = 8;
/** The ascent ends when the bound is nearer than this to a known cost, relative. */
const goodEnough = 2e-4;
/** Prices tried to rule an interval out. */
const floorTrials = 8;
/** Prices of prompts that are tried for each set, relative to the usual one; below `noPrice` there are none. */
const rootRatios = [0.6, 0.8, 1.25, 1.6];
const noPrice = 2e-3;
const firstFollowing = 0.3;
const lessFollowing = 0.99;

export interface FeltBound {
  /** ms, constants left out. */
  readonly boundMs: number;
  /** The server of each device that took it at the last prices, otherwise the one of the greedy assignment; -1 for none; [M]. */
  readonly preferredServer: Int32Array;
}

/**
 * @param rounds each visits every link at some nodes
 * @param costMs the cost of an assignment, constants left out: a bound just below it is good enough
 */
export function boundFelt(problem: Problem, rounds: number, costMs: number = Number.POSITIVE_INFINITY): FeltBound {
  const greedy = insertGreedily(problem, createOptimalRule);
  const ascent = new FeltAscent(problem, greedy);
  const targetMs = Math.min(costMs, totalCostMs(greedy));
  let best = boundFeltAlone(problem);
  let step = firstStep;
  let stale = 0;
  for (let round = 0; round < rounds; round++) {
    const value = ascent.evaluate();
    stale = value > best ? 0 : stale + 1;
    best = Math.max(best, value);
    if (targetMs - best <= goodEnough * targetMs) break;
    if (stale >= patience) {
      step *= shrinkage;
      stale = 0;
    }
    ascent.move(step * (targetMs - value));
  }
  return { boundMs: best, preferredServer: ascent.preferredServer };
}

/** The least set of one server at the prices of a round. */
interface LeastSet {
  valueMs: number;
  /** The interval of the grid, and which of its nodes. */
  interval: number;
  node: number;
  count: number;
  /** sqrt(gamma). */
  rootPrice: number;
}

/** For each interval of a server's grid. */
interface Intervals {
  /** The numbers of devices whose step time can be there. */
  readonly fewest: Int32Array;
  readonly most: Int32Array;
  /** Means over the server's links: how much cost and rows of a device grow from node to node. */
  readonly costGrowth: Float64Array;
  readonly rowGrowth: Float64Array;
}

class FeltAscent extends ProblemWork {
  readonly preferredServer: Int32Array;
  readonly #felt = this.problem.felt as FeltProblem;
  readonly #grids = allNodes(this.problem, this.#felt);
  /** u; [M]. */
  readonly #servedMs = new Float64Array(this.problem.deviceCount);
  /** beta; [E]. */
  readonly #bandPrice = new Float64Array(this.problem.serverCount);
  /** gamma; [E]. */
  readonly #promptPrice = new Float64Array(this.problem.serverCount);
  /** mu over its estimate for devices of the mean kind; [E]. */
  readonly #rowScale = new Float64Array(this.problem.serverCount).fill(1);
  readonly #intervals: readonly Intervals[];
  /** The number of devices for which beta and gamma are: of the last least set; [E]. */
  readonly #usualCount = new Float64Array(this.problem.serverCount);
  /** min over y of C t(y) + beta y, and that y; [L]. */
  readonly #pricedBand = new Float64Array(this.problem.linkDevice.length);
  readonly #share = new Float64Array(this.problem.linkDevice.length);
  /** How often each device is in a least set; [M]. */
  readonly #served = new Float64Array(this.problem.deviceCount);
  readonly #sorted = new Float64Array(this.problem.deviceCount);
  /** Prices of a row that ruled an interval out, by interval * E + server. */
  readonly #floorPrices = new Map<number, number>();
  readonly #before: (LeastSet | undefined)[] = [];
  /** How far the prices of band and rows follow the sets of a round; it falls. */
  #following = firstFollowing;

  constructor(problem: Problem, { partition, rule }: SearchState) {
    super(problem);
    const { serverCount } = problem;
    this.preferredServer = partition.toServers();
    for (const [device, link] of partition.linkOf.entries()) {
      if (link < 0) continue;
      const server = problem.linkServer[link] as number;
      this.#servedMs[device] = (rule.costMs[server] as number) - rule.probe(server, -1, link);
    }
    this.#intervals = Array.from({ length: serverCount }, (_, server) => this.#intervalsOf(server));
    for (let server = 0; server < serverCount; server++) {
      const { bandRoot, promptRoot } = this.#felt;
      this.#bandPrice[server] = squareOfSum(problem, partition, server, bandRoot);
      this.#promptPrice[server] = squareOfSum(problem, partition, server, promptRoot);
      this.#usualCount[server] = Math.max(1, partition.memberCount[server] as number);
    }
  }

  /** D at the present prices. */
  evaluate(): number {
    const { serverCount, deviceCount, linkStart } = this.problem;
    let sumMs = 0;
    for (let device = 0; device < deviceCount; device++) {
      if (linkStart[device] !== linkStart[device + 1]) sumMs += this.#servedMs[device] as number;
    }
    this.#served.fill(0);
    this.#following *= lessFollowing;
    for (let server = 0; server < serverCount; server++) sumMs += this.#askServer(server);
    return sumMs;
  }

  /** @param towardsMs how far D should rise */
  move(towardsMs: number): void {
    const { deviceCount, linkStart } = this.problem;
    let norm = 0;
    const slope = (device: number): number =>
      linkStart[device] === linkStart[device + 1] ? 0 : 1 - (this.#served[device] as number);
    for (let device = 0; device < deviceCount; device++) norm += slope(device) ** 2;
    if (norm === 0) return;
    for (let device = 0; device < deviceCount; device++) {
      this.#servedMs[device] = (this.#servedMs[device] as number) + (towardsMs * slope(device)) / norm;
    }
  }

  /** @returns the least of a server over sets; 0 is the empty one. Its prices then follow that set */
  #askServer(server: number): number {
    const price = this.#bandPrice[server] as number;
    for (const link of this.problem.linksOfServer[server] as Int32Array) {
      const share = bestFeltShare(this.problem, link, price);
      this.#share[link] = share;
      this.#pricedBand[link] = feltBandMs(this.problem, link, share) + price * share;
    }
    const least: LeastSet = { valueMs: 0, interval: 0, node: 0, count: 0, rootPrice: 0 };
    // What was least before comes first: it rules most others out.
    const before = this.#before[server];
    if (before !== undefined) this.#ask(server, before.interval, before.node, before.count, least);
    const { fewest, most } = this.#intervals[server] as Intervals;
    for (let interval = 0; interval < fewest.length; interval++) {
      if (this.#exceeds(server, interval, least.valueMs)) continue;
      for (let count = fewest[interval] as number; count <= (most[interval] as number); count++) {
        this.#ask(server, interval, interval, count, least);
        this.#ask(server, interval, interval + 1, count, least);
      }
    }
    if (least.count > 0) this.#take(server, least);
    this.#before[server] = least.count > 0 ? least : undefined;
    return least.valueMs;
  }

  /**
   * Whether no set with a step time in an interval costs less than `costMs`, whatever its number of devices: any price of a row gives
   * such a floor, and the floor is concave in the price, so a few halvings find a good one.
   */
  #exceeds(server: number, interval: number, costMs: number): boolean {
    const key = interval * this.problem.serverCount + server;
    let low = 0;
    let high = Number.POSITIVE_INFINITY;
    let rowPrice = this.#floorPrices.get(key) ?? this.#firstFloorPrice(server, interval);
    for (let trial = 0; trial < floorTrials; trial++) {
      const here = this.#floorAt(server, interval, rowPrice);
      const there = this.#floorAt(server, interval + 1, rowPrice);
      const least = here.valueMs < there.valueMs ? here : there;
      if (least.valueMs >= costMs) {
        this.#floorPrices.set(key, rowPrice);
        return true;
      }
      if (least.excessRows > 0) low = rowPrice;
      else high = rowPrice;
      rowPrice = high === Number.POSITIVE_INFINITY ? 2 * rowPrice : (low + high) / 2;
    }
    return false;
  }

  #firstFloorPrice(server: number, interval: number): number {
    const { fewest, most } = this.#intervals[server] as Intervals;
    const middle = ((fewest[interval] as number) + (most[interval] as number)) / 2;
    return Math.max(1e-6, this.#rowPriceOf(server, interval, middle));
  }

  /** The least of sum q - mu R over sets of any number at a node, and how many rows more than R that set has. */
  #floorAt(server: number, node: number, rowPrice: number): { readonly valueMs: number; readonly excessRows: number } {
    const { gridStart, rows } = this.#grids;
    const room = this.#rowsOf(server, node);
    const rootPrice = Math.sqrt(this.#promptPrice[server] as number);
    let valueMs = -(this.#bandPrice[server] as number) - rootPrice * rootPrice - rowPrice * room;
    let excessRows = -room;
    for (const link of this.problem.linksOfServer[server] as Int32Array) {
      const costMs = this.#costAt(link, node, rowPrice, rootPrice);
      if (costMs >= 0) continue;
      valueMs += costMs;
      excessRows += rows[(gridStart[link] as number) + node] as number;
    }
    return { valueMs, excessRows };
  }

  /** Tries the best set of `count` devices at a node. Each price of prompts gives a bound on its cost; the largest counts. */
  #ask(server: number, interval: number, node: number, count: number, least: LeastSet): void {
    const usual = Math.sqrt(this.#promptPrice[server] as number);
    const scale = count / (this.#usualCount[server] as number);
    let rootPrice = usual;
    let valueMs = Number.NEGATIVE_INFINITY;
    for (const ratio of usual > noPrice ? [1, scale, ...rootRatios] : [1]) {
      const other = this.#leastOf(server, interval, node, count, ratio * usual);
      if (other >= least.valueMs) return;
      if (other > valueMs) [valueMs, rootPrice] = [other, ratio * usual];
    }
    Object.assign(least, { valueMs, interval, node, count, rootPrice });
  }

  /** The least cost of sets of `count` devices at a node, at a price of prompts. @param rootPrice sqrt(gamma) */
  #leastOf(server: number, interval: number, node: number, count: number, rootPrice: number): number {
    const rowPrice = this.#rowPriceOf(server, interval, count);
    const size = this.#costsAt(server, node, rowPrice, rootPrice);
    this.#sorted.subarray(0, size).sort();
    let sum = -(this.#bandPrice[server] as number) - rootPrice * rootPrice - rowPrice * this.#rowsOf(server, node);
    for (let index = 0; index < count; index++) sum += this.#sorted[index] as number;
    return sum;
  }

  /** Counts the devices of a server's least set, and moves its prices towards those of that set. */
  #take(server: number, { interval, node, count, rootPrice }: LeastSet): void {
    const { gridStart, rows } = this.#grids;
    const rowPrice = this.#rowPriceOf(server, interval, count);
    const size = this.#costsAt(server, node, rowPrice, rootPrice);
    this.#sorted.subarray(0, size).sort();
    const border = this.#sorted[count - 1] as number;
    let left = count;
    let shares = 0;
    let rowSum = 0;
    let promptSum = 0;
    for (const link of this.problem.linksOfServer[server] as Int32Array) {
      if (left === 0) break;
      if (this.#costAt(link, node, rowPrice, rootPrice) > border) continue;
      left--;
      const device = this.problem.linkDevice[link] as number;
      this.#served[device] = (this.#served[device] as number) + 1;
      this.preferredServer[device] = server;
      shares += this.#share[link] as number;
      promptSum += this.#felt.promptRoot[link] as number;
      rowSum += rows[(gridStart[link] as number) + node] as number;
    }
    this.#bandPrice[server] = (this.#bandPrice[server] as number) * clamp(shares) ** this.#following;
    const promptPrice = rootPrice * rootPrice;
    this.#promptPrice[server] = Math.max(1e-6, promptPrice * clamp(promptSum / rootPrice) ** this.#following);
    this.#usualCount[server] = count;
    const excess = rowSum / this.#rowsOf(server, node);
    this.#rowScale[server] = (this.#rowScale[server] as number) * clamp(excess) ** this.#following;
  }

  /** Writes q of each link of a server at a node. @returns their number */
  #costsAt(server: number, node: number, rowPrice: number, rootPrice: number): number {
    const links = this.problem.linksOfServer[server] as Int32Array;
    for (const [index, link] of links.entries()) this.#sorted[index] = this.#costAt(link, node, rowPrice, rootPrice);
    return links.length;
  }

  #costAt(link: number, node: number, rowPrice: number, rootPrice: number): number {
    const { gridStart, rows, costMs } = this.#grids;
    const at = (gridStart[link] as number) + node;
    const device = this.problem.linkDevice[link] as number;
    const servedMs = this.#servedMs[device] as number;
    const aloneMs = (costMs[at] as number) + (this.#pricedBand[link] as number) - servedMs;
    return aloneMs + 2 * rootPrice * (this.#felt.promptRoot[link] as number) + rowPrice * (rows[at] as number);
  }

  #stepOf(server: number): StepClass {
    return this.#felt.model.stepClass[server] as StepClass;
  }

  /** R: the rows with which a step takes as long as at a node. */
  #rowsOf(server: number, node: number): number {
    const { stepMs, fixedMs, rowMs } = this.#stepOf(server);
    return ((stepMs[node] as number) - fixedMs) / rowMs;
  }

  /** mu: what one more row costs `count` devices whose step time is in an interval. */
  #rowPriceOf(server: number, interval: number, count: number): number {
    const { costGrowth, rowGrowth } = this.#intervals[server] as Intervals;
    const room = this.#rowsOf(server, interval + 1) - this.#rowsOf(server, interval);
    const free = Math.max(0.1 * room, room - count * (rowGrowth[interval] as number));
    return ((this.#rowScale[server] as number) * count * (costGrowth[interval] as number)) / free;
  }

  #intervalsOf(server: number): Intervals {
    const { gridStart, rows, costMs } = this.#grids;
    const links = this.problem.linksOfServer[server] as Int32Array;
    const length = this.#stepOf(server).stepMs.length - 1;
    const fewest = new Int32Array(length);
    const most = new Int32Array(length);
    const costGrowth = new Float64Array(length);
    const rowGrowth = new Float64Array(length);
    const some = new Float64Array(links.length);
    const sorted = (pick: (one: number, other: number) => number, node: number): Float64Array => {
      for (const [index, link] of links.entries()) {
        const at = (gridStart[link] as number) + node;
        some[index] = pick(rows[at] as number, rows[at + 1] as number);
      }
      return some.sort();
    };
    const growth = (values: Float64Array, node: number): number =>
      links.reduce((sum, link) => {
        const at = (gridStart[link] as number) + node;
        return sum + ((values[at + 1] as number) - (values[at] as number)) / links.length;
      }, 0);
    for (let node = 0; node < length; node++) {
      // Rounding must not leave out a number: a little room at both ends.
      most[node] = countWithin(sorted(Math.min, node), this.#rowsOf(server, node + 1) * (1 + 1e-9) + 1e-9);
      fewest[node] = countToReach(sorted(Math.max, node), this.#rowsOf(server, node) * (1 - 1e-9) - 1e-9);
      costGrowth[node] = growth(costMs, node);
      rowGrowth[node] = growth(rows, node);
    }
    return { fewest, most, costGrowth, rowGrowth };
  }
}

/** Prices change by at most a factor of two to the power `following` in a round. */
function clamp(excess: number): number {
  return Math.max(0.5, Math.min(2, excess));
}

/** The square of a sum over a server's devices. */
function squareOfSum(problem: Problem, partition: Partition, server: number, roots: Float64Array): number {
  const links = new Int32Array(problem.deviceCount);
  const count = partition.gather(server, -1, -1, links);
  let root = 0;
  for (const link of links.subarray(0, count)) root += roots[link] as number;
  return Math.max(1e-6, root * root);
}

/** How many of the smallest add up to at most `limit`. @param values ascending */
function countWithin(values: Float64Array, limit: number): number {
  let sum = 0;
  for (const [index, value] of values.entries()) {
    sum += value;
    if (sum > limit) return index;
  }
  return values.length;
}

/** How many of the largest are needed to add up to `limit`; at least 1. @param values ascending */
function countToReach(values: Float64Array, limit: number): number {
  let sum = 0;
  for (let index = values.length - 1; index >= 0; index--) {
    sum += values[index] as number;
    if (sum >= limit) return values.length - index;
  }
  return values.length + 1;
}
