// How many devices a set can have, if its rows add up to a given number. For felt-bound.ts.

/** How many of the smallest add up to at most `limit`. @param values ascending */
export function countWithin(values: Float64Array, limit: number): number {
  let sum = 0;
  for (const [index, value] of values.entries()) {
    sum += value;
    if (sum > limit) return index;
  }
  return values.length;
}

/** How many of the largest are needed to add up to `limit`; at least 1. @param values ascending */
export function countToReach(values: Float64Array, limit: number): number {
  let sum = 0;
  for (let index = values.length - 1; index >= 0; index--) {
    sum += values[index] as number;
    if (sum >= limit) return values.length - index;
  }
  return values.length + 1;
}
