// Numbers of a range as rules of a grammar: in decimal digits, without exponents, so that a text is within the range wherever it ends.

import { choice, literal, optional, type RulePart, sequence } from './grammar-rules.ts';

/** Bounds that a number must keep; null: none. */
export interface NumberRange {
  readonly least: number | null;
  readonly most: number | null;
  /** Whether the bound itself is outside. */
  readonly isLeastOpen: boolean;
  readonly isMostOpen: boolean;
}

/** Digits of the longest whole number that is written. */
const mostDigits = 15;
const fraction = optional('"." [0-9]{1,15}');
const noFraction = optional('"." "0"');

/** Whole numbers of a range, which may have any bounds. */
export function integersOf({ least, most, isLeastOpen, isMostOpen }: NumberRange): RulePart {
  const first = least === null ? null : isLeastOpen ? Math.floor(least) + 1 : Math.ceil(least);
  const last = most === null ? null : isMostOpen ? Math.ceil(most) - 1 : Math.floor(most);
  const options: RulePart[] = [];
  if (last === null || last >= 0) options.push(...wholes(Math.max(0, first ?? 0), last));
  if (first === null || first < 0)
    options.push(
      ...wholes(Math.max(1, -(last ?? -1)), first === null ? null : -first).map((one) => sequence('"-"', one)),
    );
  return choice(options);
}

/** Numbers of a range whose bounds are whole. */
export function numbersOf({ least, most, isLeastOpen, isMostOpen }: NumberRange): RulePart {
  const options: RulePart[] = [];
  const crossesZero = (least ?? -1) < 0 && (most ?? 1) > 0;
  if (crossesZero || (least !== null && least >= 0))
    options.push(...decimals(Math.max(0, least ?? 0), !crossesZero && isLeastOpen, most, isMostOpen));
  if (crossesZero || (most !== null && most <= 0))
    options.push(
      ...decimals(
        Math.max(0, -(most ?? 0)),
        !crossesZero && isMostOpen,
        least === null ? null : -least,
        isLeastOpen,
      ).map((one) => sequence('"-"', one)),
    );
  // Both signs: zero of a range that ends there is written without one.
  if (most === 0 && !isMostOpen && (least ?? -1) < 0) options.push('"0"');
  return choice(options);
}

function decimals(least: number, isLeastOpen: boolean, most: number | null, isMostOpen: boolean): readonly RulePart[] {
  if (most !== null && (most < least || (most === least && (isLeastOpen || isMostOpen)))) return [];
  if (most === least) return [sequence(literal(`${least}`), noFraction)];
  const between = choice(wholes(least + 1, most === null ? null : most - 1));
  const lowest = isLeastOpen ? '"." [0-9]{0,14} [1-9]' : fraction;
  const highest = isMostOpen || most === null ? [] : [sequence(literal(`${most}`), noFraction)];
  return [sequence(literal(`${least}`), lowest), sequence(between, fraction), ...highest];
}

/** Whole numbers from 0, by their count of digits; all of several counts stand together. */
function wholes(least: number, most: number | null): readonly RulePart[] {
  const limit = 10 ** mostDigits - 1;
  const [from, to] = [Math.min(least, limit), Math.min(most ?? limit, limit)];
  if (from > to) return [];
  const [shortest, longest] = [`${from}`.length, `${to}`.length];
  if (shortest === longest) return [sameLength(`${from}`, `${to}`)];
  const between = sequence('[1-9]', `[0-9]{${shortest},${longest - 2}}`);
  return [
    sameLength(`${from}`, '9'.repeat(shortest)),
    ...(longest - shortest > 1 ? [between] : []),
    sameLength(`1${'0'.repeat(longest - 1)}`, `${to}`),
  ];
}

/** Numbers from one to another of as many digits. */
function sameLength(low: string, high: string): RulePart {
  if (low === '') return sequence();
  if (/^0*$/.test(low.slice(1)) && /^9*$/.test(high.slice(1)))
    return sequence(`[${low[0]}-${high[0]}]`, ...anyDigits(low.length - 1));
  if (low[0] === high[0]) return sequence(literal(low[0] as string), sameLength(low.slice(1), high.slice(1)));
  const rest = low.length - 1;
  const [first, last] = [Number(low[0]) + 1, Number(high[0]) - 1];
  return choice([
    sequence(literal(low[0] as string), sameLength(low.slice(1), '9'.repeat(rest))),
    ...(first <= last ? [sequence(`[${first}-${last}]`, ...anyDigits(rest))] : []),
    sequence(literal(high[0] as string), sameLength('0'.repeat(rest), high.slice(1))),
  ]);
}

function anyDigits(count: number): readonly string[] {
  return count === 0 ? [] : [count === 1 ? '[0-9]' : `[0-9]{${count}}`];
}
