// Servers that share equally: with n devices each has 1 / n of band and computing, so a device's cost depends on n only. A swap
// keeps n, and its floor is its exact cost; a move changes every share, and has no floor.

import { bandCostMs } from './band-root.ts';
import type { Partition } from './partition.ts';
import type { Problem } from './problem.ts';
import type { SharingRule, SharingRuleMaker } from './sharing-rule.ts';

export const createEqualRule: SharingRuleMaker = (problem, partition): SharingRule => {
  const rule = new EqualRule(problem, partition);
  for (let server = 0; server < problem.serverCount; server++) rule.settle(server);
  return rule;
};

class EqualRule implements SharingRule {
  readonly costMs: Float64Array;
  readonly addedMs: Float64Array;
  readonly heldMs: Float64Array;
  readonly slackMs: Float64Array;
  /** Moves have no floors: these stay 0. */
  readonly leaveMs: Float64Array;
  readonly leaveSlackMs: Float64Array;
  readonly workSum: Float64Array;
  readonly workSpeed: Float64Array;
  readonly screensMoves = false;
  readonly #problem: Problem;
  readonly #partition: Partition;
  readonly #links: Int32Array;
  /** The n for which addedMs holds; [E]. */
  readonly #countAt: Int32Array;

  constructor(problem: Problem, partition: Partition) {
    const { deviceCount, serverCount } = problem;
    this.#problem = problem;
    this.#partition = partition;
    this.#links = new Int32Array(deviceCount);
    this.#countAt = new Int32Array(serverCount);
    this.costMs = new Float64Array(serverCount);
    this.addedMs = new Float64Array(problem.linkDevice.length);
    this.heldMs = new Float64Array(deviceCount);
    this.slackMs = new Float64Array(serverCount);
    this.leaveMs = new Float64Array(deviceCount);
    this.leaveSlackMs = new Float64Array(serverCount);
    this.workSum = new Float64Array(serverCount);
    this.workSpeed = new Float64Array(serverCount).fill(Number.POSITIVE_INFINITY);
  }

  settle(server: number): void {
    this.costMs[server] = this.probe(server, -1, -1);
  }

  probe(server: number, linkIn: number, linkOut: number): number {
    const count = this.#partition.gather(server, linkIn, linkOut, this.#links);
    let sum = 0;
    for (let index = 0; index < count; index++) sum += this.#costOf(this.#links[index] as number, count);
    return sum;
  }

  insertionFloor(): number {
    return Number.NEGATIVE_INFINITY;
  }

  joinFloor(): number {
    return Number.NEGATIVE_INFINITY;
  }

  screen(server: number): void {
    const { serverStart, linkOfServer } = this.#problem;
    const { first, next, linkOf, memberCount } = this.#partition;
    const count = memberCount[server] as number;
    if (this.#countAt[server] !== count) {
      this.#countAt[server] = count;
      const end = serverStart[server + 1] as number;
      for (let at = serverStart[server] as number; at < end; at++) {
        const link = linkOfServer[at] as number;
        this.addedMs[link] = this.#costOf(link, Math.max(1, count));
      }
    }
    for (let device = first[server] as number; device >= 0; device = next[device] as number) {
      this.heldMs[device] = this.addedMs[linkOf[device] as number] as number;
    }
  }

  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number {
    const count = this.#partition.gather(server, linkIn, linkOut, this.#links);
    for (let index = 0; index < count; index++) out[index] = this.#costOf(this.#links[index] as number, count);
    return count;
  }

  /** The cost of one device among `count`. */
  #costOf(link: number, count: number): number {
    const { linkDevice, linkServer, workRoot, serverSpeed, fixedMs } = this.#problem;
    const root = workRoot[linkDevice[link] as number] as number;
    const workMs = (root * root * count) / (serverSpeed[linkServer[link] as number] as number);
    return (fixedMs[link] as number) + workMs + bandCostMs(this.#problem, link, 1 / count);
  }
}
