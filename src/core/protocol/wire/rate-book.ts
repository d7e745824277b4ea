// The rate limits of many senders, each by its name: a key, or an address. It only decides.

import { Recent } from '../../basics/recent.ts';
import { createRateLimit, type RateLimit, type RateLimitSettings, take } from './rate-limit.ts';

/** Names that are remembered; beyond it the one that sent longest ago is forgotten. */
const mostNames = 4096;

/** One limit for each name. */
export class RateBook {
  readonly #settings: RateLimitSettings;
  readonly #rates = new Recent<RateLimit>(mostNames);

  constructor(settings: RateLimitSettings) {
    this.#settings = settings;
  }

  /** As {@link take}, from the limit of this name. @returns ms until so much may be taken; 0: it is taken */
  take(name: string, nowMs: number, bytes: number, keptBytes = 0): number {
    const { state, waitMs } = take(this.#rateOf(name, nowMs), nowMs, bytes, keptBytes);
    this.#rates.set(name, state);
    return waitMs;
  }

  /** Takes frames that were not sent, as far as there are some. */
  penalise(name: string, nowMs: number, frames: number): void {
    const rate = this.#rateOf(name, nowMs);
    this.#rates.set(name, { ...rate, frames: Math.max(0, rate.frames - frames) });
  }

  /** Bytes that were taken, and not used. */
  giveBack(name: string, nowMs: number, bytes: number): void {
    const rate = this.#rateOf(name, nowMs);
    this.#rates.set(name, { ...rate, bytes: Math.min(this.#settings.burstBytes, rate.bytes + bytes) });
  }

  #rateOf(name: string, nowMs: number): RateLimit {
    return this.#rates.get(name) ?? createRateLimit(this.#settings, nowMs);
  }
}

/** Who sends something that is no frame of a connection. */
export interface Sender {
  /** Null: no key was accepted, or none is asked for; then the address counts. */
  readonly keyId: string | null;
  readonly address: string;
}

/** The part of a bucket of bytes that stays for frames. */
const keptShare = 0.25;

/** One limit for each key, whatever it sends and from where, and one for each address that has shown none. */
export class SenderRates {
  readonly #settings: RateLimitSettings;
  readonly #keys: RateBook;
  readonly #addresses: RateBook;

  constructor(settings: RateLimitSettings) {
    this.#settings = settings;
    this.#keys = new RateBook(settings);
    this.#addresses = new RateBook(settings);
  }

  /** @returns whether a key's connection may send so much now */
  frame(keyId: string, nowMs: number, bytes: number): boolean {
    return this.#keys.take(keyId, nowMs, bytes) === 0;
  }

  /**
   * Takes bytes that came otherwise, over HTTP. A quarter of the bucket stays for frames, so that running answers continue; what is larger
   * than the rest of it is allowed when it is full, and takes all of the rest.
   * @returns ms until so many may be taken; 0: they are taken
   */
  spend({ keyId, address }: Sender, nowMs: number, bytes: number): number {
    const kept = keptShare * this.#settings.burstBytes;
    const most = Math.min(bytes, this.#settings.burstBytes - kept);
    return keyId === null
      ? this.#addresses.take(address, nowMs, most, kept)
      : this.#keys.take(keyId, nowMs, most, kept);
  }
}
