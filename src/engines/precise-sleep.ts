// Sleeps to the moment, for steps that are paced to other hardware.

import type { Clock } from '../basics/clock.ts';

/** Timers of the machine may be late by about so much. */
const timerSlackMs = 1.5;

/** Sleeps on a timer, then yields in short turns for the rest, so that a step is exact and other work goes on. */
export function preciseSleep(clock: Clock): (deadlineMs: number) => Promise<void> {
  return async (deadlineMs) => {
    const restMs = deadlineMs - timerSlackMs - clock.nowMs();
    if (restMs > 0) await new Promise<void>((resolve) => clock.after(restMs, resolve));
    while (clock.nowMs() < deadlineMs) await new Promise<void>((resolve) => setImmediate(resolve));
  };
}
