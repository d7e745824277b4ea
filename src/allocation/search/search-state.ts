// The state of a search: an association, and its cost.

import { createPartition, type Partition } from './partition.ts';
import { findProblemLink, type Problem } from './problem.ts';
import type { SharingRule, SharingRuleMaker } from './sharing-rule.ts';

export interface SearchState {
  readonly partition: Partition;
  /** The rule of that partition, every server settled. */
  readonly rule: SharingRule;
}

/** Starts a search at an association. @param server an eligible server of each device, or -1; [M] */
export function startAt(problem: Problem, server: Int32Array, createRule: SharingRuleMaker): SearchState {
  const partition = createPartition(problem);
  for (const [device, one] of server.entries()) if (one >= 0) partition.place(findProblemLink(problem, device, one));
  return { partition, rule: createRule(problem, partition) };
}

/** The total cost of the servers, constants left out. */
export function totalCostMs({ rule }: SearchState): number {
  let sum = 0;
  for (const costMs of rule.costMs) sum += costMs;
  return sum;
}
