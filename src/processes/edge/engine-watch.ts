// Notices an engine that does not return from a step. It counts ticks, not time: a machine or a process that was stopped for a while has
// not waited for its engine.

import type { Clock } from '../../core/basics/clock.ts';

/** A step that takes this many times the prediction of the step-time model is too long... */
const tooManyTimes = 50;
/** ...if it also takes this long, ms: the first call of an engine may compile and load. */
export const defaultStallAfterMs = 60_000;

/** Time after which a step counts as one that will not return, ms. @param expectedMs by the step-time model */
export function stallLimitMs(expectedMs: number, stallAfterMs: number): number {
  return Math.max(stallAfterMs, Number.isFinite(expectedMs) ? expectedMs * tooManyTimes : 0);
}

const ticks = 10;

/**
 * @param stalled called once if `limitMs` pass before the returned function is called
 * @param isWaiting whether the engine is known to be away, so that the tick does not count
 */
export function watchEngine(
  clock: Clock,
  limitMs: number,
  stalled: () => void,
  isWaiting: () => boolean = () => false,
): () => void {
  let left = ticks;
  const tick = (): void => {
    if (!isWaiting()) left -= 1;
    if (left === 0) stalled();
    else cancel = clock.after(limitMs / ticks, tick);
  };
  let cancel = clock.after(limitMs / ticks, tick);
  return () => cancel();
}

/** Work that has not returned, and may never do so. */
export class StalledError extends Error {}

/** The promise's value. @throws StalledError if it takes longer than `limitMs`; the work itself continues */
export function withinTime<Value>(clock: Clock, limitMs: number, work: Promise<Value>, what: string): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = watchEngine(clock, limitMs, () =>
      reject(new StalledError(`${what} has not returned in ${limitMs} ms`)),
    );
    work.then(resolve, reject).finally(stop);
  });
}
