// Swap-stable matching with quotas: the standard solution of the matching literature for servers with externalities between their
// devices (two-sided exchange stability, Bodine-Baron et al. 2011). Devices first propose, servers keep the strongest up to their
// quota. Then two devices exchange places, or one takes a free place, as long as no device and no server of the trade loses and the
// servers gain. A server's interest is its total cost, a device's its own.

import { leastCostMs } from '../../src/allocation/paper/band-root.ts';
import { findProblemLink, type Problem } from '../../src/allocation/search/problem.ts';
import { change, type SearchState, startFrom } from '../../src/allocation/search/search-state.ts';
import type { SharingRuleMaker } from '../../src/allocation/search/sharing-rule.ts';

const leastSaving = 1e-9;
/** Quota: this many times the mean number of devices, unless a device can reach no other server. */
const quotaFactor = 1.25;

/** @returns a partition without any such trade left */
export function matchSwapStable(problem: Problem, createRule: SharingRuleMaker): SearchState {
  const quota = Math.ceil((quotaFactor * problem.deviceCount) / problem.serverCount);
  const state = startFrom(problem, proposeAndKeep(problem, quota), createRule);
  const trades = createTrades(problem, state, quota);
  for (let hasTraded = true; hasTraded; ) {
    hasTraded = false;
    for (let device = 0; device < problem.deviceCount; device++) if (trades(device)) hasTraded = true;
  }
  return state;
}

/** Deferred acceptance. Devices rank servers by what they would pay alone on them, servers rank devices by SNR. @returns their links */
function proposeAndKeep(problem: Problem, quota: number): Int32Array {
  const { deviceCount, serverCount, linkServer, linkDevice, snr } = problem;
  const chosen = new Int32Array(deviceCount).fill(-1);
  const kept: number[][] = Array.from({ length: serverCount }, () => []);
  const ranked = Array.from({ length: deviceCount }, (_, device) => rankedLinks(problem, device));
  const proposalCount = new Int32Array(deviceCount);
  const free = [...ranked.keys()];
  for (let device = free.pop(); device !== undefined; device = free.pop()) {
    const choices = ranked[device] as number[];
    const link = choices[proposalCount[device] as number];
    proposalCount[device] = (proposalCount[device] as number) + 1;
    if (link === undefined) {
      // No server keeps it: it is assigned to its first choice in any case.
      chosen[device] = choices[0] ?? -1;
      continue;
    }
    const members = kept[linkServer[link] as number] as number[];
    members.push(link);
    chosen[device] = link;
    if (members.length <= quota) continue;
    members.sort((one, other) => (snr[other] as number) - (snr[one] as number) || one - other);
    free.push(linkDevice[members.pop() as number] as number);
  }
  return chosen;
}

function rankedLinks(problem: Problem, device: number): number[] {
  const { linkStart, linkServer, fixedMs, workRoot, serverSpeed } = problem;
  const root = workRoot[device] as number;
  const first = linkStart[device] as number;
  const links = Array.from({ length: (linkStart[device + 1] as number) - first }, (_, index) => {
    const link = first + index;
    const workMs = (root * root) / (serverSpeed[linkServer[link] as number] as number);
    return { link, aloneMs: (fixedMs[link] as number) + workMs + leastCostMs(problem, link, 0) };
  });
  return links.sort((one, other) => one.aloneMs - other.aloneMs || one.link - other.link).map(({ link }) => link);
}

/** Makes the function that lets a device trade with the first partner that agrees. @returns whether it traded */
function createTrades(problem: Problem, state: SearchState, quota: number): (device: number) => boolean {
  const { linkServer, linkStart } = problem;
  const { partition, rule } = state;
  const room = new Float64Array(problem.deviceCount);

  /** The cost of the device that comes; with the same link for both, the present cost of a device that stays. */
  function ownCost(server: number, linkIn: number, linkOut: number): number {
    const count = rule.ownCosts(server, linkIn, linkOut, room);
    return room[count - 1] as number;
  }

  /** @param otherOut -1 for a free place */
  function agree(server: number, linkOut: number, linkIn: number, otherOut: number, otherIn: number): boolean {
    const target = linkServer[linkIn] as number;
    const serverMs = rule.costMs[server] as number;
    const targetMs = rule.costMs[target] as number;
    const targetAfterMs = rule.probe(target, linkIn, otherOut);
    const serverAfterMs = rule.probe(server, otherIn, linkOut);
    const least = leastSaving * (serverMs + targetMs);
    // With a free place the server that takes the device can't gain; its saving is the other server's.
    if (otherOut >= 0 && (targetAfterMs > targetMs + least || serverAfterMs > serverMs + least)) return false;
    if (targetAfterMs + serverAfterMs >= serverMs + targetMs - least) return false;
    if (ownCost(target, linkIn, otherOut) > ownCost(server, linkOut, linkOut) + least) return false;
    return otherOut < 0 || ownCost(server, otherIn, linkOut) <= ownCost(target, otherOut, otherOut) + least;
  }

  function trade(server: number, linkIn: number, otherIn: number): boolean {
    change(problem, state, linkIn, otherIn);
    rule.settle(server);
    rule.settle(linkServer[linkIn] as number);
    return true;
  }

  return (device) => {
    const linkOut = partition.linkOf[device] as number;
    if (linkOut < 0) return false;
    const server = linkServer[linkOut] as number;
    for (let linkIn = linkStart[device] as number; linkIn < (linkStart[device + 1] as number); linkIn++) {
      const target = linkServer[linkIn] as number;
      if (target === server) continue;
      const hasRoom = (partition.memberCount[target] as number) < quota;
      if (hasRoom && agree(server, linkOut, linkIn, -1, -1)) return trade(server, linkIn, -1);
      for (let other = partition.first[target] as number; other >= 0; other = partition.next[other] as number) {
        const otherIn = findProblemLink(problem, other, server);
        if (otherIn < 0 || !agree(server, linkOut, linkIn, partition.linkOf[other] as number, otherIn)) continue;
        return trade(server, linkIn, otherIn);
      }
    }
    return false;
  };
}
