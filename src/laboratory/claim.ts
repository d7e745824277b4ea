// A claim of the paper beside what comes out here: what it says, under which interpretation of what it leaves open, the number measured, its
// interval, and whether it holds. It measures nothing.

import type { Interval } from '../basics/bootstrap.ts';

export interface Claim {
  readonly figure: string;
  /** Name in the summary: "reductionMean". */
  readonly name: string;
  /** What the paper says, in a few words, with its unit. */
  readonly statement: string;
  /** Payload law, unit of lambda, shares, ...: what the paper leaves open, as taken here. */
  readonly interpretation: string;
  readonly claimed: number | string;
  /** Null: there was nothing to measure. */
  readonly measured: number | null;
  /** 95 %; null where nothing varies. */
  readonly interval: Interval | null;
  readonly holds: boolean;
  /** Goes into the summary; one of each name. */
  readonly isMain?: boolean;
}

/** One line of the document: the same keys for every claim. */
export function claimRow(claim: Claim): Readonly<Record<string, string | number | boolean | null>> {
  const { figure, name, statement, interpretation, claimed, measured, interval, holds } = claim;
  const [low, high] = interval ?? [null, null];
  return { figure, name, statement, interpretation, claimed, measured, low, high, holds };
}

/** Flat: `reductionMeanClaimed`, `-Measured`, `-Low`, `-High`, `-Holds` of every main claim. */
export function claimSummary(claims: readonly Claim[]): Record<string, string | number | boolean | null> {
  return Object.fromEntries(
    claims
      .filter(({ isMain }) => isMain === true)
      .flatMap(({ name, claimed, measured, interval, holds }) => [
        [`${name}Claimed`, claimed],
        [`${name}Measured`, measured],
        [`${name}Low`, interval?.[0] ?? null],
        [`${name}High`, interval?.[1] ?? null],
        [`${name}Holds`, holds],
      ]),
  );
}

/** At least as much as is claimed: all of the interval would have to lie below to say no. */
export function reaches(claimed: number, interval: Interval): boolean {
  return interval[1] >= claimed;
}

/** "more than claimed", where the whole interval lies above. */
export function verdict({ claimed, interval, holds }: Claim): string {
  if (!holds) return 'no';
  return typeof claimed === 'number' && interval !== null && interval[0] > claimed ? 'yes, more' : 'yes';
}
