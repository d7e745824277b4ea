// How long a session that is refused would have to wait for a place, from how often places became free lately. Pure.

/** What is remembered of the places that have become free: their times, ms, oldest first. */
export type FreedPlaces = readonly number[];

/** Enough for a mean, few enough to follow a change. */
const remembered = 32;
/** Without a place that became free: the least that a client should pause, ms. */
const unknownMs = 2000;
/** A longer estimate would be a guess, ms. */
const longestMs = 120_000;

export function noteFreed(freed: FreedPlaces, nowMs: number): FreedPlaces {
  return [...freed.slice(1 - remembered), nowMs];
}

/**
 * Time until one more session would get a place: each that waits takes the next that becomes free.
 * @param waiting sessions that wait now
 * @returns ms, from 1 s to 2 minutes
 */
export function estimateWaitMs(freed: FreedPlaces, waiting: number, nowMs: number): number {
  const [first] = freed;
  if (first === undefined) return unknownMs;
  // The time since the last one counts as well: where nothing becomes free, the mean grows.
  const meanMs = (nowMs - first) / freed.length;
  return Math.min(longestMs, Math.max(1000, meanMs * (waiting + 1)));
}
