// A device's uplink to one edge of its controller: limits it to the rate that the controller sends, and measures how much of that rate is
// used.

import type { UplinkMessage } from '../../allocation/controller/messages.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { type PacedUplink, paceUplink } from '../../network/transport/paced-direction.ts';
import type { Connect } from '../../network/transport/transport.ts';

/** Least time of a measurement: over a shorter one, single frames dominate the rate, ms. */
const leastMeasuredMs = 200;

/** The least rate of a device: below it a frame takes seconds. */
const leastBitsPerSecond = 2000;

type Rates = Pick<UplinkMessage, 'bitsPerSecond' | 'shareBitsPerSecond'>;

export class UplinkLine {
  readonly #paced: PacedUplink;
  readonly #clock: Clock;
  #rates: Rates | null = null;
  /** Since the last measurement: its beginning, what was sent before it, and what the rates until `atMs` have allowed, bits. */
  #since = { ms: 0, sentBytes: 0, allowedBits: 0, atMs: 0 };
  #use: number | null = null;

  constructor(connect: Connect, clock: Clock) {
    this.#paced = paceUplink(connect, Number.POSITIVE_INFINITY, clock);
    this.#clock = clock;
  }

  get connect(): Connect {
    return this.#paced.connect;
  }

  /** bit/s; Infinity: no rate was received. */
  get bitsPerSecond(): number {
    return Math.max(leastBitsPerSecond, this.#rates?.bitsPerSecond ?? Number.POSITIVE_INFINITY);
  }

  setRates(rates: Rates): void {
    const nowMs = this.#clock.nowMs();
    if (this.#rates === null)
      this.#since = { ms: nowMs, sentBytes: this.#paced.sentBytes, allowedBits: 0, atMs: nowMs };
    else this.#count(nowMs);
    this.#rates = rates;
    this.#paced.setRate(this.bitsPerSecond);
  }

  /** No rates come now: it may send at its share, if that is more. What it had beside that stays. */
  keepShare(): void {
    if (this.#rates === null || this.#rates.bitsPerSecond >= this.#rates.shareBitsPerSecond) return;
    this.setRates({ ...this.#rates, bitsPerSecond: this.#rates.shareBitsPerSecond });
  }

  /** Part of its rates that it has used in the last half a second or so, [0, 1]; null: no rate was received yet. */
  use(): number | null {
    const nowMs = this.#clock.nowMs();
    if (this.#rates === null) return null;
    if (nowMs - this.#since.ms < leastMeasuredMs) return this.#use;
    this.#count(nowMs);
    const sentBits = 8 * (this.#paced.sentBytes - this.#since.sentBytes);
    this.#use = Math.min(1, sentBits / Math.max(1, this.#since.allowedBits));
    this.#since = { ms: nowMs, sentBytes: this.#paced.sentBytes, allowedBits: 0, atMs: nowMs };
    return this.#use;
  }

  #count(nowMs: number): void {
    const allowedBits = ((nowMs - this.#since.atMs) * this.bitsPerSecond) / 1000;
    this.#since = { ...this.#since, allowedBits: this.#since.allowedBits + allowedBits, atMs: nowMs };
  }
}
