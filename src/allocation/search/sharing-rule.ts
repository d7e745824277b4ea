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
import type { Problem } from './problem.ts';

/** Costs in ms, constants left out (see problem.ts). */
export interface SharingRule {
  /** The cost of each server when it was last settled; [E]. */
  readonly costMs: Float64Array;
  /** Recomputes a server's cost after its devices have changed. */
  settle(server: number): void;
  /**
   * Takes about the cheapest link for a device, and counts the device in, in O(1): prices and sums are estimates until the server
   * is settled. For building a partition from nothing; absent where there are no floors.
   * @returns the link, -1 when the device has none
   */
  readonly joinRoughly?: (device: number) => number;
  /**
   * A lower bound on the cost that a link's device adds to its server; -Infinity when the rule has none. Needs no {@link
   * SharingRule.screen}.
   */
  insertionFloor(link: number): number;
  /** The exact cost of a server with one device more and one less. @param linkIn or -1 @param linkOut or -1 */
  probe(server: number, linkIn: number, linkOut: number): number;

  /**
   * Writes the own cost of each device (queue, its computing, its band) after a change; in the order of Partition.gather, so the
   * new device comes last.
   * @returns the number of devices
   */
  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number;

  /** Updates the arrays below for a settled server. */
  screen(server: number, moves: { readonly canMove: boolean; readonly canSwap: boolean }): void;
  /** Whether moves have floors; swaps always do. */
  readonly screensMoves: boolean;
  /** The cost that each link's device would add in an exchange; [L]. */
  readonly addedMs: Float64Array;
  /** The cost that each device would take away from its server in an exchange; [M]. */
  readonly heldMs: Float64Array;
  /** At most 0: the error of these two, because their price is not the server's own; [E]. */
  readonly slackMs: Float64Array;
  /** The same, slack included, for a link's device that comes without an exchange. @param enoughMs a floor need not be sharper than this */
  joinFloor(link: number, enoughMs?: number): number;
  /** The same for a device that leaves without an exchange; [M], [E]. */
  readonly leaveMs: Float64Array;
  readonly leaveSlackMs: Float64Array;
  /** Sum of s over the server's devices; [E]. */
  readonly workSum: Float64Array;
  /** F_j, or Infinity where computing is part of addedMs and heldMs; [E]. */
  readonly workSpeed: Float64Array;
}

/** Makes a rule for a partition, every server settled. */
export type SharingRuleMaker = (problem: Problem, partition: Partition) => SharingRule;

/**
 * A lower bound on the cost that a change adds to a server, in O(1).
 * @param linkIn or -1
 * @param linkOut or -1
 * @param enoughMs a floor above it need not be sharp
 */
export function changeFloor(
  problem: Problem,
  rule: SharingRule,
  server: number,
  linkIn: number,
  linkOut: number,
  enoughMs?: number,
): number {
  if (linkIn < 0 && linkOut < 0) return 0;
  const comes = linkIn >= 0;
  const goes = linkOut >= 0;
  if (!rule.screensMoves && !(comes && goes)) return Number.NEGATIVE_INFINITY;
  const device = goes ? (problem.linkDevice[linkOut] as number) : -1;
  const rootIn = comes ? (problem.workRoot[problem.linkDevice[linkIn] as number] as number) : 0;
  const root = rootIn - (goes ? (problem.workRoot[device] as number) : 0);
  const workMs = (root * (2 * (rule.workSum[server] as number) + root)) / (rule.workSpeed[server] as number);
  if (!goes) return workMs + rule.joinFloor(linkIn, enoughMs === undefined ? undefined : enoughMs - workMs);
  if (!comes) return workMs - (rule.leaveMs[device] as number) + (rule.leaveSlackMs[server] as number);
  return workMs + (rule.addedMs[linkIn] as number) - (rule.heldMs[device] as number) + (rule.slackMs[server] as number);
}
