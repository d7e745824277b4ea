// Searches the largest number of sessions at which a measured value is within a limit: doubling, then a bisection that expects the value to rise
// about evenly. Pure.

/** Steps of the search of large numbers, as a share of the number. */
const precision = 0.02;
/** The first step away from the start of a search, as a share of it. */
const firstStep = 0.1;

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
    // Away from the start, by steps that double, until both ends are known.
    if (high === 1) return 0;
    let count = Math.min(high - 1, Math.max(1, low, start));
    let step = Math.max(1, Math.ceil(firstStep * count));
    if (holdsAt(count)) {
      while (high > most && low < most) {
        holdsAt(Math.min(most, low + step));
        step *= 2;
      }
    } else {
      while (low === 0 && count > 1) {
        count = Math.max(1, count - step);
        holdsAt(count);
        step *= 2;
      }
    }
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
