// A clock that tests advance.

import type { Clock } from '../../core/basics/clock.ts';

export interface ManualClock extends Clock {
  /** Runs all callbacks that are due up to `untilMs`, each at its own time; afterwards the time is `untilMs`. */
  moveTo(untilMs: number): void;
  /** Callbacks that are neither due nor cancelled. */
  readonly pendingCount: number;
}

export function createManualClock(): ManualClock {
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    get pendingCount() {
      return timers.length;
    },
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    moveTo(untilMs) {
      for (;;) {
        // The sort is stable: callbacks of the same time run in the order in which they were added.
        const due = timers.filter((timer) => timer.atMs <= untilMs).sort((left, right) => left.atMs - right.atMs)[0];
        if (due === undefined) break;
        timers = timers.filter((timer) => timer !== due);
        nowMs = Math.max(nowMs, due.atMs);
        due.callback();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
  };
}
