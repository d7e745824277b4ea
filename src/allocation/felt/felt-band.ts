// The band of one server under the objective `felt`: shares that add up to 1, with the least sum of C_i t_i(y_i). With a fixed SNR t
// is 1 / y, and by Cauchy and Schwarz y_i = sqrt(C_i) / sum sqrt(C) with the cost (sum sqrt(C))^2. With all power in the allotted
// band, t(y) = ln(1 + SNR) / (y ln(1 + SNR / y)), which is convex. Its condition -C_i t_i'(y_i) = nu can be written y_i = k_i(y_i) /
// sqrt(nu), where k hardly depends on y. So y_i = k_i / sum k is iterated.

import { timeOver } from '../paper/band-root.ts';
import type { Problem } from '../search/problem.ts';

/** How a server divides its band among the devices of `links`: writes shares, with a sum of at most 1. */
export type BandSharing = (problem: Problem, links: Int32Array, count: number, share: Float64Array) => void;

/** Ends the iteration: the error of the cost is the square of it. */
const lastChange = 1e-7;
const roundLimit = 60;

/** C t(y): the cost of a link's uploads with a share of the band, ms for each token. */
export function feltBandMs(problem: Problem, link: number, share: number): number {
  return timeOver(problem, link, problem.felt?.bandMs[link] as number, share);
}

/** The best shares; equal ones where nothing is sent. */
export const shareBandBest: BandSharing = (problem, links, count, share) => {
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const root = problem.felt?.bandRoot[links[index] as number] as number;
    share[index] = root;
    sum += root;
  }
  for (let index = 0; index < count; index++) share[index] = sum > 0 ? (share[index] as number) / sum : 1 / count;
  if (problem.bandForm !== 'concentrated' || sum === 0) return;
  for (let round = 0; round < roundLimit; round++) if (improve(problem, links, count, share) < lastChange) return;
};

export const shareBandEqually: BandSharing = (_problem, _links, count, share) => {
  share.fill(1 / count, 0, count);
};

/** One round for concentrated power. @returns the largest change of a share, relative */
function improve(problem: Problem, links: Int32Array, count: number, share: Float64Array): number {
  let sum = 0;
  let change = 0;
  for (let index = 0; index < count; index++) sum += demand(problem, links[index] as number, share[index] as number);
  for (let index = 0; index < count; index++) {
    const before = share[index] as number;
    const next = demand(problem, links[index] as number, before) / sum;
    share[index] = next;
    if (before > 0) change = Math.max(change, Math.abs(next / before - 1));
  }
  return change;
}

/** k(y) = y sqrt(-C t'(y)). */
function demand(problem: Problem, link: number, share: number): number {
  const bandMs = problem.felt?.bandMs[link] as number;
  if (bandMs === 0 || share === 0) return 0;
  const snr = problem.snr[link] as number;
  const logTerm = Math.log1p(snr / share);
  const growth = logTerm - snr / (snr + share);
  return Math.sqrt(bandMs * Math.log1p(snr) * growth) / logTerm;
}

/** The least C t(y) + price * y over y up to 1. @returns that y */
export function bestFeltShare(problem: Problem, link: number, price: number): number {
  const bandMs = problem.felt?.bandMs[link] as number;
  if (problem.bandForm !== 'concentrated') return bandMs >= price ? 1 : Math.sqrt(bandMs / price);
  if (bandMs === 0) return 0;
  if (price <= 0) return 1;
  let share = Math.min(1, Math.sqrt(bandMs / price));
  for (let round = 0; round < roundLimit; round++) {
    const next = Math.min(1, demand(problem, link, share) / Math.sqrt(price));
    const change = Math.abs(next / share - 1);
    share = next;
    if (change < lastChange) break;
  }
  return share;
}
