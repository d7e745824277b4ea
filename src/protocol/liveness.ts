// Both sides of a connection notice a dead peer: who has nothing to say pings, who hears nothing gives up. Time is the clock that
// it is given.

import type { Clock } from '../basics/clock.ts';

/** When a connection is asked for a sign of life, and when it counts as lost. Times in ms. */
export interface LivenessSettings {
  /** Silence of our own after which we ping. */
  readonly pingAfterMs: number;
  /** Silence of the peer after which the connection counts as lost; several times the peer's ping interval. */
  readonly lostAfterMs: number;
}

/** What both sides use unless told. */
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
    // Rounding may leave a wait so short that time would not move.
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
