import { describe, expect, it } from 'vitest';
import { ratioOfDb } from './decibel.ts';
import { noisePowerW } from './noise.ts';

describe('ratioOfDb', () => {
  it('is 10^(dB / 10) to 1e-10, in and beyond the table', () => {
    for (let valueDb = -400; valueDb < 400; valueDb += 0.3717)
      expect(Math.abs(ratioOfDb(valueDb) / 10 ** (valueDb / 10) - 1)).toBeLessThan(1e-10);
    expect(ratioOfDb(0)).toBe(1);
    expect(ratioOfDb(-5000)).toBe(0);
    expect(ratioOfDb(Number.NaN)).toBeNaN();
  });
});

describe('noise', () => {
  it('is -110.021 dBm over 2.5 MHz, and 5 dB more with such a noise figure', () => {
    expect(10 * Math.log10(noisePowerW(2.5e6, 0) * 1e3)).toBeCloseTo(-110.0206, 4);
    expect(noisePowerW(2.5e6, 5) / noisePowerW(2.5e6, 0)).toBeCloseTo(10 ** 0.5, 9);
  });
});
