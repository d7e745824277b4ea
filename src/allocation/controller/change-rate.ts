// The rate at which the sessions of edges change: the gain of a move lasts about the mean time between two changes. Pure: the time is an
// argument.

/** Older changes count less, by a factor of e for each of these, ms. */
const memoryMs = 30_000;
/** Before anything was seen: one change in this time, ms. */
const priorMs = 5000;

export class ChangeRate {
  #startMs: number | null = null;
  #atMs = 0;
  /** Changes, each weighted by its age. */
  #count = 0;

  /** An answer begins or ends. */
  changed(nowMs: number): void {
    this.#startMs ??= nowMs;
    this.#count = this.#countAt(nowMs) + 1;
    this.#atMs = nowMs;
  }

  /** Mean time from one change to the next, ms. */
  meanMs(nowMs: number): number {
    const seenMs = this.#startMs === null ? 0 : memoryMs * -Math.expm1((this.#startMs - nowMs) / memoryMs);
    return (priorMs + seenMs) / (1 + this.#countAt(nowMs));
  }

  #countAt(nowMs: number): number {
    return this.#count * Math.exp((this.#atMs - nowMs) / memoryMs);
  }
}
