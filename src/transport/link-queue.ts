// One direction of an emulated network at work: what was sent waits here until the link model lets it arrive. It knows no
// frames or connections, only sizes and callbacks; the in-memory transport and the link emulator are built on it.

import type { Clock } from '../basics/clock.ts';
import { type Direction, deliver, dropQueued, type LinkSettings, openLink } from '../protocol/link-model.ts';

export interface LinkQueue {
  /** Calls `arrive` when a frame of `frameBytes` that is sent now reaches the other end; never at once, always in order. */
  push(frameBytes: number, arrive: () => void): void;
  /** Application bytes that have not left the sender yet. */
  waitingBytes(): number;
  /** Calls back once when at most `bytes` of what waits now are left; never if the queue is dropped before. */
  whenDrainedTo(bytes: number, callback: () => void): void;
  /** Loses what waits and what is in flight. */
  drop(): void;
}

interface Entry {
  readonly atMs: number;
  readonly arrive: () => void;
}

/** `earlyMs`: what is due this soon is delivered with what is due now; for clocks that wake up no more exactly than that. */
export function createLinkQueue(
  settings: LinkSettings,
  direction: Direction,
  clock: Clock,
  earlyMs: number = 0,
): LinkQueue {
  let link = openLink(settings, direction, clock.nowMs());
  let leaving = createBacklog();
  let inFlight = createSchedule(clock, earlyMs);
  return {
    push(frameBytes, arrive) {
      const delivery = deliver(link, clock.nowMs(), frameBytes);
      link = delivery.state;
      leaving.add(delivery.departureMs, frameBytes);
      inFlight.add(delivery.arrivalMs, arrive);
    },
    waitingBytes: () => leaving.bytes(clock.nowMs()),
    whenDrainedTo(bytes, callback) {
      const backlog = leaving;
      const atMs = backlog.drainedAtMs(clock.nowMs(), bytes);
      clock.after(Math.max(0, atMs - clock.nowMs()), () => {
        if (backlog === leaving) callback();
      });
    },
    drop() {
      inFlight.cancel();
      inFlight = createSchedule(clock, earlyMs);
      leaving = createBacklog();
      link = dropQueued(link, clock.nowMs());
    },
  };
}

/** Calls back in the order of adding, whose times never fall; one timer for all. */
function createSchedule(clock: Clock, earlyMs: number) {
  const entries: Entry[] = [];
  let cancelled = false;
  let cancelWakeUp: (() => void) | undefined;

  function wakeUpForFirst(): void {
    const first = entries[0];
    if (first === undefined || cancelled) return;
    const delayMs = Math.max(0, first.atMs - clock.nowMs());
    cancelWakeUp = clock.after(delayMs, () => deliverDue(first.atMs));
  }

  function deliverDue(firstMs: number): void {
    const dueMs = Math.max(firstMs, clock.nowMs() + earlyMs);
    const later = entries.findIndex((entry) => entry.atMs > dueMs);
    const dueCount = later === -1 ? entries.length : later;
    // They leave the list only afterwards: what the callbacks add must not start a second timer.
    for (const entry of entries.slice(0, dueCount)) if (!cancelled) entry.arrive();
    entries.splice(0, dueCount);
    wakeUpForFirst();
  }

  return {
    add(atMs: number, arrive: () => void): void {
      entries.push({ atMs, arrive });
      if (entries.length === 1) wakeUpForFirst();
    },
    cancel(): void {
      cancelled = true;
      cancelWakeUp?.();
    },
  };
}

/** Bytes that leave at times that never fall. */
function createBacklog() {
  let frames: { readonly departureMs: number; readonly frameBytes: number }[] = [];
  let goneCount = 0;
  let totalBytes = 0;

  function forgetGone(nowMs: number): void {
    for (let first = frames[goneCount]; first !== undefined && first.departureMs <= nowMs; first = frames[goneCount]) {
      totalBytes -= first.frameBytes;
      goneCount += 1;
    }
    if (goneCount * 2 > frames.length) {
      frames = frames.slice(goneCount);
      goneCount = 0;
    }
  }

  return {
    add(departureMs: number, frameBytes: number): void {
      frames.push({ departureMs, frameBytes });
      totalBytes += frameBytes;
    },
    bytes(nowMs: number): number {
      forgetGone(nowMs);
      return totalBytes;
    },
    drainedAtMs(nowMs: number, bytes: number): number {
      forgetGone(nowMs);
      let leftBytes = totalBytes;
      let atMs = nowMs;
      for (let index = goneCount; index < frames.length && leftBytes > bytes; index++) {
        leftBytes -= frames[index]?.frameBytes ?? 0;
        atMs = frames[index]?.departureMs ?? atMs;
      }
      return atMs;
    },
  };
}
