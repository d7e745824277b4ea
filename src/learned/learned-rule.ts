// Servers that share by scores: y and z are softmaxes over the server's devices and the slack. They are recomputed for each change
// that a search tries, so a new device has shares too. The rule has no floors: every change is computed.

import { bandCostMs } from '../allocation/band-root.ts';
import type { Partition } from '../allocation/partition.ts';
import type { Problem } from '../allocation/problem.ts';
import type { SharingRule, SharingRuleMaker } from '../allocation/sharing-rule.ts';
import type { Assignment } from '../allocation/slot-state.ts';
import { weightOf } from './score.ts';

/** @param score for y and z of each link of the problem; [L * 2] */
export function learnedRule(score: Float64Array): SharingRuleMaker {
  const weight = score.map(weightOf);
  return (problem, partition) => {
    const rule = new LearnedRule(problem, partition, weight);
    for (let server = 0; server < problem.serverCount; server++) rule.settle(server);
    return rule;
  };
}

/** Shares of an association by scores. @param server an eligible server of each device, or -1 @param linkOf link of each device, or -1 */
export function shareByScores(
  problem: Problem,
  server: Int32Array,
  linkOf: Int32Array,
  score: Float64Array,
): Assignment {
  const sumY = new Float64Array(problem.serverCount).fill(1);
  const sumZ = new Float64Array(problem.serverCount).fill(1);
  for (const [device, link] of linkOf.entries()) {
    if (link < 0) continue;
    const one = server[device] as number;
    sumY[one] = (sumY[one] as number) + weightOf(score[2 * link] as number);
    sumZ[one] = (sumZ[one] as number) + weightOf(score[2 * link + 1] as number);
  }
  const bandwidthShare = new Float64Array(server.length);
  const computeShare = new Float64Array(server.length);
  for (const [device, link] of linkOf.entries()) {
    if (link < 0) continue;
    const one = server[device] as number;
    bandwidthShare[device] = weightOf(score[2 * link] as number) / (sumY[one] as number);
    computeShare[device] = weightOf(score[2 * link + 1] as number) / (sumZ[one] as number);
  }
  return { server, bandwidthShare, computeShare };
}

class LearnedRule implements SharingRule {
  readonly costMs: Float64Array;
  readonly addedMs: Float64Array;
  readonly heldMs: Float64Array;
  /** There is no lower bound without the exact cost: every floor is as low as possible. */
  readonly slackMs: Float64Array;
  readonly leaveMs: Float64Array;
  readonly leaveSlackMs: Float64Array;
  readonly workSum: Float64Array;
  readonly workSpeed: Float64Array;
  readonly screensMoves = false;
  readonly #problem: Problem;
  readonly #partition: Partition;
  readonly #weight: Float64Array;
  readonly #links: Int32Array;

  constructor(problem: Problem, partition: Partition, weight: Float64Array) {
    const { deviceCount, serverCount } = problem;
    this.#problem = problem;
    this.#partition = partition;
    this.#weight = weight;
    this.#links = new Int32Array(deviceCount);
    this.costMs = new Float64Array(serverCount);
    this.addedMs = new Float64Array(problem.linkDevice.length);
    this.heldMs = new Float64Array(deviceCount);
    this.slackMs = new Float64Array(serverCount).fill(Number.NEGATIVE_INFINITY);
    this.leaveMs = new Float64Array(deviceCount);
    this.leaveSlackMs = new Float64Array(serverCount).fill(Number.NEGATIVE_INFINITY);
    this.workSum = new Float64Array(serverCount);
    this.workSpeed = new Float64Array(serverCount).fill(Number.POSITIVE_INFINITY);
  }

  settle(server: number): void {
    this.costMs[server] = this.probe(server, -1, -1);
  }

  probe(server: number, linkIn: number, linkOut: number): number {
    const count = this.#gather(server, linkIn, linkOut);
    const [sumY, sumZ] = this.#weightSums(count);
    let sum = 0;
    for (let index = 0; index < count; index++) sum += this.#costOf(this.#links[index] as number, sumY, sumZ);
    return sum;
  }

  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number {
    const count = this.#gather(server, linkIn, linkOut);
    const [sumY, sumZ] = this.#weightSums(count);
    for (let index = 0; index < count; index++) out[index] = this.#costOf(this.#links[index] as number, sumY, sumZ);
    return count;
  }

  insertionFloor(): number {
    return Number.NEGATIVE_INFINITY;
  }

  joinFloor(): number {
    return Number.NEGATIVE_INFINITY;
  }

  screen(): void {
    // There are no floors to update.
  }

  #gather(server: number, linkIn: number, linkOut: number): number {
    return this.#partition.gather(server, linkIn, linkOut, this.#links);
  }

  /** Includes the slack's weight of 1. */
  #weightSums(count: number): [number, number] {
    let sumY = 1;
    let sumZ = 1;
    for (let index = 0; index < count; index++) {
      const link = this.#links[index] as number;
      sumY += this.#weight[2 * link] as number;
      sumZ += this.#weight[2 * link + 1] as number;
    }
    return [sumY, sumZ];
  }

  #costOf(link: number, sumY: number, sumZ: number): number {
    const { linkDevice, linkServer, workRoot, serverSpeed, fixedMs } = this.#problem;
    const root = workRoot[linkDevice[link] as number] as number;
    const y = (this.#weight[2 * link] as number) / sumY;
    const z = (this.#weight[2 * link + 1] as number) / sumZ;
    const workMs = (root * root) / (z * (serverSpeed[linkServer[link] as number] as number));
    return (fixedMs[link] as number) + workMs + bandCostMs(this.#problem, link, y);
  }
}
