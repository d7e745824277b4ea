// Two-dimensional discrete Fourier transform of a square with a power of two as its side, in place. Its sines are computed by
// square roots alone, so the bits are the same on every machine.

import { invariant } from '../../src/core/basics/invariant.ts';

/**
 * Replaces real + i imaginary (both [size * size], row-major) by the sum over all cells of value * e^(-2 pi i (row + column
 * phase)). With the two arrays exchanged it is the inverse, up to the factor size^2.
 */
export function transformSquare(real: Float64Array, imaginary: Float64Array, size: number): void {
  invariant(size >= 2 && (size & (size - 1)) === 0, `the side is a power of two, not ${size}`);
  const { cosine, sine } = rootsOfUnity(size);
  const rowReal = new Float64Array(size);
  const rowImaginary = new Float64Array(size);
  for (const [lineStep, step] of [
    [size, 1],
    [1, size],
  ] as const) {
    for (let line = 0; line < size; line++) {
      const start = line * lineStep;
      for (let index = 0, from = start; index < size; index++, from += step) {
        rowReal[index] = real[from] as number;
        rowImaginary[index] = imaginary[from] as number;
      }
      transformLine(rowReal, rowImaginary, cosine, sine);
      for (let index = 0, to = start; index < size; index++, to += step) {
        real[to] = rowReal[index] as number;
        imaginary[to] = rowImaginary[index] as number;
      }
    }
  }
}

/** Radix 2, decimation in time. */
function transformLine(real: Float64Array, imaginary: Float64Array, cosine: Float64Array, sine: Float64Array): void {
  const size = real.length;
  reverseBits(real);
  reverseBits(imaginary);
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let block = 0; block < size; block += 2 * half) {
      for (let index = 0; index < half; index++) {
        const upper = block + index;
        const lower = upper + half;
        const turnReal = cosine[index * stride] as number;
        const turnImaginary = -(sine[index * stride] as number);
        const [lowerReal, lowerImaginary] = [real[lower] as number, imaginary[lower] as number];
        const turnedReal = lowerReal * turnReal - lowerImaginary * turnImaginary;
        const turnedImaginary = lowerReal * turnImaginary + lowerImaginary * turnReal;
        const [upperReal, upperImaginary] = [real[upper] as number, imaginary[upper] as number];
        real[lower] = upperReal - turnedReal;
        imaginary[lower] = upperImaginary - turnedImaginary;
        real[upper] = upperReal + turnedReal;
        imaginary[upper] = upperImaginary + turnedImaginary;
      }
    }
  }
}

function reverseBits(values: Float64Array): void {
  const size = values.length;
  for (let index = 1, reversed = 0; index < size; index++) {
    let bit = size >> 1;
    for (; (reversed & bit) !== 0; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (index < reversed) [values[index], values[reversed]] = [values[reversed] as number, values[index] as number];
  }
}

/** cos and sin of 2 pi k / size for k below size / 2, by halving angles: cos(a/2) = sqrt((1 + cos a) / 2). */
function rootsOfUnity(size: number): { cosine: Float64Array; sine: Float64Array } {
  const cosine = new Float64Array(size / 2);
  const sine = new Float64Array(size / 2);
  cosine[0] = 1;
  // The root of index `step` has the angle `angle`. It starts at pi and is halved down to the next neighbour.
  let cosineOfStep = -1;
  let sineOfStep = 0;
  for (let step = size / 4; step >= 1; step /= 2) {
    sineOfStep = Math.sqrt((1 - cosineOfStep) / 2);
    cosineOfStep = step === size / 4 ? 0 : Math.sqrt((1 + cosineOfStep) / 2);
    for (let index = 0; index < size / 2; index += 2 * step) {
      const [c, s] = [cosine[index] as number, sine[index] as number];
      cosine[index + step] = c * cosineOfStep - s * sineOfStep;
      sine[index + step] = s * cosineOfStep + c * sineOfStep;
    }
  }
  return { cosine, sine };
}
