// The objective of a slot as decided, and with one device at another edge: what a policy weighs where that device alone would be quicker
// elsewhere. Each edge shares as well as it can.

import { createOptimalRule } from '../search/optimal-rule.ts';
import { createProblem, findProblemLink } from '../search/problem.ts';
import { startAt, totalCostMs } from '../search/search-state.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';

/** @returns the sum over all devices with this one at this server, ms; NaN: it can't be served there */
export type MoveSums = (device: number, server: number) => number;

/** Nothing is computed before the first question. */
export function moveSums(slot: SlotState, { server: servers }: Assignment): MoveSums {
  let opened: ReturnType<typeof open> | undefined;
  const open = () => {
    const problem = createProblem(slot);
    const state = startAt(problem, servers, createOptimalRule);
    return { problem, rule: state.rule, sumMs: problem.constantMs + totalCostMs(state) };
  };
  return (device, server) => {
    opened ??= open();
    const { problem, rule, sumMs } = opened;
    const from = servers[device] as number;
    if (from === server) return sumMs;
    const [linkOut, linkIn] = [findProblemLink(problem, device, from), findProblemLink(problem, device, server)];
    if (linkOut < 0 || linkIn < 0) return Number.NaN;
    const changed = rule.probe(from, -1, linkOut) + rule.probe(server, linkIn, -1);
    return sumMs + changed - (rule.costMs[from] as number) - (rule.costMs[server] as number);
  };
}
