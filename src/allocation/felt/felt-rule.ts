// Sharing rules under the objective `felt`, for any way of dividing the band. The server's rows and costs are sums at the nodes of its
// grid, made when a node is first asked for, so a change is a few additions and one monotone root. Floors are first-order: the costs at the server's present
// step time, with the prices of a row and of the band. Costs are convex but for the bends of the grid, for which there is some slack;
// so a search may miss a change that saves less than that.

import type { Partition } from '../search/partition.ts';
import type { Problem } from '../search/problem.ts';
import { SharingRule, settled } from '../search/sharing-rule.ts';
import { type BandSharing, feltBandMs, shareBandBest } from './felt-band.ts';
import type { FeltProblem } from './felt-problem.ts';
import { type StepClass, settleStep } from './pace-model.ts';

/** @param problem with `felt` @param shareBand how a server divides its band */
export function createFeltRule(problem: Problem, partition: Partition, shareBand: BandSharing): SharingRule {
  return settled(new FeltRule(problem, partition, shareBand));
}

type ReadLink = FeltProblem['rowsAt'];

/** The cost of a server with the devices of these links and the best shares. */
export function feltServerMs(problem: Problem, server: number, links: Int32Array, count: number): number {
  const felt = problem.felt as FeltProblem;
  const sumOf = (of: ReadLink, node: number): number => {
    let sum = 0;
    for (let index = 0; index < count; index++) sum += of(links[index] as number, node);
    return sum;
  };
  const { rowsAt, costAt, promptRoot } = felt;
  const step = felt.model.stepClass[server] as StepClass;
  const place = settleStep(step, (node) => sumOf(rowsAt, node), step.typicalPlace);
  const node = Math.floor(place);
  const fraction = place - node;
  const share = new Float64Array(count);
  shareBandBest(problem, links, count, share);
  let sum = sumOf(costAt, node) * (1 - fraction) + (fraction === 0 ? 0 : sumOf(costAt, node + 1) * fraction);
  let root = 0;
  for (let index = 0; index < count; index++) {
    sum += feltBandMs(problem, links[index] as number, share[index] as number);
    root += promptRoot[links[index] as number] as number;
  }
  return sum + root * root;
}

/** Nodes from the present one on whose sums are kept when a device is counted in. */
const nearNodes = 6;
/** Slack of a floor, as a share of its server's cost. */
const floorSlack = 1e-3;

class FeltRule extends SharingRule {
  override readonly screensMoves = true;
  readonly #felt = this.problem.felt as FeltProblem;
  readonly #shareBand: BandSharing;
  /** With the best shares and a fixed SNR the band costs (sum sqrt C)^2. */
  override readonly hasEstimates: boolean;
  readonly #share = new Float64Array(this.problem.deviceCount);
  /** sum sqrt(g v) of the devices of `links`. */
  #promptSum = 0;
  /** Sums over a server's devices, at the nodes of its grid; NaN: not asked for since its devices changed; [E]. */
  readonly #rows = this.#grids();
  readonly #costs = this.#grids();
  /** Sums of sqrt(C) and sqrt(g v) over a server's devices; [E]. */
  readonly #bandRoots = new Float64Array(this.problem.serverCount);
  readonly #promptRoots = new Float64Array(this.problem.serverCount);
  /** The node below the place at which the server settled last; [E]. */
  readonly #node = new Int32Array(this.problem.serverCount);

  constructor(problem: Problem, partition: Partition, shareBand: BandSharing) {
    super(problem, partition);
    this.#shareBand = shareBand;
    this.hasEstimates = shareBand === shareBandBest && problem.bandForm !== 'concentrated';
  }

