// Servers that share by scores: y and z are softmaxes over the server's devices and the slack. They are recomputed for each change
// that a search tries, so a new device has shares too. The rule has no floors: every change is computed.

import { createFeltRule } from '../../../src/allocation/felt/felt-rule.ts';
import { bandCostMs } from '../../../src/allocation/paper/band-root.ts';
import type { Partition } from '../../../src/allocation/search/partition.ts';
import type { Problem } from '../../../src/allocation/search/problem.ts';
import { SharingRule, type SharingRuleMaker, settled } from '../../../src/allocation/search/sharing-rule.ts';
import type { Assignment } from '../../../src/allocation/slot/slot-state.ts';
import { weightOf } from './score.ts';

/** @param score for y and z of each link of the problem; [L * 2] */
export function learnedRule(score: Float64Array): SharingRuleMaker {
  const weight = score.map(weightOf);
  return (problem, partition) =>
    problem.felt === undefined
      ? settled(new LearnedRule(problem, partition, weight))
      : createFeltRule(problem, partition, (_problem, links, count, share) => shareBand(weight, links, count, share));
}

/** Under the objective `felt` the band is shared by the same scores; computing is no speed limit there. */
function shareBand(weight: Float64Array, links: Int32Array, count: number, share: Float64Array): void {
  let sum = 1;
  for (let index = 0; index < count; index++) sum += weight[2 * (links[index] as number)] as number;
  for (let index = 0; index < count; index++) share[index] = (weight[2 * (links[index] as number)] as number) / sum;
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

class LearnedRule extends SharingRule {
  readonly #weight: Float64Array;

  constructor(problem: Problem, partition: Partition, weight: Float64Array) {
    super(problem, partition);
    this.#weight = weight;
    // There is no lower bound without the exact cost: every floor is as low as possible.
    this.slackMs.fill(Number.NEGATIVE_INFINITY);
    this.leaveSlackMs.fill(Number.NEGATIVE_INFINITY);
  }

  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number {
    const count = this.partition.gather(server, linkIn, linkOut, this.links);
    const [sumY, sumZ] = this.#weightSums(count);
    for (let index = 0; index < count; index++) out[index] = this.#costOf(this.links[index] as number, sumY, sumZ);
    return count;
  }

  /** Includes the slack's weight of 1. */
  #weightSums(count: number): [number, number] {
    let sumY = 1;
    let sumZ = 1;
    for (let index = 0; index < count; index++) {
      const link = this.links[index] as number;
      sumY += this.#weight[2 * link] as number;
      sumZ += this.#weight[2 * link + 1] as number;
    }
    return [sumY, sumZ];
  }

  #costOf(link: number, sumY: number, sumZ: number): number {
    const { linkDevice, linkServer, workRoot, serverSpeed, fixedMs } = this.problem;
    const root = workRoot[linkDevice[link] as number] as number;
    const y = (this.#weight[2 * link] as number) / sumY;
    const z = (this.#weight[2 * link + 1] as number) / sumZ;
    const workMs = (root * root) / (z * (serverSpeed[linkServer[link] as number] as number));
    return (fixedMs[link] as number) + workMs + bandCostMs(this.problem, link, y);
  }
}
