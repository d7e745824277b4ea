// Every half-precision number is kept, and others are rounded as in IEEE 754, except that no result is infinite.

import { describe, expect, it } from 'vitest';
import { halfToNumber, numberToHalf } from './half-precision.ts';

describe('half precision', () => {
  it('keeps every number that it can represent', () => {
    for (let bits = 0; bits < 0x7c00; bits++) {
      expect(numberToHalf(halfToNumber(bits))).toBe(bits);
      if (bits > 0) expect(numberToHalf(halfToNumber(bits | 0x8000))).toBe(bits | 0x8000);
    }
  });

  it('rounds to the nearest, ties to even, and stays finite', () => {
    expect(halfToNumber(numberToHalf(1 + 2 ** -11))).toBe(1);
    expect(halfToNumber(numberToHalf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(halfToNumber(numberToHalf(2047.9))).toBe(2048);
    expect(halfToNumber(numberToHalf(1e9))).toBe(65504);
    expect(halfToNumber(numberToHalf(-(2 ** -24)))).toBe(-(2 ** -24));
  });
});
