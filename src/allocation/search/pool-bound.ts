// A lower bound in closed form (but for one root): all servers are pooled into one with their total computing and bandwidth.
//
// sum_i min_j fixed_ij  +  (sum_i s_i)^2 / sum_j F_j  +  the best bandwidth of all devices in one band of sum_j W_j, each over its
// best link
//
// Computing: by Cauchy and Schwarz no split of the work over the servers costs less. Bandwidth: counted in Hz, any assignment is
// one of the pooled band, in which a device needs at most as many Hz for the same upload time, and pays as much for each (the
// energy model `band` charges Hz, not shares). So no assignment costs less than the bound, with any association and any shares.

import type { FeltProblem } from '../felt/felt-problem.ts';
import type { StepClass } from '../felt/pace-model.ts';
import { BandSolver } from '../paper/band-shares.ts';
import type { Problem } from './problem.ts';

/** All values in ms, constants left out (see problem.ts). */
export interface PoolBound {
  readonly boundMs: number;
  /** (sum s) / sum F: half of it is the least cost of one more unit of s, with all servers pooled. */
  readonly workPrice: number;
  /** The value of one more Hz. */
  readonly hertzPrice: number;
}

const tolerance = 1e-9;

/** Under the objective `felt`, the bound of devices that are alone on their best server. */
export function boundByPool(problem: Problem): PoolBound {
  if (problem.felt !== undefined) return { boundMs: boundFeltAlone(problem), workPrice: 0, hertzPrice: 0 };
  const { linkStart, fixedMs, workRoot, serverSpeed, bandwidthHz, linksOfServer } = problem;
  let speed = 0;
  let band = 0;
  for (const [server, links] of linksOfServer.entries()) {
    if (links.length === 0) continue;
    speed += serverSpeed[server] as number;
    band += bandwidthHz[server] as number;
  }
  let root = 0;
  let queueMs = 0;
  const served: number[] = [];
  for (let device = 0; device < problem.deviceCount; device++) {
    const end = linkStart[device + 1] as number;
    let least = Number.POSITIVE_INFINITY;
    for (let link = linkStart[device] as number; link < end; link++) least = Math.min(least, fixedMs[link] as number);
    if (least === Number.POSITIVE_INFINITY) continue;
    served.push(device);
    queueMs += least;
    root += workRoot[device] as number;
  }
  if (served.length === 0) return { boundMs: 0, workPrice: 0, hertzPrice: 0 };
  const pooled = poolBand(problem, served, band);
  const solver = new BandSolver(pooled, served.length);
  solver.solve(Int32Array.from(served.keys()), served.length, 0, tolerance);
  const workMs = root === 0 ? 0 : (root * root) / speed;
  return { boundMs: queueMs + workMs + solver.costMs, workPrice: root / speed, hertzPrice: solver.price / band };
}

/** The problem of one server with the whole band: one link for each device, its best one. */
function poolBand(problem: Problem, served: readonly number[], band: number): Problem {
  const links = served.map((device) => bestPooledLink(problem, device, band));
  return {
    ...problem,
    linkDevice: Int32Array.from(served),
    airMs: Float64Array.from(links, ({ airMs }) => airMs),
    cubicScale: Float64Array.from(links, ({ airMs }) => airMs / (2 * problem.lambdaPerMs)),
    snr: Float64Array.from(links, ({ snr }) => snr),
    bandPriceMs: Float64Array.from(links, ({ bandPriceMs }) => bandPriceMs),
  };
}

/** A link's numbers over the pooled band; the fastest link of the device. */
function bestPooledLink(
  problem: Problem,
  device: number,
  band: number,
): { airMs: number; snr: number; bandPriceMs: number } {
  const { linkStart, linkServer, bandwidthHz } = problem;
  let best = { airMs: Number.POSITIVE_INFINITY, snr: 0, bandPriceMs: 0 };
  for (let link = linkStart[device] as number; link < (linkStart[device + 1] as number); link++) {
    const widening = band / (bandwidthHz[linkServer[link] as number] as number);
    const oldSnr = problem.snr[link] as number;
    // Power spread over more Hz gives less SNR in each; a fixed SNR does not change.
    const snr = problem.bandForm === 'concentrated' ? oldSnr / widening : oldSnr;
    const airMs = ((problem.airMs[link] as number) * Math.log1p(oldSnr)) / (widening * Math.log1p(snr));
    if (airMs < best.airMs) best = { airMs, snr, bandPriceMs: (problem.bandPriceMs[link] as number) * widening };
  }
  return best;
}

/** The bound under the objective `felt`: each device alone on its best server. @returns ms, constants left out */
export function boundFeltAlone({ deviceCount, linkStart, linkServer, felt }: Problem): number {
  const { model, bandMs, promptRoot, costAt } = felt as FeltProblem;
  let sumMs = 0;
  for (let device = 0; device < deviceCount; device++) {
    let least = Number.POSITIVE_INFINITY;
    for (let link = linkStart[device] as number; link < (linkStart[device + 1] as number); link++) {
      const nodes = (model.stepClass[linkServer[link] as number] as StepClass).stepMs.length;
      for (let node = 0; node < nodes; node++)
        least = Math.min(least, costAt(link, node) + (bandMs[link] as number) + (promptRoot[link] as number) ** 2);
    }
    if (least < Number.POSITIVE_INFINITY) sumMs += least;
  }
  return sumMs;
}
