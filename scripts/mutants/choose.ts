// Which mutants are tried: a number for each folder, in proportion to its mutants and with a floor, and a seeded choice in it.

import { createRandom } from '../../src/core/basics/philox.ts';

/**
 * Shares a number of mutants out over folders. The sum may exceed `total` where the floors demand it.
 * @param counts mutants that each folder has
 * @param floor each folder gets so many, or all that it has
 */
export function shareOut(counts: readonly number[], total: number, floor: number): number[] {
  const shares = counts.map((count) => Math.min(count, floor));
  const whole = counts.reduce((sum, count) => sum + count, 0);
  const wanted = counts.map((count) => (whole === 0 ? 0 : (count * total) / whole));
  let left = total - shares.reduce((sum, share) => sum + share, 0);
  for (; left > 0; left -= 1) {
    // The folder that lacks most of its proportional share.
    const lacks = counts.map((count, at) =>
      shares[at] === count ? -1 : ((wanted[at] as number) + 1) / ((shares[at] as number) + 1),
    );
    const most = lacks.indexOf(Math.max(...lacks));
    if (lacks[most] === undefined || lacks[most] < 0) break;
    shares[most] = (shares[most] as number) + 1;
  }
  return shares;
}

/** @returns a seeded choice without repetition, in the order of the list */
export function sampleOf<Item>(items: readonly Item[], count: number, seed: number): Item[] {
  if (count >= items.length) return [...items];
  const random = createRandom(seed);
  const rest = items.map((_, index) => index);
  const chosen = Array.from({ length: count }, () => rest.splice(random.integer(rest.length), 1)[0] as number);
  return chosen.sort((one, other) => one - other).map((index) => items[index] as Item);
}
