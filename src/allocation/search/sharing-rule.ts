// The cost of a server's devices under a rule of sharing, and the cost of a change by one or two of them: all that association
// searches need. Three rules: equal-rule.ts, optimal-rule.ts, and learned/learned-rule.ts, by scores.
//
// If server j takes a device over link l and gives device k away, its cost changes by at least
//
// addedMs[l] - heldMs[k] + slackMs[j] + r (2 workSum[j] + r) / workSpeed[j],     r = s_l - s_k;
//
// if it only takes one, by joinFloor(l) and the term in r = s_l; if it only gives one away, by -leaveMs[k] + leaveSlackMs[j] and
// the term in r = -s_k. This lower bound is the change's floor. Searches read the arrays directly, since they compute a hundred
// floors for each exact cost; `changeFloor` is the same as a function.

import type { Partition } from './partition.ts';
import { type Problem, ProblemWork } from './problem.ts';

/** Far above the rounding of a sum: an exact cost and its estimate differ by less than this share of them. */
export const estimateError = 1e-9;

/** Makes a rule for a partition, every server settled. */
export type SharingRuleMaker = (problem: Problem, partition: Partition) => SharingRule;

/** Costs in ms, constants left out (see problem.ts). A rule without floors computes every change. */
export abstract class SharingRule extends ProblemWork {
  /** The cost of each server when it was last settled; [E]. */
  readonly costMs: Float64Array = new Float64Array(this.problem.serverCount);
  /** The cost that each link's device would add in an exchange; [L]. */
  readonly addedMs: Float64Array = new Float64Array(this.problem.linkDevice.length);
  /** The cost that each device would take away from its server in an exchange; [M]. */
  readonly heldMs: Float64Array = new Float64Array(this.problem.deviceCount);
  /** At most 0: the error of these two, because their price is not the server's own; [E]. */
  readonly slackMs: Float64Array = new Float64Array(this.problem.serverCount);
  /** The same for a device that leaves without an exchange; [M], [E]. */
  readonly leaveMs: Float64Array = new Float64Array(this.problem.deviceCount);
  readonly leaveSlackMs: Float64Array = new Float64Array(this.problem.serverCount);
  /** Sum of s over the server's devices; [E]. */
  readonly workSum: Float64Array = new Float64Array(this.problem.serverCount);
  /** F_j, or Infinity where computing is part of addedMs and heldMs; [E]. */
  readonly workSpeed: Float64Array = new Float64Array(this.problem.serverCount).fill(Number.POSITIVE_INFINITY);
  /** Whether moves have floors; swaps always do. */
  readonly screensMoves: boolean = false;
  protected readonly partition: Partition;
  /** The links of the devices in question. */
  protected readonly links: Int32Array = new Int32Array(this.problem.deviceCount);
  readonly #ownMs = new Float64Array(this.problem.deviceCount);

  constructor(problem: Problem, partition: Partition) {
    super(problem);
    this.partition = partition;
  }

  /** Recomputes a server's cost after its devices have changed. */
  settle(server: number): void {
    this.costMs[server] = this.probe(server, -1, -1);
  }

  /** The exact cost of a server with one device more and one less. @param linkIn or -1 @param linkOut or -1 */
  probe(server: number, linkIn: number, linkOut: number): number {
    const count = this.ownCosts(server, linkIn, linkOut, this.#ownMs);
    let sum = 0;
    for (let index = 0; index < count; index++) sum += this.#ownMs[index] as number;
    return sum;
  }

  /** Whether there is an {@link SharingRule.estimate}. */
  readonly hasEstimates: boolean = false;

  /** As {@link SharingRule.probe}, up to {@link estimateError}, in O(1); NaN: there is no such formula. */
  estimate(_server: number, _linkIn: number, _linkOut: number): number {
    return Number.NaN;
  }

  /** Counts in a device that was placed over a link, in O(1): the server's cost is an estimate until it is settled. */
  countIn(_link: number): void {}

  /**
   * Writes the own cost of each device (queue, its computing, its band) after a change; in the order of Partition.gather, so the
   * new device comes last.
   * @returns the number of devices
   */
  abstract ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number;

  /**
   * Takes about the cheapest link for a device, and counts the device in, in O(1): prices and sums are estimates until the server
   * is settled. For building a partition from nothing; absent where there are no floors.
   * @returns the link, -1 when the device has none
   */
  joinRoughly?(device: number): number;

  /** A lower bound on the cost that a link's device adds to its server; -Infinity: there is none. Needs no {@link SharingRule.screen}. */
  insertionFloor(_link: number): number {
    return Number.NEGATIVE_INFINITY;
  }

  /** Updates the floors of a settled server. */
  screen(_server: number, _moves: { readonly canMove: boolean; readonly canSwap: boolean }): void {}

  /** As `addedMs`, slack included, for a device that comes without an exchange. @param _enoughMs a floor need not be sharper than this */
  joinFloor(_link: number, _enoughMs?: number): number {
    return Number.NEGATIVE_INFINITY;
  }

  /**
   * A lower bound on the cost that a change adds to a server, in O(1).
   * @param linkIn or -1
   * @param linkOut or -1
   * @param enoughMs a floor above it need not be sharp
   */
  changeFloor(server: number, linkIn: number, linkOut: number, enoughMs?: number): number {
    if (linkIn < 0 && linkOut < 0) return 0;
    const { linkDevice, workRoot } = this.problem;
    const comes = linkIn >= 0;
    const goes = linkOut >= 0;
    if (!this.screensMoves && !(comes && goes)) return Number.NEGATIVE_INFINITY;
    const device = goes ? (linkDevice[linkOut] as number) : -1;
    const rootIn = comes ? (workRoot[linkDevice[linkIn] as number] as number) : 0;
    const root = rootIn - (goes ? (workRoot[device] as number) : 0);
    const workMs = (root * (2 * (this.workSum[server] as number) + root)) / (this.workSpeed[server] as number);
    if (!goes) return workMs + this.joinFloor(linkIn, enoughMs === undefined ? undefined : enoughMs - workMs);
    if (!comes) return workMs - (this.leaveMs[device] as number) + (this.leaveSlackMs[server] as number);
    const exchangeMs = workMs + (this.addedMs[linkIn] as number) - (this.heldMs[device] as number);
    return exchangeMs + (this.slackMs[server] as number);
  }
}

/** The rule with every server settled. */
export function settled<Rule extends SharingRule>(rule: Rule): Rule {
  for (let server = 0; server < rule.costMs.length; server++) rule.settle(server);
  return rule;
}
