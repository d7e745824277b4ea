// Where a search stands: who is on which server, and what that costs.

import { type Partition, partitionOf } from './partition.ts';
import type { Problem } from './problem.ts';
import type { SharingRule, SharingRuleMaker } from './sharing-rule.ts';

export interface SearchState {
  readonly partition: Partition;
  /** Of that partition, every server settled. */
  readonly rule: SharingRule;
}

/** Begins a search at an association. @param server an eligible server of each device, or -1; [M] */
export function startAt(problem: Problem, server: Int32Array, createRule: SharingRuleMaker): SearchState {
  const partition = partitionOf(problem, server);
  return { partition, rule: createRule(problem, partition) };
}

/** What the servers cost together, constants left out. */
export function totalCostMs({ rule }: SearchState): number {
  let sum = 0;
  for (const costMs of rule.costMs) sum += costMs;
  return sum;
}
