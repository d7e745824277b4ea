// The state of a search: an association, and its cost.

import { Partition } from './partition.ts';
import { findProblemLink, type Problem } from './problem.ts';
import type { SharingRule, SharingRuleMaker } from './sharing-rule.ts';

export interface SearchState {
  readonly partition: Partition;
  /** The rule of that partition, every server settled. */
  readonly rule: SharingRule;
}

/** Starts a search at an association. @param server an eligible server of each device, or -1; [M] */
export function startAt(problem: Problem, server: Int32Array, createRule: SharingRuleMaker): SearchState {
  return startFrom(
    problem,
    server.map((one, device) => (one < 0 ? -1 : findProblemLink(problem, device, one))),
    createRule,
  );
}

/** The same by links. @param links the link of each device, or -1; [M] */
export function startFrom(problem: Problem, links: Int32Array, createRule: SharingRuleMaker): SearchState {
  const partition = new Partition(problem);
  for (const link of links) if (link >= 0) partition.place(link);
  return { partition, rule: createRule(problem, partition) };
}

/** Takes one device to another server, over `linkIn`. @param otherIn the link of a device that takes its place, or -1 for none */
export function change({ linkDevice }: Problem, { partition }: SearchState, linkIn: number, otherIn: number): void {
  partition.remove(linkDevice[linkIn] as number);
  if (otherIn >= 0) partition.remove(linkDevice[otherIn] as number);
  partition.place(linkIn);
  if (otherIn >= 0) partition.place(otherIn);
}

/** The total cost of the servers, constants left out. */
export function totalCostMs({ rule }: SearchState): number {
  let sum = 0;
  for (const costMs of rule.costMs) sum += costMs;
  return sum;
}
