// The rank-sum test of Wilcoxon, and of Mann & Whitney (1947): whether two samples differ, without an assumption about their distribution.

/** More values than this in both samples together, and {@link rankSumP} is approximate: the exact time grows with their fourth power. */
const mostExactValues = 40;

/**
 * Two-sided. Exact up to {@link mostExactValues} in all: each choice of `one.length` of all values is as likely as another; equal values have
 * their middle rank. Beyond, by the normal distribution, with the correction for equal values (Hollander, Wolfe & Chicken 2014, chapter 4.1).
 * @param mostExact for tests
 * @returns the chance, if there is no difference, of a rank sum that is as far from its mean; 1 where a sample is empty
 */
export function rankSumP(
  one: readonly number[],
  other: readonly number[],
  mostExact: number = mostExactValues,
): number {
  const all = [...one, ...other];
  // Twice the ranks, so that middle ranks are whole.
  const ranks = all.map((value) => all.reduce((sum, each) => sum + (each < value ? 2 : each === value ? 1 : 0), 1));
  const mean = one.length * (all.length + 1);
  const distance = Math.abs(ranks.slice(0, one.length).reduce((sum, rank) => sum + rank, 0) - mean);
  const share = all.length > mostExact ? normalShare : exactShare;
  return share(ranks, one.length, mean, distance);
}

/** @returns the share of all choices of `count` ranks whose sum is at least so far from the mean */
function exactShare(ranks: readonly number[], count: number, mean: number, distance: number): number {
  // For each size of a choice: in how many ways it has each sum of ranks.
  const ways = Array.from({ length: count + 1 }, (_, size) => new Map(size === 0 ? [[0, 1]] : []));
  for (const rank of ranks) {
    for (let size = count; size > 0; size--) {
      const to = ways[size] as Map<number, number>;
      for (const [sum, found] of ways[size - 1] ?? []) to.set(sum + rank, (to.get(sum + rank) ?? 0) + found);
    }
  }
  const counts = [...(ways[count] ?? [])];
  const total = counts.reduce((sum, [, found]) => sum + found, 0);
  return counts.reduce((sum, [at, found]) => sum + (Math.abs(at - mean) >= distance ? found : 0), 0) / total;
}

/** The same by a normal distribution with the mean and the variance of the choices. */
function normalShare(ranks: readonly number[], count: number, mean: number, distance: number): number {
  // The variance of the sum of a choice without replacement, from the ranks themselves: equal values make it smaller.
  const spread = ranks.reduce((sum, rank) => sum + (rank - (ranks.length + 1)) ** 2, 0);
  const variance = (spread * count * (ranks.length - count)) / (ranks.length * (ranks.length - 1));
  if (!(variance > 0) || mean === 0) return 1;
  // Sums of ranks are one apart, and these are twice as large: half a step is 1.
  return 2 * upperTail(Math.max(0, distance - 1) / Math.sqrt(variance));
}

/**
 * @param z at least 0
 * @returns the chance of a larger standard normal value, to 1e-7 (Abramowitz & Stegun 1964, formula 26.2.17)
 */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const polynomial = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];
  const factor = t * polynomial.reduce((sum, coefficient) => sum * t + coefficient, 0);
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * factor;
}