  #grids(): Float64Array[] {
    return this.#felt.model.stepClass.map(({ stepMs }) => new Float64Array(stepMs.length));
  }

  override settle(server: number): void {
    const { bandRoot, promptRoot } = this.#felt;
    const { first, next, linkOf } = this.partition;
    (this.#rows[server] as Float64Array).fill(Number.NaN);
    (this.#costs[server] as Float64Array).fill(Number.NaN);
    let bandSum = 0;
    let promptSum = 0;
    for (let device = first[server] as number; device >= 0; device = next[device] as number) {
      bandSum += bandRoot[linkOf[device] as number] as number;
      promptSum += promptRoot[linkOf[device] as number] as number;
    }
    this.#bandRoots[server] = bandSum;
    this.#promptRoots[server] = promptSum;
    this.#node[server] = Math.floor(this.#placeOf(server, -1, -1));
    this.costMs[server] = this.probe(server, -1, -1);
  }

  override probe(server: number, linkIn: number, linkOut: number): number {
    const count = this.partition.gather(server, linkIn, linkOut, this.links);
    if (count === 0) return 0;
    let sum = this.#computeMs(server, linkIn, linkOut);
    this.#divide(count);
    for (let index = 0; index < count; index++) sum += this.#sharedMs(index);
    return sum;
  }

  override estimate(server: number, linkIn: number, linkOut: number): number {
    if (!this.hasEstimates) return Number.NaN;
    const count = (this.partition.memberCount[server] as number) + (linkIn < 0 ? 0 : 1) - (linkOut < 0 ? 0 : 1);
    if (count === 0) return 0;
    const { bandRoot, promptRoot } = this.#felt;
    const band = after(bandRoot, this.#bandRoots[server] as number, linkIn, linkOut);
    const prompt = after(promptRoot, this.#promptRoots[server] as number, linkIn, linkOut);
    return this.#computeMs(server, linkIn, linkOut) + band * band + prompt * prompt;
  }

  override countIn(link: number): void {
    const { bandRoot, promptRoot, rowsAt, costAt } = this.#felt;
    const server = this.problem.linkServer[link] as number;
    const rows = this.#rows[server] as Float64Array;
    const costs = this.#costs[server] as Float64Array;
    const from = this.#node[server] as number;
    // Its step only grows longer, so sums at nodes below are not asked for again.
    for (let node = 0; node < rows.length; node++) {
      const isNear = node >= from && node < from + nearNodes;
      if (!Number.isNaN(rows[node])) rows[node] = isNear ? (rows[node] as number) + rowsAt(link, node) : Number.NaN;
      if (!Number.isNaN(costs[node])) costs[node] = isNear ? (costs[node] as number) + costAt(link, node) : Number.NaN;
    }
    this.#bandRoots[server] = (this.#bandRoots[server] as number) + (bandRoot[link] as number);
    this.#promptRoots[server] = (this.#promptRoots[server] as number) + (promptRoot[link] as number);
    this.#node[server] = Math.floor(this.#placeOf(server, -1, -1));
    this.costMs[server] = this.estimate(server, -1, -1);
  }

  override screen(server: number): void {
    const { first, next, linkOf } = this.partition;
    const { promptRoot } = this.#felt;
    const place = this.#placeOf(server, -1, -1);
    const rowPrice = this.#rowPriceOf(server, Math.floor(place));
    const bandSum = this.#bandRoots[server] as number;
    const promptSum = this.#promptRoots[server] as number;
    for (const link of this.problem.linksOfServer[server] as Int32Array) {
      const promptMs = 2 * promptSum * (promptRoot[link] as number);
      this.addedMs[link] = this.#firstOrderMs(link, place, rowPrice, bandSum) + promptMs;
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
    // A device that stays may be named as both.
    const isSame = linkIn === linkOut;
    const place = this.#placeOf(server, isSame ? -1 : linkIn, isSame ? -1 : linkOut);
    const node = Math.floor(place);
    const fraction = place - node;
    const count = this.partition.gather(server, linkIn, linkOut, this.links);
    this.#divide(count);
    for (let index = 0; index < count; index++) {
      const link = this.links[index] as number;
      const next = fraction === 0 ? node : node + 1;
      const computeMs = this.#felt.costAt(link, node) * (1 - fraction) + this.#felt.costAt(link, next) * fraction;
      out[index] = computeMs + this.#sharedMs(index);
    }
    return count;
  }

  /** Writes what the devices of `links` share. */
  #divide(count: number): void {
    const { promptRoot } = this.#felt;
    this.#shareBand(this.problem, this.links, count, this.#share);
    this.#promptSum = 0;
    for (let index = 0; index < count; index++) this.#promptSum += promptRoot[this.links[index] as number] as number;
  }

  /** What a device pays for what it shares: its uploads and its prompt. */
  #sharedMs(index: number): number {
    const link = this.links[index] as number;
    const promptMs = (this.#felt.promptRoot[link] as number) * this.#promptSum;
    return feltBandMs(this.problem, link, this.#share[index] as number) + promptMs;
  }

  /** What the devices of a server pay after a change, without what they share. */
  #computeMs(server: number, linkIn: number, linkOut: number): number {
    const place = this.#placeOf(server, linkIn, linkOut);
    const node = Math.floor(place);
    const fraction = place - node;
    const sum = this.#costAt(server, linkIn, linkOut, node) * (1 - fraction);
    return fraction > 0 ? sum + this.#costAt(server, linkIn, linkOut, node + 1) * fraction : sum;
  }

  /** The place on the grid at which the server's step time settles after a change: near the present one. */
  #placeOf(server: number, linkIn: number, linkOut: number): number {
    const step = this.#felt.model.stepClass[server] as StepClass;
    return settleStep(step, (node) => this.#rowsAt(server, linkIn, linkOut, node), this.#node[server] as number);
  }

  #rowsAt(server: number, linkIn: number, linkOut: number, node: number): number {
    return this.#sumAt(this.#rows[server] as Float64Array, this.#felt.rowsAt, server, linkIn, linkOut, node);
  }

  #costAt(server: number, linkIn: number, linkOut: number, node: number): number {
    return this.#sumAt(this.#costs[server] as Float64Array, this.#felt.costAt, server, linkIn, linkOut, node);
  }

  /** A server's sum at a node, after a change. */
  #sumAt(sums: Float64Array, of: ReadLink, server: number, linkIn: number, linkOut: number, node: number): number {
    if (Number.isNaN(sums[node])) {
      const { first, next, linkOf } = this.partition;
      let sum = 0;
      for (let device = first[server] as number; device >= 0; device = next[device] as number)
        sum += of(linkOf[device] as number, node);
      sums[node] = sum;
    }
    const more = linkIn < 0 ? 0 : of(linkIn, node);
    return (sums[node] as number) + more - (linkOut < 0 ? 0 : of(linkOut, node));
  }

  /** A device's cost on its server, and what its rows and its band cost the others, to first order. */
  #firstOrderMs(link: number, place: number, rowPrice: number, bandSum: number): number {
    const { bandRoot } = this.#felt;
    const node = Math.floor(place);
    const fraction = place - node;
    const one = this.#felt.costAt(link, node) + rowPrice * this.#felt.rowsAt(link, node);
    const bandCostMs = 2 * bandSum * (bandRoot[link] as number);
    if (fraction === 0) return one + bandCostMs;
    const other = this.#felt.costAt(link, node + 1) + rowPrice * this.#felt.rowsAt(link, node + 1);
    return one * (1 - fraction) + other * fraction + bandCostMs;
  }

  /** What one more row costs the devices of a server. */
  #rowPriceOf(server: number, node: number): number {
    const { stepMs, rowMs } = this.#felt.model.stepClass[server] as StepClass;
    const low = Math.min(node, stepMs.length - 2);
    const growth = (valueAt: (at: number) => number): number => valueAt(low + 1) - valueAt(low);
    const room = growth((at) => stepMs[at] as number) / rowMs - growth((at) => this.#rowsAt(server, -1, -1, at));
    return room > 0 ? Math.max(0, growth((at) => this.#costAt(server, -1, -1, at)) / room) : 0;
  }
}

/** A sum after a change of one in and one out. @param values of each link */
function after(values: Float64Array, sum: number, linkIn: number, linkOut: number): number {
  return sum + (linkIn < 0 ? 0 : (values[linkIn] as number)) - (linkOut < 0 ? 0 : (values[linkOut] as number));
}
