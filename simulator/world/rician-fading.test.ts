// The moments of the fading factor, and that it depends on its arguments alone.

import { describe, expect, it } from 'vitest';
import { ratioOfDb } from './decibel.ts';
import { createFading } from './rician-fading.ts';

function moments(ricianFactorDb: number): { mean: number; variance: number; deep: number } {
  const fade = createFading(11);
  const count = 200_000;
  let sum = 0;
  let squares = 0;
  let deep = 0;
  for (let block = 0; block < count; block++) {
    const factor = fade(block % 7, block % 3, block, ricianFactorDb);
    sum += factor;
    squares += factor * factor;
    if (factor < 0.1) deep++;
  }
  return { mean: sum / count, variance: squares / count - (sum / count) ** 2, deep: deep / count };
}

describe('fading', () => {
  it.each([Number.NEGATIVE_INFINITY, 0, 9, 20])('has the mean and variance of a Rician factor of %f dB', (factorDb) => {
    const factor = factorDb === Number.NEGATIVE_INFINITY ? 0 : ratioOfDb(factorDb);
    const { mean, variance } = moments(factorDb);
    expect(mean).toBeCloseTo(1, 1);
    expect(Math.abs(mean - 1)).toBeLessThan(0.01);
    expect(Math.abs(variance - (2 * factor + 1) / (factor + 1) ** 2)).toBeLessThan(0.02);
  });

  it('is exponential without a LOS path', () => {
    expect(moments(Number.NEGATIVE_INFINITY).deep).toBeCloseTo(1 - Math.exp(-0.1), 2);
  });

  it('can be asked for in any order, and differs between links and blocks', () => {
    const fade = createFading(1);
    const first = fade(3, 2, 10, 9);
    const others = [fade(2, 3, 10, 9), fade(3, 2, 11, 9), fade(3, 1, 10, 9), createFading(2)(3, 2, 10, 9)];
    expect(fade(3, 2, 10, 9)).toBe(first);
    expect(new Set([first, ...others]).size).toBe(5);
  });
});
