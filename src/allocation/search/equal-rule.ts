// Servers that share equally: with n devices each has 1 / n of band and computing, so a device's cost depends on n only. A swap
// keeps n, and its floor is its exact cost; a move changes every share, and has no floor.

import { shareBandEqually } from '../felt/felt-band.ts';
import { createFeltRule } from '../felt/felt-rule.ts';
import { bandCostMs } from '../paper/band-root.ts';
import { SharingRule, type SharingRuleMaker, settled } from './sharing-rule.ts';

export const createEqualRule: SharingRuleMaker = (problem, partition) =>
  problem.felt === undefined
    ? settled(new EqualRule(problem, partition))
    : createFeltRule(problem, partition, shareBandEqually);

class EqualRule extends SharingRule {
  /** The n for which addedMs holds; [E]. */
  readonly #countAt = new Int32Array(this.problem.serverCount);

  override screen(server: number): void {
    const { first, next, linkOf, memberCount } = this.partition;
    const count = memberCount[server] as number;
    if (this.#countAt[server] !== count) {
      this.#countAt[server] = count;
      for (const link of this.problem.linksOfServer[server] as Int32Array)
        this.addedMs[link] = this.#costOf(link, Math.max(1, count));
    }
    for (let device = first[server] as number; device >= 0; device = next[device] as number) {
      this.heldMs[device] = this.addedMs[linkOf[device] as number] as number;
    }
  }

  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number {
    const count = this.partition.gather(server, linkIn, linkOut, this.links);
    for (let index = 0; index < count; index++) out[index] = this.#costOf(this.links[index] as number, count);
    return count;
  }

  /** The cost of one device among `count`. */
  #costOf(link: number, count: number): number {
    const { linkDevice, linkServer, workRoot, serverSpeed, fixedMs } = this.problem;
    const root = workRoot[linkDevice[link] as number] as number;
    const workMs = (root * root * count) / (serverSpeed[linkServer[link] as number] as number);
    return (fixedMs[link] as number) + workMs + bandCostMs(this.problem, link, 1 / count);
  }
}
