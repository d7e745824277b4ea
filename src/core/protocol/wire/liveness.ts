// Keep-alive of a connection, on both sides. A side that is silent for `pingAfterMs` sends a ping; a side that receives nothing for
// `lostAfterMs` closes the connection. The clock is an argument.

import { between, type Checks } from '../../basics/check-options.ts';
import type { Clock } from '../../basics/clock.ts';

/** Times in ms. */
export interface LivenessSettings {
  /** Time without a sent frame after which this side sends a ping. */
  readonly pingAfterMs: number;
  /** Time without a received frame after which the connection is lost; several times the peer's `pingAfterMs`. */
  readonly lostAfterMs: number;
}

export const livenessChecks: Checks<LivenessSettings> = { pingAfterMs: between(1), lostAfterMs: between(1) };

/** The default of both sides. */
export const defaultLiveness: LivenessSettings = { pingAfterMs: 4000, lostAfterMs: 15_000 };

/** What a side does when a time is over. */
export interface LivenessActions {
  readonly ping: () => void;
  readonly lost: () => void;
}

/** Its times are fields: each frame sets one, and as a variable of a closure it would be a new object each time. */
export class Liveness {
  readonly #clock: Clock;
  readonly #settings: LivenessSettings;
  readonly #actions: LivenessActions;
  #receivedAtMs: number;
  #sentAtMs: number;
  #cancel: () => void;

  constructor(clock: Clock, settings: LivenessSettings, actions: LivenessActions) {
    this.#clock = clock;
    this.#settings = settings;
    this.#actions = actions;
    this.#receivedAtMs = clock.nowMs();
    this.#sentAtMs = this.#receivedAtMs;
    this.#cancel = clock.after(settings.pingAfterMs, () => this.#check());
  }

  received(): void {
    this.#receivedAtMs = this.#clock.nowMs();
  }

  sent(): void {
    this.#sentAtMs = this.#clock.nowMs();
  }

  stop(): void {
    this.#cancel();
  }

  #check(): void {
    const { pingAfterMs, lostAfterMs } = this.#settings;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#receivedAtMs >= lostAfterMs) {
      this.#actions.lost();
      return;
    }
    if (nowMs - this.#sentAtMs >= pingAfterMs) this.#actions.ping();
    // At least 1 ms: after rounding, a shorter wait might not advance the clock.
    const leftMs = Math.max(1, lostAfterMs - (nowMs - this.#receivedAtMs));
    this.#cancel = this.#clock.after(Math.min(pingAfterMs, leftMs), () => this.#check());
  }
}
