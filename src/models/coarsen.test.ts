// A coarsened model is a valid file of the same shape, near to the weights it was made from, and the same on every run.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../basics/philox.ts';
import { blockReaders, halfToNumber, numberToHalf, writeCoarseBlock } from './coarse-blocks.ts';
import { coarsenModel } from './coarsen.ts';
import { tinyMetadata, writeTinyModel } from './gguf.fixture.ts';
import { readGguf } from './gguf.ts';

describe('half precision', () => {
  it('gives back every number that it can hold', () => {
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

describe('reading blocks', () => {
  const read = (type: string, bytes: readonly number[]): Float64Array => {
    const out = new Float64Array(32);
    blockReaders.get(type)?.(new DataView(Uint8Array.from(bytes).buffer), 0, out);
    return out;
  };
  /** Half of 0.5 and of -2, little endian. */
  const [half, minusTwo] = [
    [0x00, 0x38],
    [0x00, 0xc0],
  ];
  const pairs = Array.from({ length: 16 }, (_, index) => index | ((15 - index) << 4));

  it('takes low halves first, then high ones', () => {
    const rising = Array.from({ length: 16 }, (_, index) => index);
    const both = [...rising, ...rising.toReversed()];
    expect([...read('Q4_1', [...half, ...minusTwo, ...pairs])]).toEqual(both.map((value) => value * 0.5 - 2));
    expect([...read('Q4_0', [...half, ...pairs])]).toEqual(both.map((value) => (value - 8) * 0.5));
    const eight = Array.from({ length: 32 }, (_, index) => index - 16);
    expect([...read('Q8_0', [...half, ...eight.map((value) => value & 255)])]).toEqual(eight.map((value) => value / 2));
  });
});

/** Values of a block of IQ4_NL, read apart from the writer: the table of ggml-common.h. */
function readCoarse(bytes: DataView): Float64Array {
  const table = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
  const scale = halfToNumber(bytes.getUint16(0, true));
  return Float64Array.from({ length: 32 }, (_, index) => {
    const pair = bytes.getUint8(2 + (index % 16));
    return scale * (table[index < 16 ? pair & 15 : pair >> 4] ?? Number.NaN);
  });
}

describe('writing a block', () => {
  it('is near to normally spread weights, and exact for zeros', () => {
    const random = createRandom(7, 1);
    let error = 0;
    let energy = 0;
    for (let block = 0; block < 500; block++) {
      const values = Float64Array.from({ length: 32 }, () => 0.03 * random.normal());
      const out = new DataView(new ArrayBuffer(18));
      writeCoarseBlock(values, out, 0);
      const after = readCoarse(out);
      for (const [index, value] of values.entries()) {
        error += (value - (after[index] ?? 0)) ** 2;
        energy += value * value;
      }
    }
    // Four evenly spaced bits have 0.0065 to 0.0085 here; a wrong table or order is far above 0.1.
    expect(error / energy).toBeLessThan(0.0062);
    const zeros = new DataView(new ArrayBuffer(18));
    writeCoarseBlock(new Float64Array(32), zeros, 0);
    expect([...readCoarse(zeros)].every((value) => value === 0)).toBe(true);
  });
});

describe('coarsening a model', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'outrider-coarsen-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('keeps names, shapes and metadata, and writes the same bytes again', async () => {
    const source = join(directory, 'source.gguf');
    await writeTinyModel(source, 3);
    const first = await coarsenModel(source, join(directory, 'one.gguf'));
    const second = await coarsenModel(source, join(directory, 'two.gguf'));
    expect(second).toEqual(first);
    const [before, after] = [await readGguf(source), await readGguf(join(directory, 'one.gguf'))];
    expect(after.tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(
      before.tensors.map(({ name, shape }) => ({ name, shape })),
    );
    expect(after.fileBytes).toBe(first.byteLength);
    for (const [key, value] of tinyMetadata(3)) {
      if (key !== 'general.file_type') expect(after.metadata.get(key)).toEqual(value);
    }
  });

  it('stops when it is told to', async () => {
    const source = join(directory, 'source.gguf');
    await writeTinyModel(source, 3);
    const signal = AbortSignal.abort();
    await expect(coarsenModel(source, join(directory, 'one.gguf'), { signal })).rejects.toThrow(/abort/i);
  });
});
