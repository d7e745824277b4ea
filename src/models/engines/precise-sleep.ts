// Sleeps precisely, for steps that are paced to other hardware.

import type { Clock } from '../../core/basics/clock.ts';

/** The machine's timers may be late by about this much. */
const timerSlackMs = 1.5;

/** Sleeps on a timer, then yields in short intervals for the rest: the step's time is exact and other work continues. */
export function preciseSleep(clock: Clock): (deadlineMs: number) => Promise<void> {
  return async (deadlineMs) => {
    const restMs = deadlineMs - timerSlackMs - clock.nowMs();
    if (restMs > 0) await new Promise<void>((resolve) => clock.after(restMs, resolve));
    while (clock.nowMs() < deadlineMs) await new Promise<void>((resolve) => setImmediate(resolve));
  };
}
