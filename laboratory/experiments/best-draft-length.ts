// The search for the quickest draft length. Time per token falls with the draft length, then rises; noise makes the valley rough.

/** The first draft length with the lowest cost. */
export function quickest<Length>(lengths: readonly Length[], costOf: (length: Length) => number): Length {
  return lengths.reduce((best, one) => (costOf(one) < costOf(best) ? one : best));
}

/**
 * The few best draft lengths after all of `coarse`, and then the middles of the gaps around the best one until there is no gap. For costs that
 * are quick to measure: it is not misled by a rough valley.
 * @param coarse ascending; the first and the last bound the search
 */
export function searchDraftLengths(
  coarse: readonly number[],
  costOf: (length: number) => number,
  finalistCount: number,
): number[] {
  const tried = new Map(coarse.map((length) => [length, costOf(length)]));
  for (;;) {
    const sorted = [...tried.keys()].toSorted((one, other) => one - other);
    const best = sorted.indexOf(quickest(sorted, (length) => tried.get(length) as number));
    const gaps = sorted.slice(Math.max(0, best - 1), best + 2);
    const middles = gaps.slice(1).map((length, index) => Math.floor((length + (gaps[index] as number)) / 2));
    const fresh = middles.filter((length) => !tried.has(length));
    if (fresh.length === 0) break;
    for (const length of fresh) tried.set(length, costOf(length));
  }
  const byCost = [...tried].toSorted(([, one], [, other]) => one - other);
  return byCost.slice(0, finalistCount).map(([length]) => length);
}

/**
 * Downhill along `lengths` from one of them, to the first with no quicker neighbour. For costs that are slow to measure, such as the
 * replay of many traces: it tries three or four lengths where searchDraftLengths tries fifteen, and may stop at another one.
 */
export function descendDraftLengths(
  lengths: readonly number[],
  startIndex: number,
  costOf: (length: number) => number,
): number {
  const tried = new Map<number, number>();
  const at = (index: number): number => {
    const length = lengths[index];
    if (length === undefined) return Number.POSITIVE_INFINITY;
    const cost = tried.get(length) ?? costOf(length);
    tried.set(length, cost);
    return cost;
  };
  let best = startIndex;
  while (at(best + 1) < at(best)) best += 1;
  if (best === startIndex) while (at(best - 1) < at(best)) best -= 1;
  return lengths[best] as number;
}
