// Flags with numbers: checked when they are read, so that nothing starts with a bad one.

import { InvalidArgumentError } from 'commander';

/** For commander's option parser. */
export function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Give a number from ${low} to ${high}.`);
  };
}

/** For commander's option parser. */
export function wholeBetween(low: number, high: number): (text: string) => number {
  const parse = numberBetween(low, high);
  return (text) => {
    const value = parse(text);
    if (Number.isInteger(value)) return value;
    throw new InvalidArgumentError(`Give a whole number from ${low} to ${high}.`);
  };
}

/** A 64-bit seed, decimal. */
export function seedFlag(text: string): bigint {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 1n << 64n) {
    throw new InvalidArgumentError('Give a whole number from 0 to 18446744073709551615.');
  }
  return BigInt(text);
}

/** A list such as "0,20,100", for commander's option parser. */
export function numberList(parse: (text: string) => number): (text: string) => number[] {
  return (text) => text.split(',').map((part) => parse(part));
}
