// When the requests of a port begin: one in each turn of the event loop, of one address after the other, and of one address no faster than
// its rate. A turn accepts one connection: with long turns, whoever connects would wait for all of thousands that came before.

import type { Clock } from '../../core/basics/clock.ts';
import { RateBook } from '../../core/protocol/wire/rate-book.ts';

/** A request that its client leaves has cost the start of an answer, and its end: it counts as so many. */
const leftRequests = 8;

interface Pending {
  readonly begin: () => void;
  readonly isGone: () => boolean;
}

export interface RequestRate {
  readonly requestsPerSecond: number;
  /** Requests that may begin at once. */
  readonly burstRequests: number;
}

export class RequestTurns {
  readonly #queues = new Map<string, Pending[]>();
  readonly #rates: RateBook;
  readonly #clock: Pick<Clock, 'nowMs'>;
  #isTaken = false;
  #timer: NodeJS.Timeout | null = null;

  constructor({ requestsPerSecond, burstRequests }: RequestRate, clock: Pick<Clock, 'nowMs'>) {
    const frames = { framesPerSecond: requestsPerSecond, burstFrames: burstRequests };
    this.#rates = new RateBook({ ...frames, bytesPerSecond: 1, burstBytes: 1 });
    this.#clock = clock;
  }

  /** @param isGone whether its client has left: then it does not begin, and takes nothing of the rate */
  take(address: string, begin: () => void, isGone: () => boolean): void {
    const queue = this.#queues.get(address) ?? [];
    queue.push({ begin, isGone });
    this.#queues.set(address, queue);
    if (!this.#isTaken) this.#next();
  }

  /** A client of this address has left before its answer was whole: of its requests, that many fewer may begin. */
  left(address: string): void {
    this.#rates.penalise(address, this.#clock.nowMs(), leftRequests - 1);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#queues.clear();
  }

  #next(): void {
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const [address, queue] of this.#queues) {
      while (queue[0]?.isGone() === true) queue.shift();
      const waitMs = queue.length === 0 ? 0 : this.#rates.take(address, this.#clock.nowMs(), 0);
      if (waitMs > 0) {
        soonestMs = Math.min(soonestMs, waitMs);
        continue;
      }
      const first = queue.shift();
      this.#queues.delete(address);
      if (first === undefined) continue;
      if (queue.length > 0) this.#queues.set(address, queue);
      this.#begin(first.begin);
      return;
    }
    if (soonestMs === Number.POSITIVE_INFINITY || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.#isTaken) this.#next();
    }, soonestMs);
  }

  #begin(begin: () => void): void {
    this.#isTaken = true;
    setImmediate(() => {
      this.#isTaken = false;
      this.#next();
    });
    begin();
  }
}
