// Virtual time: what happens next, and when. Actions run one after the other in the order of their times; at one time in the
// order in which they were asked for. The same actions always run in the same order, and a wait costs nothing.

import type { Clock } from '../basics/clock.ts';
import { invariant } from '../basics/invariant.ts';

interface Entry {
  readonly order: number;
  /** Null once cancelled. */
  action: (() => void) | null;
}

const firstRoom = 256;

export class EventQueue implements Clock {
  /**
   * A binary heap: no entry comes before its parent at (index - 1) >> 1. Times stand beside the entries, so that most comparisons stay in
   * one array of numbers.
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

  /** Actions that are still to come. */
  get waitingCount(): number {
    return this.#entries.length - this.#cancelledCount;
  }

  /** Actions that have run. */
  get ranCount(): number {
    return this.#ranCount;
  }

  /** @param delayMs 0 runs after everything that is due now already */
  after(delayMs: number, action: () => void): () => void {
    return this.at(this.#nowMs + delayMs, action);
  }

  /** Runs `action` at `atMs`, which has not passed yet; the returned function cancels. */
  at(atMs: number, action: () => void): () => void {
    const entry = this.#add(atMs, action);
    return () => {
      if (entry.action === null) return;
      entry.action = null;
      this.#cancelledCount += 1;
    };
  }

  /** As `at`, for what nobody will cancel. */
  post(atMs: number, action: () => void): void {
    this.#add(atMs, action);
  }

  /** Runs the next action. False if there is none. */
  runNext(): boolean {
    return this.#runFirst(Number.POSITIVE_INFINITY);
  }

  /** Runs everything due until then; time stands at `untilMs` afterwards. */
  runUntil(untilMs: number): void {
    while (this.#runFirst(untilMs));
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Runs the first action that is left, if it is due until then. */
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
      // A late cancel must not be counted as one that still waits.
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
    // Asked for last: at the same time it comes after all that are there.
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

  /** There is one. */
  #takeFirst(): Entry {
    const entries = this.#entries;
    const first = entries[0] as Entry;
    const last = entries.pop() as Entry;
    if (entries.length > 0) this.#sink(last, this.#times[entries.length] as number);
    return first;
  }

  /** Puts an entry into the gap at the top, and from there where it belongs. */
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
