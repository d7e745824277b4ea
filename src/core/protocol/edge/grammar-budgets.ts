// How much processor time the grammars of a key may take, to be compiled and to make masks: a bucket for each key that time refills. What
// is spent is known afterwards, so a bucket may be overdrawn. Then the key opens no grammar that is not compiled yet; what is compiled, and
// answers without a grammar, continue.

import { OutriderError } from '../../basics/errors.ts';
import { retryRemedy } from '../../basics/retry-time.ts';

/** Processor time of a full bucket, ms, and what each ms adds to it: a key has at most so much of a processor in the long run. */
const burstCpuMs = 20_000;
const refill = 0.25;
/** A bucket that is overdrawn as far as it may be is full after this time, ms. */
const fullAfterMs = (2 * burstCpuMs) / refill;

interface Bucket {
  readonly leftMs: number;
  readonly atMs: number;
}

export class GrammarBudgets {
  /** By the id of the key; the one that was spent from last is the last. */
  readonly #buckets = new Map<string, Bucket>();

  /** Whether a grammar that is not compiled may be. @throws OutriderError `rate-limited` */
  demand(key: string, nowMs: number): void {
    const { leftMs } = this.#filled(key, nowMs);
    if (leftMs > 0) return;
    const cause = 'the grammars of this key have used their time of the processor';
    throw new OutriderError(
      'rate-limited',
      cause,
      retryRemedy((1 - leftMs) / refill, ', or send ones that were used before'),
    );
  }

  /** @param cpuMs processor time that a grammar of the key has taken, ms */
  spend(key: string, cpuMs: number, nowMs: number): void {
    const { leftMs, atMs } = this.#filled(key, nowMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, { leftMs: Math.max(-burstCpuMs, leftMs - cpuMs), atMs });
    // Keys come and go: a bucket that nobody has spent from for so long is full.
    for (const [first, bucket] of this.#buckets) {
      if (nowMs - bucket.atMs < fullAfterMs) break;
      this.#buckets.delete(first);
    }
  }

  /** Buckets that are kept. */
  get size(): number {
    return this.#buckets.size;
  }

  #filled(key: string, nowMs: number): Bucket {
    const known = this.#buckets.get(key) ?? { leftMs: burstCpuMs, atMs: nowMs };
    const atMs = Math.max(nowMs, known.atMs);
    const leftMs = Math.min(burstCpuMs, known.leftMs + (atMs - known.atMs) * refill);
    if (leftMs === burstCpuMs) this.#buckets.delete(key);
    return { leftMs, atMs };
  }
}
