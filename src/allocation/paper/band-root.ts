// The bandwidth of one link: the cost of a share, and the best share at a price of bandwidth. The price may be a server's dual
// price (Lagrange multiplier), so shares, the screening of moves and the dual bound use the same root.
//
// min over y of phi(y) + nu y. With a fixed SNR (t = a / y) the best t is the root above the target of t^3 - t_i t^2 - (c + nu) a /
// (2 lambda) = 0, the same cubic for both energy models (c = 0 or mu = 0). With all power in the allotted band there is no such
// form: (2 lambda (t - D) + mu) * -dt/dy = c + nu is solved by Newton's method within a bracket.

import type { Problem } from '../search/problem.ts';

/** Ends an iteration of cubic convergence: the next step would be below rounding. */
const lastStep = 1e-4;
/** Far above the number of steps of any root. */
const stepLimit = 200;

/** phi of a link, ms. @param share y, above 0 unless there is nothing to send */
export function bandCostMs(problem: Problem, link: number, share: number): number {
  const device = problem.linkDevice[link] as number;
  const uploadMs = uploadTimeMs(problem, link, share);
  if (problem.bandForm === 'latency') return Math.max(uploadMs, problem.deviceMs[device] as number);
  const lateMs = uploadMs - (problem.deviceMs[device] as number);
  return (
    problem.lambdaPerMs * lateMs * lateMs +
    (problem.airPrice[device] as number) * uploadMs +
    (problem.bandPriceMs[link] as number) * share
  );
}

/** d phi / dy: negative where more band lowers the cost. */
export function bandSlopeMs(problem: Problem, link: number, share: number): number {
  const priceMs = problem.bandPriceMs[link] as number;
  const airMs = problem.airMs[link] as number;
  if (airMs === 0) return priceMs;
  const targetMs = problem.targetMs[problem.linkDevice[link] as number] as number;
  if (problem.bandForm === 'latency') return airMs / share > targetMs ? -airMs / (share * share) : 0;
  if (problem.bandForm === 'concentrated') return priceMs - marginalMs(problem, link, share, targetMs);
  const uploadMs = airMs / share;
  return priceMs - (2 * problem.lambdaPerMs * (uploadMs - targetMs) * uploadMs) / share;
}

/** t: the upload time of the payload with a share of the band. */
export function uploadTimeMs(problem: Problem, link: number, share: number): number {
  return timeOver(problem, link, problem.airMs[link] as number, share);
}

/** What takes `wholeMs` over the whole band takes this over a share of it. */
export function timeOver({ bandForm, snr: snrs }: Problem, link: number, wholeMs: number, share: number): number {
  if (wholeMs === 0) return 0;
  if (bandForm !== 'concentrated') return wholeMs / share;
  const snr = snrs[link] as number;
  return (wholeMs * Math.log1p(snr)) / (share * Math.log1p(snr / share));
}

/**
 * The share with the least phi(y) + price * y. May be above 1; infinite where no term limits it.
 * @param price nu >= 0, ms for a whole band
 */
export function bestShare(problem: Problem, link: number, price: number): number {
  const airMs = problem.airMs[link] as number;
  if (airMs === 0) return 0;
  const device = problem.linkDevice[link] as number;
  const targetMs = problem.targetMs[device] as number;
  const total = price + (problem.bandPriceMs[link] as number);
  if (problem.bandForm === 'concentrated') return concentratedShare(problem, link, total);
  if (problem.bandForm === 'latency') return airMs / Math.max(targetMs, Math.sqrt(total * airMs));
  if (total <= 0) return targetMs > 0 ? airMs / targetMs : Number.POSITIVE_INFINITY;
  return airMs / cubicRoot(targetMs, total * (problem.cubicScale[link] as number));
}

/** The least phi(y) + price * y over y up to 1: a lower bound on the cost that a device adds to a server with this price. */
export function leastCostMs(problem: Problem, link: number, price: number): number {
  const airMs = problem.airMs[link] as number;
  if (problem.bandForm !== 'cubic' || airMs === 0) {
    const share = Math.min(1, bestShare(problem, link, price));
    return bandCostMs(problem, link, share) + price * share;
  }
  const device = problem.linkDevice[link] as number;
  const targetMs = problem.targetMs[device] as number;
  const total = price + (problem.bandPriceMs[link] as number);
  const root = total > 0 ? cubicRoot(targetMs, total * (problem.cubicScale[link] as number)) : targetMs;
  const offsetMs = problem.offsetMs[device] as number;
  if (root > airMs) return rootCostMs(problem.lambdaPerMs, root, targetMs) + offsetMs;
  return problem.lambdaPerMs * (airMs - targetMs) ** 2 + offsetMs + total;
}

/**
 * Lower bound on a device's cost of bandwidth at a price, with shares of any size. Grows with q.
 * @param q (nu + c) a / (2 lambda), as in the cubic
 */
export function freeCostMs(problem: Problem, device: number, q: number): number {
  const targetMs = problem.targetMs[device] as number;
  const root = q > 0 ? cubicRoot(targetMs, q) : Math.max(0, targetMs);
  return rootCostMs(problem.lambdaPerMs, root, targetMs) + (problem.offsetMs[device] as number);
}

/** phi(y) + nu y at the root t of the cubic, without the offset: by the cubic, (c + nu) y is 2 lambda t (t - target). */
export function rootCostMs(lambdaPerMs: number, root: number, targetMs: number): number {
  return lambdaPerMs * (root - targetMs) * (3 * root - targetMs);
}

