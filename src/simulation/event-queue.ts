// Virtual time: what happens next, and when. Actions run one after the other in the order of their times; at one time in the
// order in which they were asked for. The same actions always run in the same order, and a wait costs nothing.

import type { Clock } from '../basics/clock.ts';
import { invariant } from '../basics/invariant.ts';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  /** Null once cancelled. */
  action: (() => void) | null;
}

export class EventQueue implements Clock {
  /** A binary heap: no entry comes before its parent at (index - 1) >> 1. */
  readonly #heap: Entry[] = [];
  #nowMs = 0;
  #order = 0;
  #ranCount = 0;
  #cancelledCount = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  /** Actions that are still to come. */
  get waitingCount(): number {
    return this.#heap.length - this.#cancelledCount;
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
    invariant(
      atMs >= this.#nowMs && atMs < Number.POSITIVE_INFINITY,
      `nothing can run at ${atMs}, it is ${this.#nowMs}`,
    );
    const entry: Entry = { atMs, order: this.#order, action };
    this.#order += 1;
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return () => {
      if (entry.action === null) return;
      entry.action = null;
      this.#cancelledCount += 1;
    };
  }

  /** Runs the next action. False if there is none. */
  runNext(): boolean {
    for (;;) {
      const entry = this.#takeFirst();
      if (entry === undefined) return false;
      const { action } = entry;
      if (action === null) {
        this.#cancelledCount -= 1;
        continue;
      }
      // A late cancel must not be counted as one that still waits.
      entry.action = null;
      this.#nowMs = entry.atMs;
      this.#ranCount += 1;
      action();
      return true;
    }
  }

  /** Runs everything due until then; time stands at `untilMs` afterwards. */
  runUntil(untilMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      if (next.action !== null) this.runNext();
      else {
        this.#takeFirst();
        this.#cancelledCount -= 1;
      }
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #takeFirst(): Entry | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    this.#heap[0] = last;
    this.#sink();
    return first;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const entry = heap[from] as Entry;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as Entry;
      if (isBefore(parent, entry)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  /** Puts the entry at the top where it belongs. */
  #sink(): void {
    const heap = this.#heap;
    const entry = heap[0] as Entry;
    const length = heap.length;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (isBefore(entry, heap[child] as Entry)) break;
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = entry;
  }
}

/** Orders are unique, so of two entries exactly one is before the other. */
function isBefore(left: Entry, right: Entry): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
