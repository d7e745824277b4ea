// Bursts: what one piece of 64 KiB from the network makes Node do before anybody can refuse it. Tiny chunks of a body, each of which becomes
// a buffer, and requests in a row. The connection is closed, and an address that sends several bursts may not connect for a while.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../core/basics/clock.ts';
import { RateBook } from '../../core/protocol/wire/rate-book.ts';

/** Beyond so many chunks of one body they have to have so many bytes on average. */
const freeChunks = 4096;
const leastChunkBytes = 64;
/** Chunks that are read at once are a burst. Whoever sends single chunks has as much work as whoever reads them; a proxy passes no bursts on. */
const burstChunks = 2048;
/** Bursts that an address may send, lasting and at once: about a twentieth of a processor. */
const burstsPerSecond = 2;
const mostBursts = 16;
/** How long it may not connect where it sends more, ms. */
const barredMs = 5000;

/** Addresses that send bursts. */
export class BurstBook {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #bursts: RateBook;
  /** Addresses that may not connect, and until when, ms. */
  readonly #barred = new Map<string, number>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
    const bytes = { bytesPerSecond: 1, burstBytes: 1 };
    this.#bursts = new RateBook({ framesPerSecond: burstsPerSecond, burstFrames: mostBursts, ...bytes });
  }

  isBarred(address: string): boolean {
    return (this.#barred.get(address) ?? 0) > this.#clock.nowMs();
  }

  /** Counts a burst of this address. @returns whether it may not connect from here on */
  mustRest(address: string): boolean {
    const nowMs = this.#clock.nowMs();
    if (this.#bursts.take(address, nowMs, 0) === 0) return false;
    for (const [other, untilMs] of this.#barred) if (untilMs <= nowMs) this.#barred.delete(other);
    this.#barred.set(address, nowMs + barredMs);
    return true;
  }
}

/** Counts the chunks of a body. @param tooSmall called once: nothing that comes afterwards is kept */
export function watchChunks(request: Pick<IncomingMessage, 'push'>, tooSmall: (areAtOnce: boolean) => void): void {
  const push = request.push.bind(request);
  let chunks = 0;
  let bytes = 0;
  let atOnce = 0;
  let isRefused = false;
  const readAgain = (): void => {
    atOnce = 0;
  };
  request.push = (chunk: Uint8Array | null, encoding) => {
    if (isRefused) return false;
    if (chunk === null) return push(null);
    chunks += 1;
    bytes += chunk.length;
    if (atOnce === 0) setImmediate(readAgain);
    atOnce += 1;
    const areSmall = bytes < chunks * leastChunkBytes;
    if (!areSmall || (chunks <= freeChunks && atOnce <= burstChunks)) return push(chunk, encoding);
    isRefused = true;
    tooSmall(atOnce > burstChunks);
    return false;
  };
}

/** Answers a request whose body is not read, when its chunks have been counted: after the answer Node would make all of them in vain. */
export function answerUnread(request: IncomingMessage, answer: () => void): void {
  if (request.headers['transfer-encoding'] === undefined) answer();
  else request.resume().once('end', answer);
}
