// Watches the memory of a thread from outside. V8 has a limit of its own for a thread, and ends the whole process where one array grows
// past it at once; so that limit stands far above, and the thread is ended before.

import type { Clock } from '../core/basics/clock.ts';

/** The part of a `Worker` that is watched. */
export interface ThreadWithHeap {
  /** Answered while it works. Rejects: it does not run yet, or no more. */
  getHeapStatistics(): Promise<{ readonly used_heap_size: number }>;
}

/** Time between two checks, ms. */
const checkEveryMs = 100;
const bytesOfMb = 1_048_576;

/**
 * V8's own limit, MiB, for objects that are ended at `mostMb`. An array that grows is copied into one of half as much again, several times
 * until the next check where it is small.
 */
export function ownLimitMb(mostMb: number): number {
  return 4 * mostMb + 1024;
}

export class MemoryWatch {
  readonly #thread: ThreadWithHeap;
  readonly #clock: Clock;
  readonly #mostMb: number;
  readonly #over: (cause: string) => void;
  /** Resident set when the work began, bytes; null: it does nothing. */
  #before: number | null = null;
  #isAsked = false;
  #isStopped = false;
  #cancel = (): void => {};

  /**
   * @param mostMb of its objects, garbage included, MiB; during work the process may grow by twice as much, because memory outside the
   * objects has no limit of its own
   * @param over called once
   */
  constructor(thread: ThreadWithHeap, clock: Clock, mostMb: number, over: (cause: string) => void) {
    this.#thread = thread;
    this.#clock = clock;
    this.#mostMb = mostMb;
    this.#over = over;
    this.#checkLater();
  }

  begins(): void {
    this.#before = process.memoryUsage.rss();
  }

  ends(): void {
    this.#before = null;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #checkLater(): void {
    this.#cancel = this.#clock.after(checkEveryMs, () => {
      this.#checkLater();
      // A thread that collects garbage or is in native code answers later; then the process shows what it takes.
      if (this.#isAsked) this.#checkProcess();
      else void this.#checkObjects();
    });
  }

  async #checkObjects(): Promise<void> {
    this.#isAsked = true;
    const used = await this.#thread.getHeapStatistics().then(
      (heap) => heap.used_heap_size,
      () => 0,
    );
    this.#isAsked = false;
    if (this.#isStopped) return;
    if (used > this.#mostMb * bytesOfMb) this.#end(`its objects took more than ${this.#mostMb} MiB`);
    else this.#checkProcess();
  }

  #checkProcess(): void {
    const mostMb = 2 * this.#mostMb;
    if (this.#before === null || process.memoryUsage.rss() - this.#before <= mostMb * bytesOfMb) return;
    this.#end(`the process grew by more than ${mostMb} MiB`);
  }

  #end(cause: string): void {
    this.stop();
    this.#over(cause);
  }
}
