// Flags with numbers: checked when they are read, so that nothing starts with a bad one.

import { InvalidArgumentError } from 'commander';
import { parseNumber, parseWhole } from '../laboratory/options.ts';

/** For commander's option parser. */
export function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => orInvalid(() => parseNumber(text, low, high));
}

/** For commander's option parser. */
export function wholeBetween(low: number, high: number): (text: string) => number {
  return (text) => orInvalid(() => parseWhole(text, low, high));
}

/** Commander tells the message beside the flag. */
export function orInvalid<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
