// The exact optimum of small problems: the cost of every server with every set of devices, then the best partition by dynamic
// programming over subsets, E * 3^M steps. Tests and trials compare heuristics and bounds with it.

import { feltServerMs } from '../../src/allocation/felt/felt-rule.ts';
import { BandSolver } from '../../src/allocation/paper/band-shares.ts';
import { findProblemLink, type Problem } from '../../src/allocation/search/problem.ts';
import { invariant } from '../../src/core/basics/invariant.ts';

export interface ExactAnswer {
  /** ms, constants left out (see problem.ts). */
  readonly costMs: number;
  /** The server of each device, -1 for those without an eligible link; [M]. */
  readonly server: Int32Array;
}

/** 43 million steps for each server. */
const mostDevices = 16;
const tolerance = 1e-10;

/** @throws InvariantError for more than 16 devices that can be served */
export function solveExactly(problem: Problem): ExactAnswer {
  const devices = [...Array(problem.deviceCount).keys()].filter(
    (device) => problem.linkStart[device] !== problem.linkStart[device + 1],
  );
  invariant(devices.length <= mostDevices, `${devices.length} devices are too many for an exact answer`);
  const setCount = 2 ** devices.length;
  let best = new Float64Array(setCount).fill(Number.POSITIVE_INFINITY);
  best[0] = 0;
  const taken: Int32Array[] = [];
  for (let server = 0; server < problem.serverCount; server++) {
    const costs = costOfSets(problem, devices, server);
    const better = new Float64Array(setCount);
    const take = new Int32Array(setCount);
    for (let set = 0; set < setCount; set++) {
      let least = best[set] as number;
      for (let part = set; part > 0; part = (part - 1) & set) {
        const costMs = (costs[part] as number) + (best[set ^ part] as number);
        if (costMs < least) {
          least = costMs;
          take[set] = part;
        }
      }
      better[set] = least;
    }
    best = better;
    taken.push(take);
  }
  return { costMs: best[setCount - 1] as number, server: readBack(problem, devices, taken) };
}

/** The cost of a server with each set of devices, infinite when one of them can't reach it. */
function costOfSets(problem: Problem, devices: readonly number[], server: number): Float64Array {
  const solver = new BandSolver(problem, devices.length);
  const links = new Int32Array(devices.length);
  const costs = new Float64Array(2 ** devices.length);
  for (let set = 1; set < costs.length; set++) {
    let count = 0;
    let root = 0;
    let queueMs = 0;
    for (let index = 0; index < devices.length; index++) {
      if ((set & (1 << index)) === 0) continue;
      const device = devices[index] as number;
      const link = findProblemLink(problem, device, server);
      links[count++] = link;
      root += problem.workRoot[device] as number;
      queueMs += link < 0 ? Number.POSITIVE_INFINITY : (problem.fixedMs[link] as number);
    }
    costs[set] = queueMs;
    if (queueMs === Number.POSITIVE_INFINITY) continue;
    if (problem.felt !== undefined) {
      costs[set] = feltServerMs(problem, server, links, count);
      continue;
    }
    solver.solve(links, count, 0, tolerance);
    costs[set] = queueMs + (root * root) / (problem.serverSpeed[server] as number) + solver.costMs;
  }
  return costs;
}

function readBack(problem: Problem, devices: readonly number[], taken: readonly Int32Array[]): Int32Array {
  const server = new Int32Array(problem.deviceCount).fill(-1);
  let set = 2 ** devices.length - 1;
  for (let one = problem.serverCount - 1; one >= 0; one--) {
    const part = taken[one]?.[set] as number;
    for (const [index, device] of devices.entries()) if ((part & (1 << index)) !== 0) server[device] = one;
    set ^= part;
  }
  return server;
}
