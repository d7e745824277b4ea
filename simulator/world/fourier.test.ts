// The transform against its definition, and the inverse transform.

import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/basics/philox.ts';
import { transformSquare } from './fourier.ts';

describe('transformSquare', () => {
  it.each([2, 4, 8])('is the sum that defines it, %i cells a side', (size) => {
    const random = createRandom(1);
    const real = Float64Array.from({ length: size * size }, () => random.normal());
    const imaginary = Float64Array.from({ length: size * size }, () => random.normal());
    const [outReal, outImaginary] = [real.slice(), imaginary.slice()];
    transformSquare(outReal, outImaginary, size);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sumReal = 0;
        let sumImaginary = 0;
        for (let cell = 0; cell < size * size; cell++) {
          const angle = (-2 * Math.PI * (row * Math.floor(cell / size) + column * (cell % size))) / size;
          sumReal += (real[cell] as number) * Math.cos(angle) - (imaginary[cell] as number) * Math.sin(angle);
          sumImaginary += (real[cell] as number) * Math.sin(angle) + (imaginary[cell] as number) * Math.cos(angle);
        }
        expect(outReal[row * size + column]).toBeCloseTo(sumReal, 10);
        expect(outImaginary[row * size + column]).toBeCloseTo(sumImaginary, 10);
      }
    }
  });

  it('is inverted by exchanging the two arrays', () => {
    const random = createRandom(2);
    const real = Float64Array.from({ length: 128 * 128 }, () => random.normal());
    const imaginary = new Float64Array(128 * 128);
    const [outReal, outImaginary] = [real.slice(), imaginary.slice()];
    transformSquare(outReal, outImaginary, 128);
    transformSquare(outImaginary, outReal, 128);
    for (let cell = 0; cell < real.length; cell += 97)
      expect((outReal[cell] as number) / 128 ** 2).toBeCloseTo(real[cell] as number, 12);
  });

  it('refuses a side that is no power of two', () => {
    expect(() => transformSquare(new Float64Array(9), new Float64Array(9), 3)).toThrow('power of two');
  });
});
