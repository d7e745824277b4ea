// Blocks are read like an independent decoder, written near to their weights, and the same bytes on every machine.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../core/basics/philox.ts';
import { tensorTypes } from './tensor-types.ts';
import { isWeightFormat, type WeightFormatName, weightFormats } from './weight-formats.ts';

const names = Object.keys(weightFormats).filter(isWeightFormat);

/** Blocks that hold `values`. */
function write(name: WeightFormatName, values: Float64Array): Uint8Array {
  const { valueCount, byteCount, write } = weightFormats[name];
  const bytes = new Uint8Array((values.length / valueCount) * byteCount);
  for (let block = 0; block * byteCount < bytes.length; block++) {
    const part = values.subarray(block * valueCount, (block + 1) * valueCount);
    write(part, new DataView(bytes.buffer), block * byteCount);
  }
  return bytes;
}

function read(name: WeightFormatName, bytes: Uint8Array): Float64Array {
  const { valueCount, byteCount, read } = weightFormats[name];
  const values = new Float64Array((bytes.length / byteCount) * valueCount);
  for (let block = 0; block * byteCount < bytes.length; block++) {
    const part = values.subarray(block * valueCount, (block + 1) * valueCount);
    read(new DataView(bytes.buffer, bytes.byteOffset), block * byteCount, part);
  }
  return values;
}

function normalWeights(count: number): Float64Array {
  const random = createRandom(7, 1);
  return Float64Array.from({ length: count }, () => Math.fround(0.03 * random.normal()));
}

/** Root of the square error by the energy. */
function relativeError(before: Float64Array, after: Float64Array): number {
  let error = 0;
  let energy = 0;
  for (const [index, value] of before.entries()) {
    error += (value - (after[index] ?? Number.NaN)) ** 2;
    energy += value * value;
  }
  return Math.sqrt(error / energy);
}

describe('the table of formats', () => {
  it.each(names)("%s has GGUF's number and size", (name) => {
    const { type, valueCount, byteCount } = weightFormats[name];
    const known = tensorTypes.get(type);
    expect(known?.name).toBe(name);
    expect(byteCount * (known?.blockValueCount ?? 0)).toBe(valueCount * (known?.blockBytes ?? 0));
  });

  it('falls back to blocks of 32 like llama.cpp', () => {
    const fallbacks = names.map((name) => [name, weightFormats[name].fallback]);
    expect(Object.fromEntries(fallbacks)).toMatchObject({ Q6_K: 'Q8_0', Q5_K: 'Q5_1', Q4_K: 'Q5_0' });
    for (const { fallback, valueCount } of Object.values(weightFormats)) {
      expect(fallback === undefined ? valueCount : weightFormats[fallback].valueCount).toBe(32);
    }
  });
});

describe('reading blocks', () => {
  /** Facts of one block: positions of halves, first value, sum, and sum of each value times its index. */
  type Golden = [WeightFormatName, halves: number[], first: number, sum: number, moment: number];

  // From gguf.quants.dequantize of the Python package gguf 0.19.0. All sums are exact.
  it.each<Golden>([
    ['Q8_0', [0], -40.69775390625, -80.390625, -852.140625],
    ['Q6_K', [208], -565.17333984375, -6332.32421875, -1440106.34765625],
    ['Q5_K', [0, 2], -10.0517578125, 60257.8828125, 8334827.0390625],
    ['Q5_1', [0, 2], 15.28125, 297.56982421875, 4895.96044921875],
    ['Q5_0', [0], 5.52685546875, 13.56591796875, -68.33203125],
    ['Q4_K', [0, 2], -18.0908203125, 25987.359375, 3568523.15625],
    ['Q4_1', [0, 2], 1.212890625, 148.84716796875, 2242.06494140625],
    ['Q4_0', [0], 3.51708984375, 1.50732421875, -1.0048828125],
    ['IQ4_NL', [0], 56.77587890625, 54.76611328125, 516.509765625],
  ])('%s: gives the values that an independent decoder gives', (name, halves, first, sum, moment) => {
    const bytes = Uint8Array.from({ length: weightFormats[name].byteCount }, (_, at) => at * at * 37 + at * 11 + 5);
    for (const at of halves) bytes[at + 1] = at === 0 ? 0x38 : 0x39;
    const values = [...read(name, bytes)];
    expect(values[0]).toBe(first);
    expect(values.reduce((total, value) => total + value, 0)).toBe(sum);
    expect(values.reduce((total, value, index) => total + value * index, 0)).toBe(moment);
  });
});

describe('writing blocks', () => {
  const weights = normalWeights(256 * 200);

  // The limits are measured values, rounded up: a wrong order or scale is far above them. To change the digests on purpose, run the
  // test and copy them; a change of IQ4_NL also changes a model in the manifest.
  it.each<[WeightFormatName, limit: number, digest: string]>([
    ['F32', 1e-12, 'ab278fe55a537efc'],
    ['F16', 3e-4, '8376848e930b2aac'],
    ['Q8_0', 0.0055, 'f2996d8905c21d1d'],
    ['Q6_K', 0.019, '3da076b6a3a441f3'],
    ['Q5_K', 0.039, '7ab72325e035acb9'],
    ['Q5_1', 0.039, '1886c9a0285bebaf'],
    ['Q5_0', 0.043, '226932e4732e57a6'],
    ['Q4_K', 0.079, '7200eb375700907d'],
    ['Q4_1', 0.079, '46c6a64a3ec3d45c'],
    ['Q4_0', 0.086, 'dfb68ad1e821c47d'],
    ['IQ4_NL', 0.074, '5b553268c72b4e83'],
  ])(
    '%s is near to normally spread weights, with an error below %f, and the same everywhere',
    (name, limit, digest) => {
      const bytes = write(name, weights);
      expect(relativeError(weights, read(name, bytes))).toBeLessThan(limit);
      expect(createHash('sha256').update(bytes).digest('hex').slice(0, 16)).toBe(digest);
    },
  );

  it.each(names)('%s keeps zeros, and groups of one sign', (name) => {
    expect(read(name, write(name, new Float64Array(256))).every((value) => value === 0)).toBe(true);
    for (const sign of [1, -1]) {
      const oneSign = weights.subarray(0, 256).map((value) => sign * (0.05 + Math.abs(value)));
      expect(relativeError(oneSign, read(name, write(name, oneSign)))).toBeLessThan(0.07);
    }
  });

  it('Q8_0 keeps the signs of weights that are near to the least scale', () => {
    // 1.4 steps of half precision for each of 127 codes: the scale becomes one step, the codes would be 178.
    const tiny = weights.slice(0, 256).map((value) => Math.sign(value) * 127 * 1.4 * 2 ** -24);
    const after = read('Q8_0', write('Q8_0', tiny));
    expect(tiny.every((value, index) => value * (after[index] ?? Number.NaN) >= 0)).toBe(true);
  });
});
