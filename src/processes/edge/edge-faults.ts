// The one place where an edge reports faults, and the one guard around functions of its user: a callback, a clock or a log that fails never
// ends the edge, its loop or a session. It does not decide what a fault means for a session.

import type { Clock } from '../../core/basics/clock.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { EdgeMeter } from './edge-meter.ts';

/** A fault with the same words is reported once in this time, ms. */
const repeatAfterMs = 10_000;
/** Different words that are remembered; further ones are reported each time. */
const mostKnown = 256;

export class EdgeFaults {
  readonly #onFault: (error: unknown) => unknown;
  readonly #nowMs: () => number;
  readonly #reportedAtMs = new Map<string, number>();
  #count = 0;
  /** Called for each reported fault, beside the user's callback; must not throw. */
  reported: (error: unknown) => void = () => {};

  constructor(onFault: (error: unknown) => unknown, nowMs: () => number = () => machineClock.nowMs()) {
    this.#onFault = onFault;
    this.#nowMs = nowMs;
  }

  /** All faults since the start, reported or not. */
  get count(): number {
    return this.#count;
  }

  /** Never throws. */
  report(error: unknown): void {
    this.#count += 1;
    const words = error instanceof Error ? `${error.name} ${error.message}` : String(error);
    const nowMs = this.#nowMs();
    const lastMs = this.#reportedAtMs.get(words);
    if (lastMs !== undefined && nowMs - lastMs < repeatAfterMs) return;
    if (this.#reportedAtMs.size >= mostKnown) this.#reportedAtMs.clear();
    this.#reportedAtMs.set(words, nowMs);
    // If the reporting itself fails, no one is left to report to.
    quietly(() => this.#onFault(error));
    quietly(() => this.reported(error));
  }

  /** Calls a function; what it throws, or rejects with, is reported. @returns its value, or `otherwise` */
  call<Value>(work: () => Value, otherwise: Value): Value {
    try {
      const value = work();
      watchRejection(value, (error) => this.report(error));
      return value;
    } catch (error) {
      this.report(error);
      return otherwise;
    }
  }

  /** A callback of the user that may fail, as one that does not. */
  guard<Args extends unknown[]>(callback: (...args: Args) => unknown): (...args: Args) => void {
    return (...args) => {
      this.call(() => callback(...args), undefined);
    };
  }

  /** A meter whose calls do not throw. */
  guardMeter(meter: EdgeMeter): EdgeMeter {
    return {
      opened: this.guard((session) => meter.opened(session)),
      placed: this.guard((textTokens, heldTokens) => meter.placed(textTokens, heldTokens)),
      committed: this.guard((commit) => meter.committed(commit)),
      ended: this.guard((end) => meter.ended(end)),
      stepped: this.guard((step) => meter.stepped(step)),
    };
  }

  /** A clock whose calls do not throw; what its callbacks throw is reported. Where `after` fails, the machine's timers are used. */
  guardClock(clock: Clock): Clock {
    let lastMs = 0;
    const guardedNowMs = (): number => {
      const nowMs = this.call(() => clock.nowMs(), lastMs);
      if (Number.isFinite(nowMs)) lastMs = nowMs;
      return lastMs;
    };
    return {
      // Asked for several times a token; the machine's own clock needs no guard.
      nowMs: clock === machineClock ? clock.nowMs : guardedNowMs,
      after: (delayMs, callback) => {
        const guarded = this.guard(callback);
        const cancel = this.call<(() => void) | null>(() => clock.after(delayMs, guarded), null);
        return cancel === null ? machineClock.after(delayMs, guarded) : this.guard(cancel);
      },
    };
  }
}

function quietly(work: () => unknown): void {
  try {
    watchRejection(work(), () => {});
  } catch {
    // See `report`.
  }
}

/** A callback may be an async function; its rejection must not end the process. */
function watchRejection(value: unknown, rejected: (error: unknown) => void): void {
  if (value instanceof Promise) value.catch(rejected);
}
