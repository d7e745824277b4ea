// The monotonic clock of the machine as a `Clock`.

import type { Clock } from '../../core/basics/clock.ts';

/** `performance.now()` and timers. */
export const machineClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
