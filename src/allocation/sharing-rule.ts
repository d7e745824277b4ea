// What a server's devices cost together under a rule of sharing, and what a change of one or two of them would cost: the only thing
// that association searches ask. Three rules: equal-rule.ts, optimal-rule.ts, and learned/learned-rule.ts, by scores.
//
// If server j takes a device over link l and gives device k away, its cost changes by at least
//
//     addedMs[l] - heldMs[k] + slackMs[j] + r (2 workSum[j] + r) / workSpeed[j],     r = s_l - s_k;
//
// if it only takes one, by joinFloor(l) and the term in r = s_l; if it only gives one away, by -leaveMs[k] + leaveSlackMs[j]
// and the term in r = -s_k. These numbers are the change's floor. Searches read them straight from the arrays, since they look at a
// hundred floors for each exact cost; `changeFloor` is the same in words.

import type { Partition } from './partition.ts';
import type { Problem } from './problem.ts';

/** Costs in ms, constants left out (see problem.ts). */
export interface SharingRule {
  /** Of each server as it was last settled; [E]. */
  readonly costMs: Float64Array;
  /** Computes a server's cost anew after its devices have changed. */
  settle(server: number): void;
  /**
   * Takes about the cheapest link for a device, and counts the device in there in O(1): prices and sums are estimates until the server
   * is settled. For building up a partition from nothing; absent where there are no floors to go by.
   *
   * @returns the link, -1 when the device has none
   */
  readonly joinRoughly?: (device: number) => number;
  /** What a link's device adds to its server at least; -Infinity when the rule can't tell. Needs no {@link SharingRule.screen}. */
  insertionFloor(link: number): number;
  /** The exact cost of a server with one device more and one less. @param linkIn or -1 @param linkOut or -1 */
  probe(server: number, linkIn: number, linkOut: number): number;

  /**
   * Writes what each device pays itself (queue, its computing, its band) after a change; in the order of Partition.gather, so that the
   * newcomer's is the last.
   *
   * @returns how many
   */
  ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number;

  /** Brings the arrays below up to date for a server that has been settled. */
  screen(server: number, moves: { readonly canMove: boolean; readonly canSwap: boolean }): void;
  /** Whether floors hold for a device that comes or goes alone; for an exchange they always do. */
  readonly screensMoves: boolean;
  /** What each link's device would add in an exchange; [L]. */
  readonly addedMs: Float64Array;
  /** What each device would take away from its server in an exchange; [M]. */
  readonly heldMs: Float64Array;
  /** At most 0: what these two are off, because their price is not the server's own; [E]. */
  readonly slackMs: Float64Array;
  /** The same, slack included, for a link's device that comes alone. @param enoughMs a floor that need not be sharper than this */
  joinFloor(link: number, enoughMs?: number): number;
  /** The same for a device that goes alone; [M], [E]. */
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
 * The least that a change can add to a server's cost, in O(1).
 *
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
