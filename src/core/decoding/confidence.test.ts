import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confidenceOfUnits, confidenceUnits, roundConfidence } from './confidence.ts';

describe('confidence', () => {
  it('keeps every value of the grid', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), (units) => {
        expect(confidenceUnits(confidenceOfUnits(units))).toBe(units);
      }),
    );
  });

  it('rounds to the grid, and never to 0', () => {
    expect(roundConfidence(1)).toBe(1);
    expect(roundConfidence(1e-30)).toBe(1 / 65_535);
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1, noNaN: true }), (value) => {
        expect(Math.abs(roundConfidence(value) - value)).toBeLessThanOrEqual(1 / 65_535);
        expect(roundConfidence(roundConfidence(value))).toBe(roundConfidence(value));
      }),
    );
  });
});
