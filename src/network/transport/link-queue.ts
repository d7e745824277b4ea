// One direction of an emulated network: keeps sent frames until the arrival time of the link model. It uses only sizes and callbacks, no
// frames or connections. The in-memory transport and the link emulator use it.

import type { Clock } from '../../core/basics/clock.ts';
import {
  changeRate,
  type Direction,
  deliver,
  dropQueued,
  type LinkSettings,
  type LinkState,
  openLink,
} from '../../core/protocol/wire/link-model.ts';

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
  const push = (frameBytes: number, arrive: () => void, leftBytes = frameBytes): void => {
    const startMs = Math.max(clock.nowMs(), link.idleFromMs);
    const { state, departureMs, arrivalMs } = deliver(link, clock.nowMs(), leftBytes);
    link = state;
    leaving.add(departureMs, frameBytes);
    inFlight.add({ atMs: arrivalMs, startMs, departureMs, frameBytes, leftBytes, arrive });
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
      if (bitsPerSecond === rateOf(link)) return;
      const nowMs = clock.nowMs();
      const waiting = inFlight.takeLater(nowMs);
      leaving = createBacklog();
      link = { ...changeRate(link, bitsPerSecond), idleFromMs: nowMs, lastArrivalMs: inFlight.lastMs() };
      for (const { frameBytes, arrive, startMs, departureMs, leftBytes } of waiting) {
        // What of a frame has left is not sent again.
        const part = Math.min(1, Math.max(0, (nowMs - startMs) / (departureMs - startMs)));
        push(frameBytes, arrive, Math.ceil(leftBytes * (1 - part)));
      }
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

function rateOf({ direction, settings }: LinkState): number {
  return direction === 'up' ? settings.uplinkBitsPerSecond : settings.downlinkBitsPerSecond;
}

interface Scheduled {
  readonly atMs: number;
  readonly startMs: number;
  readonly departureMs: number;
  readonly frameBytes: number;
  /** What of it was still to be sent when it was last timed. */
  readonly leftBytes: number;
  readonly arrive: () => void;
}

/** Runs callbacks in the order in which they were added, with one timer. The times must not decrease. */
function createSchedule(clock: Clock, earlyMs: number) {
  const entries: Scheduled[] = [];
  let cancelled = false;
  let isDelivering = false;
  let cancelWakeUp: (() => void) | undefined;

  function wakeUpForFirst(): void {
    const first = entries[0];
    if (first === undefined || cancelled) return;
    const delayMs = Math.max(0, first.atMs - clock.nowMs());
    cancelWakeUp = clock.after(delayMs, () => deliverDue(first.atMs));
  }

  function deliverDue(firstMs: number): void {
    const dueMs = Math.max(firstMs, clock.nowMs() + earlyMs);
    const due = new Set(entries.filter(({ atMs }) => atMs <= dueMs));
    isDelivering = true;
    for (let first = entries[0]; first !== undefined && due.has(first) && !cancelled; first = entries[0]) {
      // A callback may add frames, which wait for the next time, and change the rate of those that wait.
      entries.shift();
      first.arrive();
    }
    isDelivering = false;
    wakeUpForFirst();
  }

  return {
    add(entry: Scheduled): void {
      entries.push(entry);
      if (entries.length === 1 && !isDelivering) wakeUpForFirst();
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
