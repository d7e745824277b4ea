// One direction of an emulated network: keeps sent frames until the arrival time of the link model. It knows only sizes and callbacks, no
// frames or connections. The in-memory transport and the link emulator use it.

import type { Clock } from '../basics/clock.ts';
import {
  changeRate,
  type Direction,
  deliver,
  dropQueued,
  type LinkSettings,
  openLink,
} from '../protocol/link-model.ts';

export interface LinkQueue {
  /** Calls `arrive` when a frame of `frameBytes` that is sent now arrives; never synchronously, always in order. */
  push(frameBytes: number, arrive: () => void): void;
  /** Application bytes that have not left the sender yet. */
  waitingBytes(): number;
  /** Calls back once when at most `bytes` of the bytes that wait now are left; never if the queue is dropped before. */
  whenDrainedTo(bytes: number, callback: () => void): void;
  /** Frames that have not left yet, the one that is leaving included, leave at the new rate from now on. */
  changeRate(bitsPerSecond: number): void;
  /** Loses all frames, waiting or in flight. */
  drop(): void;
}

/** @param earlyMs frames that are due within this time are delivered with those that are due now; for clocks with coarse timers */
export function createLinkQueue(
  settings: LinkSettings,
  direction: Direction,
  clock: Clock,
  earlyMs: number = 0,
): LinkQueue {
  let link = openLink(settings, direction, clock.nowMs());
  let leaving = createBacklog();
  let inFlight = createSchedule(clock, earlyMs);
  const drains = new Set<{ readonly bytes: number; readonly callback: () => void; cancel: () => void }>();
  const push = (frameBytes: number, arrive: () => void): void => {
    const delivery = deliver(link, clock.nowMs(), frameBytes);
    link = delivery.state;
    leaving.add(delivery.departureMs, frameBytes);
    inFlight.add({ atMs: delivery.arrivalMs, departureMs: delivery.departureMs, frameBytes, arrive });
  };
  const time = (drain: { readonly bytes: number; readonly callback: () => void; cancel: () => void }): void => {
    drain.cancel();
    const nowMs = clock.nowMs();
    drain.cancel = clock.after(Math.max(0, leaving.drainedAtMs(nowMs, drain.bytes) - nowMs), () => {
      drains.delete(drain);
      drain.callback();
    });
  };
  return {
    push,
    waitingBytes: () => leaving.bytes(clock.nowMs()),
    whenDrainedTo(bytes, callback) {
      const drain = { bytes, callback, cancel: () => {} };
      drains.add(drain);
      time(drain);
    },
    changeRate(bitsPerSecond) {
      const nowMs = clock.nowMs();
      const waiting = inFlight.takeLater(nowMs);
      leaving = createBacklog();
      link = { ...changeRate(link, bitsPerSecond), idleFromMs: nowMs, lastArrivalMs: inFlight.lastMs() };
      for (const { frameBytes, arrive } of waiting) push(frameBytes, arrive);
      for (const drain of drains) time(drain);
    },
    drop() {
      inFlight.cancel();
      inFlight = createSchedule(clock, earlyMs);
      leaving = createBacklog();
      for (const drain of drains) drain.cancel();
      drains.clear();
      link = dropQueued(link, clock.nowMs());
    },
  };
}

/** A frame on its way. */
interface Scheduled {
  readonly atMs: number;
  readonly departureMs: number;
  readonly frameBytes: number;
  readonly arrive: () => void;
}

/** Runs callbacks in the order in which they were added, with one timer. The times must not decrease. */
function createSchedule(clock: Clock, earlyMs: number) {
  const entries: Scheduled[] = [];
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
    // The entries leave the list only afterwards, so that entries which the callbacks add start no second timer.
    for (const entry of entries.slice(0, dueCount)) if (!cancelled) entry.arrive();
    entries.splice(0, dueCount);
    wakeUpForFirst();
  }

  return {
    add(entry: Scheduled): void {
      entries.push(entry);
      if (entries.length === 1) wakeUpForFirst();
    },
    /** Removes those that have not left. */
    takeLater(nowMs: number): Scheduled[] {
      const first = entries.findIndex(({ departureMs }) => departureMs > nowMs);
      const later = first === -1 ? [] : entries.splice(first);
      if (entries.length === 0) cancelWakeUp?.();
      return later;
    },
    lastMs: (): number => entries.at(-1)?.atMs ?? 0,
    cancel(): void {
      cancelled = true;
      cancelWakeUp?.();
    },
  };
}

/** Bytes with their departure times, which must not decrease. */
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
