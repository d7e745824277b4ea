// The event queue of a simulation, and its clock. Actions run one after the other in the order of their times; actions at the same time
// run in the order in which they were added. So a run is deterministic, and waiting takes no real time.

import type { Clock } from '../../src/core/basics/clock.ts';
import { invariant } from '../../src/core/basics/invariant.ts';

interface Entry {
  readonly order: number;
  /** Null once cancelled. */
  action: (() => void) | null;
}

const firstRoom = 256;

export class EventQueue implements Clock {
  /**
   * A binary heap: no entry comes before its parent at (index - 1) >> 1. Times are in a separate array of numbers, which most comparisons
   * read alone.
   */
  readonly #entries: Entry[] = [];
  #times: Float64Array = new Float64Array(firstRoom);
  #nowMs = 0;
  #order = 0;
  #ranCount = 0;
  #cancelledCount = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  /** Number of actions that have not run and were not cancelled. */
  get waitingCount(): number {
    return this.#entries.length - this.#cancelledCount;
  }

  get ranCount(): number {
    return this.#ranCount;
  }

  /** @param delayMs 0: runs after all actions that are already due now */
  after(delayMs: number, action: () => void): () => void {
    return this.at(this.#nowMs + delayMs, action);
  }

  /** Runs `action` at `atMs`, which must not be in the past. @returns a function that cancels it */
  at(atMs: number, action: () => void): () => void {
    const entry = this.#add(atMs, action);
    return () => {
      if (entry.action === null) return;
      entry.action = null;
      this.#cancelledCount += 1;
    };
  }

  /** As `at`, for an action that is never cancelled. */
  post(atMs: number, action: () => void): void {
    this.#add(atMs, action);
  }

  /** Runs the next action. False if there is none. */
  runNext(): boolean {
    return this.#runFirst(Number.POSITIVE_INFINITY);
  }

  /** Runs all actions that are due up to `untilMs`; afterwards the time is `untilMs`. */
  runUntil(untilMs: number): void {
    while (this.#runFirst(untilMs));
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Runs the first action that was not cancelled, if it is due up to `untilMs`. */
  #runFirst(untilMs: number): boolean {
    while (this.#entries.length > 0) {
      const atMs = this.#times[0] as number;
      if (atMs > untilMs) return false;
      const entry = this.#takeFirst();
      const { action } = entry;
      if (action === null) {
        this.#cancelledCount -= 1;
        continue;
      }
      // A cancellation after the run must not count.
      entry.action = null;
      this.#nowMs = atMs;
      this.#ranCount += 1;
      action();
      return true;
    }
    return false;
  }

  #add(atMs: number, action: () => void): Entry {
    invariant(
      atMs >= this.#nowMs && atMs < Number.POSITIVE_INFINITY,
      () => `nothing can run at ${atMs}, it is ${this.#nowMs}`,
    );
    const entry: Entry = { order: this.#order, action };
    this.#order += 1;
    const entries = this.#entries;
    let times = this.#times;
    let index = entries.length;
    if (index === times.length) {
      times = new Float64Array(2 * index);
      times.set(this.#times);
      this.#times = times;
    }
    entries.push(entry);
    // The newest entry comes after all others of the same time.
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((times[parent] as number) <= atMs) break;
      times[index] = times[parent] as number;
      entries[index] = entries[parent] as Entry;
      index = parent;
    }
    times[index] = atMs;
    entries[index] = entry;
    return entry;
  }

  /** The queue must not be empty. */
  #takeFirst(): Entry {
    const entries = this.#entries;
    const first = entries[0] as Entry;
    const last = entries.pop() as Entry;
    if (entries.length > 0) this.#sink(last, this.#times[entries.length] as number);
    return first;
  }

  /** Sifts an entry down from the gap at the top. */
  #sink(entry: Entry, atMs: number): void {
    const entries = this.#entries;
    const times = this.#times;
    const { length } = entries;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#isBefore(child + 1, times[child] as number, entries[child] as Entry)) child += 1;
      if (!this.#isBefore(child, atMs, entry)) break;
      times[index] = times[child] as number;
      entries[index] = entries[child] as Entry;
      index = child;
    }
    times[index] = atMs;
    entries[index] = entry;
  }

  /** Orders are unique, so of two entries exactly one is before the other. */
  #isBefore(index: number, atMs: number, entry: Entry): boolean {
    const time = this.#times[index] as number;
    return time < atMs || (time === atMs && (this.#entries[index] as Entry).order < entry.order);
  }
}
