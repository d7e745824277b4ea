// Places that an edge lends to a neighbour cell, for a time. Pure: the time is an argument, by the edge's own clock, which never goes back. The
// edge alone counts its places, and reports to each of the two cells what that one may use, so no clocks are compared and no cell waits for
// the other: what a report says is lent is not the owner's in the same report to it.

/** A loan ends so long after it began, or was renewed, ms. Places that have come home are not lent again for as long. */
export const loanMs = 60_000;

/** It is to be decided so often, ms. Twice before the end, so that a timer that is late makes no gap. */
export const decideEveryMs = 1000;
const decideBeforeMs = 2 * decideEveryMs;

export interface Loan {
  /** The neighbour may use the places before this time; null: they are at home. */
  readonly untilMs: number | null;
  readonly restsUntilMs: number;
}

export const atHome: Loan = { untilMs: null, restsUntilMs: Number.NEGATIVE_INFINITY };

export function isLent({ untilMs }: Loan, nowMs: number): boolean {
  return untilMs !== null && nowMs < untilMs;
}

/** @param isNeeded whether the owner's sessions have all places that are left to them */
export function stepLoan(loan: Loan, isNeeded: boolean, nowMs: number): Loan {
  const { untilMs, restsUntilMs } = loan;
  if (nowMs < restsUntilMs || (untilMs !== null && nowMs < untilMs - decideBeforeMs)) return loan;
  if (!isNeeded) return { ...loan, untilMs: nowMs + loanMs };
  return untilMs === null || nowMs < untilMs ? loan : { untilMs: null, restsUntilMs: nowMs + loanMs };
}
