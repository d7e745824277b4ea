// The computing of one server: for shares that add up to 1, sum_i s_i^2 / (z_i F) is least at z_i = s_i / sum s (square-root rule),
// with the value (sum s)^2 / F. Koh & Yang 2025 leave Z to a learned policy; this is the optimum for any association.

/**
 * Writes the best shares into `share`.
 * @param root s_i = sqrt of work, any unit
 * @param share z_i; [count]; all 0 when there is no work
 * @param least the least share of each device; count * least <= 1. A device below it gets `least`, the others share the rest by the
 * rule, until no device is below
 */
export function shareCompute(root: Float64Array, count: number, share: Float64Array, least = 0): void {
  share.fill(Number.NaN, 0, count);
  let left = 1;
  let rootSum = 0;
  for (let index = 0; index < count; index++) rootSum += root[index] as number;
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false;
    const before = rootSum;
    const scale = before > 0 ? left / before : 0;
    for (let index = 0; index < count; index++) {
      if (!Number.isNaN(share[index])) continue;
      if ((root[index] as number) * scale >= least) continue;
      share[index] = least;
      left -= least;
      rootSum -= root[index] as number;
      hasChanged = true;
    }
  }
  const scale = rootSum > 0 ? left / rootSum : 0;
  for (let index = 0; index < count; index++) {
    if (Number.isNaN(share[index])) share[index] = (root[index] as number) * scale;
  }
}
