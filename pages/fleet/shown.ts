// Values as texts.

export const none = '–';

/** Whole from 100 on, else with one digit behind the point where it has one. */
export function shownNumber(number: number | null | undefined): string {
  if (number === null || number === undefined) return none;
  return Math.abs(number) >= 100 ? Math.round(number).toLocaleString('en') : `${Math.round(10 * number) / 10}`;
}

export function shownShare(number: number | null): string {
  return number === null ? none : `${Math.round(100 * number)} %`;
}

/** The steps of the colours of a map, ms a token. */
export const paceSteps = [30, 60, 120, 240];

/** 0: quick; the number of steps: slow. Null: not measured. */
export function paceLevel(number: number | null): number | null {
  if (number === null) return null;
  const level = paceSteps.findIndex((step) => number < step);
  return level === -1 ? paceSteps.length : level;
}

/** Names in the order of a reader: device-2 before device-10. */
const order = new Intl.Collator('en', { numeric: true });

export function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return order.compare(one, other);
}
