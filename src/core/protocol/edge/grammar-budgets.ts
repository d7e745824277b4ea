// How much processor time the grammars of a key may take, to be compiled and to make masks: a bucket for each key that time refills. What
// is spent is known afterwards, so a bucket may be overdrawn. Then the key opens no grammar that is not compiled yet; what is compiled, and
// answers without a grammar, continue.

import { OutriderError } from '../../basics/errors.ts';
import { Recent } from '../../basics/recent.ts';
import { retryRemedy } from '../../basics/retry-time.ts';

/** Processor time of a full bucket, ms, and what each ms adds to it: a key has at most so much of a processor in the long run. */
const burstCpuMs = 20_000;
const refill = 0.25;
/** Keys whose buckets are kept. */
const mostKeys = 10_000;

interface Bucket {
  readonly leftMs: number;
  readonly atMs: number;
}

export class GrammarBudgets {
  /** By the id of the key, those that are not full. Keys come and go: what was used longest ago is probably full. */
  readonly #buckets = new Recent<Bucket>(mostKeys);

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
    this.#buckets.set(key, { leftMs: Math.max(-burstCpuMs, leftMs - cpuMs), atMs });
  }

  #filled(key: string, nowMs: number): Bucket {
    const known = this.#buckets.get(key) ?? { leftMs: burstCpuMs, atMs: nowMs };
    const atMs = Math.max(nowMs, known.atMs);
    const leftMs = Math.min(burstCpuMs, known.leftMs + (atMs - known.atMs) * refill);
    if (leftMs === burstCpuMs) this.#buckets.delete(key);
    return { leftMs, atMs };
  }
}
