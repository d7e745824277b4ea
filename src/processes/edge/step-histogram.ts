// A histogram of the times of the engine loop's rounds. It gives quantiles of any number of rounds in constant memory.

const leastMs = 0.01;
/** Bounds grow by a factor of 2^(1/8), so a quantile is exact to within 9 %. */
const perDoubling = 8;
/** Up to 0.01 ms * 2^23, more than a minute. */
const bucketCount: number = 23 * perDoubling;

export class StepHistogram {
  readonly #counts = new Uint32Array(bucketCount);
  #total = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log2(Math.max(leastMs, ms) / leastMs) * perDoubling);
    const index = Math.min(bucketCount - 1, bucket);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#total += 1;
  }

  /** An upper bound, ms, of this share of the rounds; 0 before the first round. @param share 0 to 1 */
  quantile(share: number): number {
    if (this.#total === 0) return 0;
    let left = share * this.#total;
    let index = 0;
    for (; index < bucketCount - 1; index += 1) {
      left -= this.#counts[index] as number;
      if (left <= 0) break;
    }
    return leastMs * 2 ** (index / perDoubling);
  }
}
