// How much of the weights goes out, to whom and how fast, so that downloads take no time from answers: a budget of bytes and a few streams
// for each key or address, and one rate for all streams together.

import { setTimeout } from 'node:timers/promises';
import { RateBook, type Sender } from '../../core/protocol/wire/rate-book.ts';
import { tooMany } from './request-intake.ts';

export interface TabBudgetSettings {
  /** Bytes of the largest file. */
  readonly fileBytes: number;
  /** The rate of all streams together; default: {@link defaultTabRate}. */
  readonly bytesPerSecond?: number | undefined;
  readonly nowMs: () => number;
  /** For tests. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** A draft of 80 MB takes three seconds then, and a few percent of a processor. */
export const defaultTabRate: number = 32 * 1_048_576;
/** Whole files that a key may take at once: many phones may show the same key. */
const burstFiles = 32;
/** A key gets the budget of one more file in this time, seconds. */
const fileSeconds = 60;
/** A small file must not have a small budget. */
const leastFileBytes = 4 * 1_048_576;
/** Streams of a key, or of an address without one, at the same time. */
export const mostStreams = 8;

/** The budgets of one endpoint. */
export class TabBudget {
  readonly #settings: TabBudgetSettings;
  readonly #taken: RateBook;
  readonly #burstBytes: number;
  readonly #streams = new Map<string, number>();
  #freeAtMs = 0;

  constructor(settings: TabBudgetSettings) {
    this.#settings = settings;
    const fileBytes = Math.max(settings.fileBytes, leastFileBytes);
    this.#burstBytes = burstFiles * fileBytes;
    const bytes = { bytesPerSecond: fileBytes / fileSeconds, burstBytes: this.#burstBytes };
    this.#taken = new RateBook({ ...bytes, framesPerSecond: 1000, burstFrames: 1000 });
  }

  /** @returns what is called at the end of the stream: what was not sent is given back @throws ApiError 429 */
  begin({ keyId, address }: Sender, bytes: number): (sentBytes: number) => void {
    const name = keyId === null ? `address ${address}` : `key ${keyId}`;
    const running = this.#streams.get(name) ?? 0;
    if (running >= mostStreams) throw tooMany(`${running} downloads run already; at most ${mostStreams} may`, 1);
    const { nowMs } = this.#settings;
    const takenBytes = Math.min(bytes, this.#burstBytes);
    const waitMs = this.#taken.take(name, nowMs(), takenBytes);
    if (waitMs > 0)
      throw tooMany('this key, or this address, has loaded its share of weights', Math.ceil(waitMs / 1000));
    this.#streams.set(name, running + 1);
    let isOver = false;
    return (sentBytes) => {
      if (isOver) return;
      isOver = true;
      this.#taken.giveBack(name, nowMs(), Math.max(0, takenBytes - sentBytes));
      const left = (this.#streams.get(name) ?? 0) - 1;
      if (left > 0) this.#streams.set(name, left);
      else this.#streams.delete(name);
    };
  }

  /** Waits until so many bytes may be sent. */
  async pace(bytes: number): Promise<void> {
    const { nowMs, bytesPerSecond = defaultTabRate, sleep = setTimeout } = this.#settings;
    const now = nowMs();
    const beginMs = Math.max(now, this.#freeAtMs);
    this.#freeAtMs = beginMs + (1000 * bytes) / bytesPerSecond;
    if (beginMs > now) await sleep(beginMs - now);
  }
}