/** How fast the best share of a link falls as the price grows, 1 / phi''. @param share from bestShare; finite unless concentrated */
export function shareSlope(problem: Problem, link: number, share: number): number {
  const airMs = problem.airMs[link] as number;
  if (airMs === 0) return 0;
  const targetMs = problem.targetMs[problem.linkDevice[link] as number] as number;
  if (problem.bandForm === 'concentrated') {
    return share === Number.POSITIVE_INFINITY ? 0 : 1 / marginalSlope(problem, link, share, targetMs);
  }
  const uploadMs = airMs / share;
  if (problem.bandForm === 'latency') return uploadMs > targetMs ? -(share ** 3) / (2 * airMs) : 0;
  return -(share * share) / (2 * problem.lambdaPerMs * uploadMs * (3 * uploadMs - 2 * targetMs));
}

/** The root above max(target, 0) of t^3 - target t^2 - q = 0, for q > 0: one or two Halley steps from a start value. */
export function cubicRoot(target: number, q: number): number {
  let root = firstDraft(target, q);
  for (let step = 0; step < stepLimit; step++) {
    const next = nearerRoot(root, target, q);
    const isLast = Math.abs(next - root) <= lastStep * next;
    root = next;
    if (isLast) break;
  }
  return root;
}

/** One Halley step: the new error is about the cube of the old one. @param root above max(target, 0); there no step can fail */
function nearerRoot(root: number, target: number, q: number): number {
  const excess = root * root * (root - target) - q;
  const slope = root * (3 * root - 2 * target);
  return root - (excess * slope) / (slope * slope - excess * (3 * root - target));
}

/** One Halley step from the root of the last round, or from a start value. @param before 0: there is none; above the target otherwise */
export function roughRoot(before: number, target: number, q: number): number {
  return nearerRoot(before === 0 ? firstDraft(target, q) : before, target, q);
}

/** A start value within a third of the root, and within a few per cent for a target above 0. */
function firstDraft(target: number, q: number): number {
  if (target > 0) {
    const cube = target * target * target;
    if (q >= cube) {
      const root = Math.cbrt(q);
      return root + target * (1 / 3) + (target * target) / (9 * root);
    }
    const ratio = q / cube;
    return target * (1 + (ratio * (1 + 1.5 * ratio)) / (1 + 3.5 * ratio));
  }
  return Math.min(Math.cbrt(q), target < 0 ? Math.sqrt(-q / target) : Number.POSITIVE_INFINITY);
}

/** The share at which a concentrated link's marginal cost equals `total`. */
function concentratedShare(problem: Problem, link: number, total: number): number {
  const targetMs = problem.targetMs[problem.linkDevice[link] as number] as number;
  const snr = problem.snr[link] as number;
  const timeMs = (problem.airMs[link] as number) * Math.log1p(snr);
  // With any band, the upload takes at least timeMs / snr.
  const leastMs = timeMs / snr;
  if (total <= 0 && targetMs <= leastMs) return Number.POSITIVE_INFINITY;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let share = timeMs / (Math.max(targetMs, leastMs) * Math.log1p(snr) + leastMs);
  for (let step = 0; step < stepLimit; step++) {
    const marginal = marginalMs(problem, link, share, targetMs);
    if (marginal > total) low = share;
    else high = share;
    let next = share + marginalStep(problem, link, share, targetMs, marginal, total);
    // The step leaves the bracket: bisect, or double while there is no upper end.
    if (!(next > low && next < high)) next = high === Number.POSITIVE_INFINITY ? 2 * share : (low + high) / 2;
    const change = Math.abs(next - share);
    share = next;
    if (change <= 1e-12 * share) break;
  }
  return share;
}

/** -(d/dy) (lambda (t - D)^2 + mu t) = 2 lambda (t - target) * -dt/dy. */
function marginalMs(problem: Problem, link: number, share: number, targetMs: number): number {
  const snr = problem.snr[link] as number;
  const logTerm = Math.log1p(snr / share);
  const growth = logTerm - snr / (snr + share);
  const timeMs = (problem.airMs[link] as number) * Math.log1p(snr);
  const reached = share * logTerm;
  const uploadMs = timeMs / reached;
  return (2 * problem.lambdaPerMs * (uploadMs - targetMs) * uploadMs * growth) / reached;
}

/** d/dy of {@link marginalMs}; negative down to the target. */
function marginalSlope(problem: Problem, link: number, share: number, targetMs: number): number {
  const snr = problem.snr[link] as number;
  const logTerm = Math.log1p(snr / share);
  const inBand = snr / (snr + share);
  const growth = logTerm - inBand;
  const timeMs = (problem.airMs[link] as number) * Math.log1p(snr);
  const reached = share * logTerm;
  const uploadMs = timeMs / reached;
  const firstMs = (-uploadMs * growth) / reached;
  const secondMs = (uploadMs * ((2 * growth * growth) / reached + (inBand * inBand) / share)) / reached;
  return -2 * problem.lambdaPerMs * (firstMs * firstMs + (uploadMs - targetMs) * secondMs);
}

/** A Newton step. Far from the root it works on marginal^(-1/4), which is nearly linear there, because t grows as 1 / y. */
function marginalStep(
  problem: Problem,
  link: number,
  share: number,
  targetMs: number,
  marginal: number,
  total: number,
): number {
  const slope = marginalSlope(problem, link, share, targetMs);
  const isFar = marginal > 4 * total && total > 0;
  if (isFar) return (4 * marginal * (1 - (marginal / total) ** 0.25)) / slope;
  return (total - marginal) / slope;
}
