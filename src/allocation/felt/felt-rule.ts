// Sharing rules under the objective `felt`, for any way of dividing the band. The server's rows and costs are kept as sums at the
// nodes of its grid, so a change is a few additions and one monotone root. Floors are first-order: the costs at the server's present
// step time, with the prices of a row and of the band. Costs are convex but for the bends of the grid, for which there is some slack;
// so a search may miss a change that saves less than that.

import type { Partition } from '../search/partition.ts';
import type { Problem } from '../search/problem.ts';
import { SharingRule, settled } from '../search/sharing-rule.ts';
import { type BandSharing, feltBandMs, shareBandBest } from './felt-band.ts';
import { type FeltProblem, promptRoot } from './felt-problem.ts';
import { type StepClass, settleStep } from './pace-model.ts';

/** @param problem with `felt` @param shareBand how a server divides its band */
export function createFeltRule(problem: Problem, partition: Partition, shareBand: BandSharing): SharingRule {
  return settled(new FeltRule(problem, partition, shareBand));
}

/** The cost of a server with the devices of these links and the best shares. */
export function feltServerMs(problem: Problem, server: number, links: Int32Array, count: number): number {
  const { model, gridStart, rows, costMs } = problem.felt as FeltProblem;
  const sumAt = (values: Float64Array, node: number): number => {
    let sum = 0;
    for (let index = 0; index < count; index++) {
      sum += values[(gridStart[links[index] as number] as number) + node] as number;
    }
    return sum;
  };
  const place = settleStep(model.stepClass[server] as StepClass, (node) => sumAt(rows, node));
  const node = Math.floor(place);
  const fraction = place - node;
  const share = new Float64Array(count);
  shareBandBest(problem, links, count, share);
  let sum = sumAt(costMs, node) * (1 - fraction) + (fraction === 0 ? 0 : sumAt(costMs, node + 1) * fraction);
  let root = 0;
  for (let index = 0; index < count; index++) {
    sum += feltBandMs(problem, links[index] as number, share[index] as number);
    root += promptRoot(problem.felt as FeltProblem, links[index] as number);
  }
  return sum + root * root;
}

/** Slack of a floor, as a share of its server's cost. */
const floorSlack = 1e-3;

class FeltRule extends SharingRule {
  override readonly screensMoves = true;
  readonly #felt = this.problem.felt as FeltProblem;
  readonly #shareBand: BandSharing;
  readonly #share = new Float64Array(this.problem.deviceCount);
  /** sum sqrt(g v) of the devices of `links`. */
  #promptSum = 0;
  /** Sums over a server's devices, at the nodes of its grid; [E]. */
  readonly #rows = this.#grids();
  readonly #costs = this.#grids();

  constructor(problem: Problem, partition: Partition, shareBand: BandSharing) {
    super(problem, partition);
    this.#shareBand = shareBand;
  }

