// The rank-sum test of Wilcoxon, and of Mann & Whitney (1947): whether two samples differ, without an assumption about their distribution.

/**
 * Two-sided and exact: each choice of `one.length` of all values is as likely as another; equal values have their middle rank. Its time
 * grows with the cube of the number of values: for training seeds, not for thousands.
 * @returns the chance, if there is no difference, of a rank sum that is as far from its mean; 1 where a sample is empty
 */
export function rankSumP(one: readonly number[], other: readonly number[]): number {
  const all = [...one, ...other];
  // Twice the ranks, so that middle ranks are whole.
  const ranks = all.map((value) => all.reduce((sum, each) => sum + (each < value ? 2 : each === value ? 1 : 0), 1));
  // For each size of a choice: in how many ways it has each sum of ranks.
  const ways = Array.from({ length: one.length + 1 }, (_, size) => new Map(size === 0 ? [[0, 1]] : []));
  for (const rank of ranks) {
    for (let size = one.length; size > 0; size--) {
      const to = ways[size] as Map<number, number>;
      for (const [sum, count] of ways[size - 1] ?? []) to.set(sum + rank, (to.get(sum + rank) ?? 0) + count);
    }
  }
  const mean = one.length * (all.length + 1);
  const distanceOf = (sum: number): number => Math.abs(sum - mean);
  const own = distanceOf(ranks.slice(0, one.length).reduce((sum, rank) => sum + rank, 0));
  const counts = [...(ways[one.length] ?? [])];
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return counts.reduce((sum, [at, count]) => sum + (distanceOf(at) >= own ? count : 0), 0) / total;
}
