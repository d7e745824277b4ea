// Sharing rules under the objective `felt`, for any way of dividing the band. The server's rows and costs are kept as sums at the
// nodes of its grid, so a change is a few additions and one monotone root. There are no floors: every change is computed.

import { BasicRule, settled } from './basic-rule.ts';
import { type BandSharing, feltBandMs } from './felt-band.ts';
import { type FeltProblem, gridLength } from './felt-problem.ts';
import { type StepClass, settleStep } from './pace-model.ts';
import type { Partition } from './partition.ts';
import type { Problem } from './problem.ts';
import type { SharingRule } from './sharing-rule.ts';

/** @param problem with `felt` @param shareBand how a server divides its band */
export function createFeltRule(problem: Problem, partition: Partition, shareBand: BandSharing): SharingRule {
  return settled(new FeltRule(problem, partition, shareBand));
}

class FeltRule extends BasicRule {
  readonly #felt: FeltProblem;
  readonly #shareBand: BandSharing;
  readonly #share: Float64Array;
  /** Sums over a server's devices, at the nodes of its grid; [E]. */
  readonly #rows: readonly Float64Array[];
  readonly #costs: readonly Float64Array[];

  constructor(problem: Problem, partition: Partition, shareBand: BandSharing) {
    super(problem, partition);
    const felt = problem.felt as FeltProblem;
    this.#felt = felt;
    this.#shareBand = shareBand;
    this.#share = new Float64Array(problem.deviceCount);
    const grids = (): Float64Array[] =>
      Array.from({ length: problem.serverCount }, (_, server) => new Float64Array(gridLength(felt.model, server)));
    this.#rows = grids();
    this.#costs = grids();
    this.slackMs.fill(Number.NEGATIVE_INFINITY);
    this.leaveSlackMs.fill(Number.NEGATIVE_INFINITY);
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
    this.#shareBand(this.problem, this.links, count, this.#share);
    for (let index = 0; index < count; index++) {
      sum += feltBandMs(this.problem, this.links[index] as number, this.#share[index] as number);
    }
    return sum;
  }

  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number {
    const { gridStart, costMs } = this.#felt;
    // A device that stays may be named as both.
    const isSame = linkIn === linkOut;
    const place = this.#placeOf(server, isSame ? -1 : linkIn, isSame ? -1 : linkOut);
    const node = Math.floor(place);
    const fraction = place - node;
    const count = this.partition.gather(server, linkIn, linkOut, this.links);
    this.#shareBand(this.problem, this.links, count, this.#share);
    for (let index = 0; index < count; index++) {
      const link = this.links[index] as number;
      const start = (gridStart[link] as number) + node;
      const next = fraction === 0 ? start : start + 1;
      const computeMs = (costMs[start] as number) * (1 - fraction) + (costMs[next] as number) * fraction;
      out[index] = computeMs + feltBandMs(this.problem, link, this.#share[index] as number);
    }
    return count;
  }

  /** Where the server's step time settles after a change. */
  #placeOf(server: number, linkIn: number, linkOut: number): number {
    const { gridStart, rows, model } = this.#felt;
    const sums = this.#rows[server] as Float64Array;
    const comes = linkIn < 0 ? -1 : (gridStart[linkIn] as number);
    const goes = linkOut < 0 ? -1 : (gridStart[linkOut] as number);
    return settleStep(
      model.stepClass[server] as StepClass,
      (node) =>
        (sums[node] as number) +
        (comes < 0 ? 0 : (rows[comes + node] as number)) -
        (goes < 0 ? 0 : (rows[goes + node] as number)),
    );
  }

  #costAt(server: number, linkIn: number, linkOut: number, node: number): number {
    const { gridStart, costMs } = this.#felt;
    const sum = (this.#costs[server] as Float64Array)[node] as number;
    const more = linkIn < 0 ? 0 : (costMs[(gridStart[linkIn] as number) + node] as number);
    const less = linkOut < 0 ? 0 : (costMs[(gridStart[linkOut] as number) + node] as number);
    return sum + more - less;
  }
}