  #grids(): Float64Array[] {
    return this.#felt.model.stepClass.map(({ stepMs }) => new Float64Array(stepMs.length));
  }

  override settle(server: number): void {
    const { gridStart, rows, costMs } = this.#felt;
    const rowSums = (this.#rows[server] as Float64Array).fill(0);
    const costSums = (this.#costs[server] as Float64Array).fill(0);
    const count = this.partition.gather(server, -1, -1, this.links);
    for (let index = 0; index < count; index++) {
      const start = gridStart[this.links[index] as number] as number;
      for (let node = 0; node < rowSums.length; node++) {
        rowSums[node] = (rowSums[node] as number) + (rows[start + node] as number);
        costSums[node] = (costSums[node] as number) + (costMs[start + node] as number);
      }
    }
    this.costMs[server] = this.probe(server, -1, -1);
  }

  override probe(server: number, linkIn: number, linkOut: number): number {
    const count = this.partition.gather(server, linkIn, linkOut, this.links);
    if (count === 0) return 0;
    const place = this.#placeOf(server, linkIn, linkOut);
    const node = Math.floor(place);
    const fraction = place - node;
    let sum = this.#costAt(server, linkIn, linkOut, node) * (1 - fraction);
    if (fraction > 0) sum += this.#costAt(server, linkIn, linkOut, node + 1) * fraction;
    this.#divide(count);
    for (let index = 0; index < count; index++) sum += this.#sharedMs(index);
    return sum;
  }

  override screen(server: number): void {
    const { first, next, linkOf } = this.partition;
    const place = this.#placeOf(server, -1, -1);
    const rowPrice = this.#rowPriceOf(server, Math.floor(place));
    let rootSum = 0;
    let promptSum = 0;
    for (let device = first[server] as number; device >= 0; device = next[device] as number) {
      rootSum += Math.sqrt(this.#felt.bandMs[linkOf[device] as number] as number);
      promptSum += promptRoot(this.#felt, linkOf[device] as number);
    }
    for (const link of this.problem.linksOfServer[server] as Int32Array) {
      const promptMs = 2 * promptSum * promptRoot(this.#felt, link);
      this.addedMs[link] = this.#firstOrderMs(link, place, rowPrice, rootSum) + promptMs;
    }
    this.slackMs[server] = this.leaveSlackMs[server] = -floorSlack * (this.costMs[server] as number);
    for (let device = first[server] as number; device >= 0; device = next[device] as number) {
      this.heldMs[device] = this.leaveMs[device] = this.addedMs[linkOf[device] as number] as number;
    }
  }

  override joinFloor(link: number): number {
    return (this.addedMs[link] as number) + (this.slackMs[this.problem.linkServer[link] as number] as number);
  }

  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number {
    const { gridStart, costMs } = this.#felt;
    // A device that stays may be named as both.
    const isSame = linkIn === linkOut;
    const place = this.#placeOf(server, isSame ? -1 : linkIn, isSame ? -1 : linkOut);
    const node = Math.floor(place);
    const fraction = place - node;
    const count = this.partition.gather(server, linkIn, linkOut, this.links);
    this.#divide(count);
    for (let index = 0; index < count; index++) {
      const link = this.links[index] as number;
      const start = (gridStart[link] as number) + node;
      const next = fraction === 0 ? start : start + 1;
      const computeMs = (costMs[start] as number) * (1 - fraction) + (costMs[next] as number) * fraction;
      out[index] = computeMs + this.#sharedMs(index);
    }
    return count;
  }

  /** Writes what the devices of `links` share. */
  #divide(count: number): void {
    this.#shareBand(this.problem, this.links, count, this.#share);
    this.#promptSum = 0;
    for (let index = 0; index < count; index++) this.#promptSum += promptRoot(this.#felt, this.links[index] as number);
  }

  /** What a device pays for what it shares: its uploads and its prompt. */
  #sharedMs(index: number): number {
    const link = this.links[index] as number;
    const promptMs = promptRoot(this.#felt, link) * this.#promptSum;
    return feltBandMs(this.problem, link, this.#share[index] as number) + promptMs;
  }

  /** The place on the grid at which the server's step time settles after a change. */
  #placeOf(server: number, linkIn: number, linkOut: number): number {
    const { rows, model } = this.#felt;
    const sums = this.#rows[server] as Float64Array;
    const step = model.stepClass[server] as StepClass;
    return settleStep(step, (node) => this.#sumAfter(sums, rows, linkIn, linkOut, node));
  }

  /** A server's sum of some values at a node, after a change. @param values of each link at its nodes */
  #sumAfter(sums: Float64Array, values: Float64Array, linkIn: number, linkOut: number, node: number): number {
    const { gridStart } = this.#felt;
    const more = linkIn < 0 ? 0 : (values[(gridStart[linkIn] as number) + node] as number);
    const less = linkOut < 0 ? 0 : (values[(gridStart[linkOut] as number) + node] as number);
    return (sums[node] as number) + more - less;
  }

  /** A device's cost on its server, and what its rows and its band cost the others, to first order. */
  #firstOrderMs(link: number, place: number, rowPrice: number, rootSum: number): number {
    const { gridStart, rows, costMs, bandMs } = this.#felt;
    const node = Math.floor(place);
    const fraction = place - node;
    const at = (gridStart[link] as number) + node;
    const one = (costMs[at] as number) + rowPrice * (rows[at] as number);
    const bandCostMs = 2 * rootSum * Math.sqrt(bandMs[link] as number);
    if (fraction === 0) return one + bandCostMs;
    const other = (costMs[at + 1] as number) + rowPrice * (rows[at + 1] as number);
    return one * (1 - fraction) + other * fraction + bandCostMs;
  }

  /** What one more row costs the devices of a server. */
  #rowPriceOf(server: number, node: number): number {
    const { stepMs, rowMs } = this.#felt.model.stepClass[server] as StepClass;
    const low = Math.min(node, stepMs.length - 2);
    const growth = (values: Float64Array): number => (values[low + 1] as number) - (values[low] as number);
    const room = growth(stepMs) / rowMs - growth(this.#rows[server] as Float64Array);
    return room > 0 ? Math.max(0, growth(this.#costs[server] as Float64Array) / room) : 0;
  }

  #costAt(server: number, linkIn: number, linkOut: number, node: number): number {
    return this.#sumAfter(this.#costs[server] as Float64Array, this.#felt.costMs, linkIn, linkOut, node);
  }
}
