// Which window is quickest: the one search that experiments use. Time per token falls with the window, then rises; noise makes the valley
// rough.

/** The first of the windows with the lowest cost. */
export function quickest<Window>(windows: readonly Window[], costOf: (window: Window) => number): Window {
  return windows.reduce((best, one) => (costOf(one) < costOf(best) ? one : best));
}

/**
 * The few best windows after all of `coarse`, and then the middles of the gaps around the best one until there is no gap. For costs that
 * are quick to measure: it is not misled by a rough valley.
 * @param coarse ascending; the first and the last bound the search
 */
export function searchWindows(
  coarse: readonly number[],
  costOf: (window: number) => number,
  finalistCount: number,
): number[] {
  const tried = new Map(coarse.map((window) => [window, costOf(window)]));
  for (;;) {
    const sorted = [...tried.keys()].toSorted((one, other) => one - other);
    const best = sorted.indexOf(quickest(sorted, (window) => tried.get(window) as number));
    const gaps = sorted.slice(Math.max(0, best - 1), best + 2);
    const middles = gaps.slice(1).map((window, index) => Math.floor((window + (gaps[index] as number)) / 2));
    const fresh = middles.filter((window) => !tried.has(window));
    if (fresh.length === 0) break;
    for (const window of fresh) tried.set(window, costOf(window));
  }
  const byCost = [...tried].toSorted(([, one], [, other]) => one - other);
  return byCost.slice(0, finalistCount).map(([window]) => window);
}

/**
 * Downhill along `windows` from one of them, to the first with no quicker neighbour. For costs that are slow to measure, such as the
 * replay of many traces: it tries three or four windows where searchWindows tries fifteen, and may stop at another one.
 */
export function descendWindows(
  windows: readonly number[],
  startIndex: number,
  costOf: (window: number) => number,
): number {
  const tried = new Map<number, number>();
  const at = (index: number): number => {
    const window = windows[index];
    if (window === undefined) return Number.POSITIVE_INFINITY;
    const cost = tried.get(window) ?? costOf(window);
    tried.set(window, cost);
    return cost;
  };
  let best = startIndex;
  while (at(best + 1) < at(best)) best += 1;
  if (best === startIndex) while (at(best - 1) < at(best)) best -= 1;
  return windows[best] as number;
}
