// Greedy insertion: devices one after the other, the largest work first, each to the server whose cost grows least.

import { Partition } from './partition.ts';
import type { Problem } from './problem.ts';
import type { SearchState } from './search-state.ts';
import { estimateError, type SharingRule, type SharingRuleMaker, settled } from './sharing-rule.ts';

/** @returns the partition, and its rule with every server settled */
export function insertGreedily(problem: Problem, createRule: SharingRuleMaker): SearchState {
  const partition = new Partition(problem);
  const rule = createRule(problem, partition);
  const floors = new Float64Array(problem.serverCount);
  for (const device of byWork(problem)) {
    const find = rule.hasEstimates ? likelyLink : cheapestLink;
    const link = find(problem, rule, device, floors);
    if (link < 0) continue;
    partition.place(link);
    if (rule.hasEstimates) rule.countIn(link);
    else rule.settle(problem.linkServer[link] as number);
  }
  if (rule.hasEstimates) settled(rule);
  return { partition, rule };
}

/**
 * The same by floors and estimated prices alone, where the rule has them: the start of a search in very large problems. Each device
 * reads its own links and a few numbers of their servers; lists of devices are made at the end, so memory is read in order.
 */
export function insertRoughly(problem: Problem, createRule: SharingRuleMaker): SearchState {
  const partition = new Partition(problem);
  const rule = createRule(problem, partition);
  if (rule.joinRoughly === undefined) return insertGreedily(problem, createRule);
  const chosen = new Int32Array(problem.deviceCount);
  for (const device of byWork(problem)) chosen[device] = rule.joinRoughly(device);
  for (const link of chosen) if (link >= 0) partition.place(link);
  for (let server = 0; server < problem.serverCount; server++) rule.settle(server);
  return { partition, rule };
}

/**
 * Devices by falling work, equal ones by number. Work is compared to a millionth of the largest: rank and number then fit into one
 * float, and sorting floats is ten times as fast as sorting with a comparison function.
 */
function byWork({ deviceCount, workRoot }: Problem): Float64Array {
  let most = 0;
  for (const root of workRoot) most = Math.max(most, root);
  const steps = 2 ** 20;
  const keys = Float64Array.from(workRoot, (root, device) => {
    const rank = most === 0 ? 0 : Math.round(steps * (1 - root / most));
    return rank * deviceCount + device;
  });
  return keys.sort().map((key) => key % deviceCount);
}

/** The cheapest link by estimates; where some are too near to each other, by the exact costs of these. */
function likelyLink(problem: Problem, rule: SharingRule, device: number, floors: Float64Array): number {
  const start = problem.linkStart[device] as number;
  const end = problem.linkStart[device + 1] as number;
  let ceilingMs = Number.POSITIVE_INFINITY;
  for (let link = start; link < end; link++) {
    const server = problem.linkServer[link] as number;
    const beforeMs = rule.costMs[server] as number;
    const afterMs = rule.estimate(server, link, -1);
    const errorMs = estimateError * (afterMs + beforeMs);
    floors[link - start] = afterMs - beforeMs - errorMs;
    ceilingMs = Math.min(ceilingMs, afterMs - beforeMs + errorMs);
  }
  const near: number[] = [];
  // Where one is no number, all are near.
  for (let link = start; link < end; link++) if (!((floors[link - start] as number) > ceilingMs)) near.push(link);
  let best = near[0] ?? -1;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const link of near.length > 1 ? near : []) {
    const server = problem.linkServer[link] as number;
    rule.settle(server);
    const addedMs = rule.probe(server, link, -1) - (rule.costMs[server] as number);
    if (addedMs >= bestMs) continue;
    best = link;
    bestMs = addedMs;
  }
  return best;
}

/** Computes exact costs in the order of the floors, until no floor is below the best exact cost. */
function cheapestLink(problem: Problem, rule: SharingRule, device: number, floors: Float64Array): number {
  const start = problem.linkStart[device] as number;
  const end = problem.linkStart[device + 1] as number;
  for (let link = start; link < end; link++) {
    floors[link - start] = rule.insertionFloor(link);
  }
  let best = -1;
  let bestMs = Number.POSITIVE_INFINITY;
  for (;;) {
    let next = -1;
    for (let link = start; link < end; link++) {
      const floor = floors[link - start] as number;
      if (floor < bestMs && (next < 0 || floor < (floors[next - start] as number))) next = link;
    }
    if (next < 0) return best;
    const server = problem.linkServer[next] as number;
    floors[next - start] = Number.POSITIVE_INFINITY;
    const addedMs = rule.probe(server, next, -1) - (rule.costMs[server] as number);
    if (addedMs < bestMs || best < 0) {
      best = next;
      bestMs = addedMs;
    }
  }
}
