import { expect, it } from 'vitest';
import { atHome, isLent, type Loan, loanMs, stepLoan } from './loan.ts';

/** Steps each second. @returns whether the places are lent after each */
function follow(needed: readonly boolean[], everyMs = 1000): boolean[] {
  let loan: Loan = atHome;
  return needed.map((isNeeded, index) => {
    loan = stepLoan(loan, isNeeded, index * everyMs);
    return isLent(loan, index * everyMs);
  });
}

it('lends what the owner does not need, and renews it before its end, by timers that are late too', () => {
  for (const everyMs of [1000, 1003, 1900]) {
    let loan: Loan = atHome;
    for (let nowMs = 0; nowMs < 10 * loanMs; nowMs += everyMs) {
      if (nowMs > 0) expect(isLent(loan, nowMs)).toBe(true);
      loan = stepLoan(loan, false, nowMs);
    }
  }
  expect(follow(Array(200).fill(true))).toEqual(Array(200).fill(false));
});

it('takes its places back at the end of a minute, and keeps them for one', () => {
  const seconds = loanMs / 1000;
  const needed = Array.from({ length: 3 * seconds }, (_, second) => second > 3 && second <= seconds);
  const lent = follow(needed);
  expect(lent.slice(0, seconds)).toEqual(Array(seconds).fill(true));
  expect(lent.slice(seconds, 2 * seconds)).toEqual(Array(seconds).fill(false));
  expect(lent.slice(2 * seconds)).toEqual(Array(seconds).fill(true));
});

it('is over at its end, also where the edge was stopped and has not decided yet', () => {
  const loan = stepLoan(atHome, false, 0);
  expect([isLent(loan, loanMs - 1), isLent(loan, loanMs)]).toEqual([true, false]);
});
