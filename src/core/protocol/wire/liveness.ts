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

export interface Liveness {
  received(): void;
  sent(): void;
  stop(): void;
}

export function watchLiveness(
  clock: Clock,
  settings: LivenessSettings,
  actions: { readonly ping: () => void; readonly lost: () => void },
): Liveness {
  let receivedAtMs = clock.nowMs();
  let sentAtMs = receivedAtMs;
  let cancel = clock.after(settings.pingAfterMs, check);
  function check(): void {
    const nowMs = clock.nowMs();
    if (nowMs - receivedAtMs >= settings.lostAfterMs) {
      actions.lost();
      return;
    }
    if (nowMs - sentAtMs >= settings.pingAfterMs) actions.ping();
    // At least 1 ms: after rounding, a shorter wait might not advance the clock.
    const leftMs = Math.max(1, settings.lostAfterMs - (nowMs - receivedAtMs));
    cancel = clock.after(Math.min(settings.pingAfterMs, leftMs), check);
  }
  return {
    received: () => {
      receivedAtMs = clock.nowMs();
    },
    sent: () => {
      sentAtMs = clock.nowMs();
    },
    stop: () => cancel(),
  };
}
