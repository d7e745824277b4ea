// Compares two lists of candidates bit for bit: the base of every comparison of an engine with itself.

import type { Candidates } from '../../core/decoding/candidates.ts';

export interface Difference {
  readonly comparisons: number;
  /** Positions at which any id or any bit of a logit differs. */
  readonly mismatches: number;
  /** Positions with another best candidate: text that would change at temperature 0. */
  readonly changedChoices: number;
  /** Largest difference between the logits of an id. */
  readonly largestDifference: number;
}

/** @param found one for each of `expected`; a missing one counts as different */
export function compareCandidates(expected: readonly Candidates[], found: readonly Candidates[]): Difference {
  let mismatches = 0;
  let changedChoices = 0;
  let largestDifference = 0;
  for (const [index, one] of expected.entries()) {
    const other = found[index] ?? { ids: [], logits: [] };
    if (one.ids[0] !== other.ids[0]) changedChoices += 1;
    if (isSame(one, other)) continue;
    mismatches += 1;
    largestDifference = Math.max(largestDifference, differenceOf(one, other));
  }
  return { comparisons: expected.length, mismatches, changedChoices, largestDifference };
}

function isSame(one: Candidates, other: Candidates): boolean {
  if (one.ids.length !== other.ids.length) return false;
  return one.ids.every((id, at) => id === other.ids[at] && Object.is(one.logits[at], other.logits[at]));
}

/** Over the ids in both lists. */
function differenceOf(one: Candidates, other: Candidates): number {
  const logits = new Map(other.ids.map((id, at) => [id, other.logits[at] as number]));
  const differences = one.ids.map((id, at) => Math.abs((logits.get(id) ?? Number.NaN) - (one.logits[at] as number)));
  return Math.max(0, ...differences.filter((difference) => difference >= 0));
}
