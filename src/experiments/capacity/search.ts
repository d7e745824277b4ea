// Searches the largest number of sessions at which a measured value is within a limit: doubling, then a bisection that expects the value to rise
// about evenly. Pure.

/** Steps of the search of large numbers, as a share of the number. */
const precision = 0.02;

/** Measures each number once, and keeps what was found. */
export class Measured<Found> {
  readonly #measure: (count: number) => Found;
  readonly #valueIn: (found: Found) => number;
  readonly #found = new Map<number, Found>();

  /** @param valueIn rises with the number, apart from noise */
  constructor(measure: (count: number) => Found, valueIn: (found: Found) => number) {
    this.#measure = measure;
    this.#valueIn = valueIn;
  }

  /** What was measured, by number. */
  get found(): ReadonlyMap<number, Found> {
    return this.#found;
  }

  at(count: number): number {
    let found = this.#found.get(count);
    if (found === undefined) {
      found = this.#measure(count);
      this.#found.set(count, found);
    }
    return this.#valueIn(found);
  }

  /**
   * @param start where the search begins, 1 or more @param most where it ends
   * @returns the largest measured number whose value is within the limit, 0 if that of 1 is not; exact up to 50, and to 2 % above
   */
  largestWithin(limit: number, start: number, most: number): number {
    let low = 0;
    let high = most + 1;
    const holdsAt = (count: number): boolean => {
      const holds = this.at(count) <= limit;
      if (holds) low = Math.max(low, count);
      else high = Math.min(high, count);
      return holds;
    };
    // What was measured for another limit counts as well.
    for (const count of [...this.#found.keys()].toSorted((one, other) => one - other)) if (!holdsAt(count)) break;
    let count = Math.min(Math.max(start, low + 1), high - 1);
    if (low === 0 && high > most && count >= 1) while (count > 1 && !holdsAt(count)) count = Math.floor(count / 2);
    count = Math.max(1, low, count);
    while (high > most && count <= most && holdsAt(count)) count = low === most ? most + 1 : Math.min(most, 2 * low);
    for (let tries = 0; high - low > Math.max(1, Math.floor(precision * low)); tries++) {
      const middle = tries % 3 === 2 ? Math.floor((low + high) / 2) : this.#expected(low, high, limit);
      holdsAt(Math.min(high - 1, Math.max(low + 1, middle)));
    }
    return low;
  }

  /** Where a straight line through both ends meets the limit. */
  #expected(low: number, high: number, limit: number): number {
    if (low === 0 || !this.#found.has(high)) return Math.floor((low + high) / 2);
    const [lowValue, highValue] = [this.at(low), this.at(high)];
    return Math.floor(low + ((limit - lowValue) / (highValue - lowValue)) * (high - low));
  }
}
