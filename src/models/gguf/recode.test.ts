// A recoded model is a valid file of the same shape in which only matrices have changed, and the same on every run.

import { readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../core/basics/philox.ts';
import { folderOfEach } from './folder.fixture.ts';
import { integer, tinyMetadata } from './gguf.fixture.ts';
import { readGguf } from './gguf-file.ts';
import { numberToHalf } from './half-precision.ts';
import { recodeModel } from './recode.ts';
import { isWeightFormat, type WeightFormatName, weightFormats } from './weight-formats.ts';
import { planGguf, type UnplacedTensor } from './write.ts';

const formats = Object.keys(weightFormats).filter(isWeightFormat);
const wide: UnplacedTensor = { name: 'wide', shape: [512, 3], type: 0, byteLength: 512 * 3 * 4 };
const narrow: UnplacedTensor = { name: 'narrow', shape: [96, 5], type: 0, byteLength: 96 * 5 * 4 };
/** Neither a whole number of blocks nor a matrix: both stay. */
const odd: UnplacedTensor = { name: 'odd', shape: [20, 2], type: 0, byteLength: 160 };
const vector: UnplacedTensor = { name: 'vector', shape: [256], type: 0, byteLength: 1024 };

const here = folderOfEach();
const at = (name: string): string => here(`${name}.gguf`);

beforeEach(() => writeModel([wide, odd, narrow, vector]));

/** Writes `source`: float32 weights, normally spread. */
async function writeModel(tensors: readonly UnplacedTensor[]): Promise<void> {
  const random = createRandom(11, 1);
  const plan = planGguf(tinyMetadata(1), tensors, 32);
  const file = Buffer.alloc(plan.fileBytes);
  file.set(plan.header);
  for (const [index, { byteLength }] of tensors.entries()) {
    for (let byte = 0; byte < byteLength; byte += 4) {
      file.writeFloatLE(0.02 * random.normal(), (plan.positions[index] ?? 0) + byte);
    }
  }
  await writeFile(at('source'), file);
}

async function tensorsOf(name: string): Promise<Map<string, { typeName: string; bytes: Buffer }>> {
  const { dataStart, tensors } = await readGguf(at(name));
  const file = await readFile(at(name));
  return new Map(
    tensors.map(({ name, typeName, offset, byteLength }) => [
      name,
      { typeName, bytes: file.subarray(dataStart + offset).subarray(0, byteLength) },
    ]),
  );
}

function valuesOf({ typeName, bytes }: { typeName: string; bytes: Buffer }): number[] {
  const { byteCount, valueCount, read } = weightFormats[typeName as WeightFormatName];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(valueCount);
  return Array.from({ length: bytes.length / byteCount }, (_, block) => {
    read(view, block * byteCount, values);
    return [...values];
  }).flat();
}

describe('recoding a model', () => {
  it.each(formats)('to %s changes the matrices, and nothing else', async (format) => {
    const done = await recodeModel(at('source'), at('copy'), format);
    expect(await recodeModel(at('source'), at('again'), format)).toEqual(done);
    const [before, after] = [await tensorsOf('source'), await tensorsOf('copy')];
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const name of ['odd', 'vector']) expect(after.get(name)).toEqual(before.get(name));
    expect(after.get('wide')?.typeName).toBe(format);
    expect(after.get('narrow')?.typeName).toBe(weightFormats[format].fallback ?? format);
    for (const name of ['wide', 'narrow']) {
      const [from, to] = [before.get(name), after.get(name)].map((tensor) => (tensor ? valuesOf(tensor) : []));
      const furthest = Math.max(...(from ?? []).map((value, index) => Math.abs(value - (to?.[index] ?? Number.NaN))));
      // A quarter of the spread; a misplaced value would differ by four spreads.
      expect(furthest).toBeLessThan(0.008);
    }
    const { metadata, fileBytes } = await readGguf(at('copy'));
    expect(fileBytes).toBe(done.byteLength);
    expect([...metadata]).toEqual([...tinyMetadata(1), ['general.file_type', integer(weightFormats[format].fileType)]]);
  });

  it.each(formats)('from %s keeps the values, in blocks of another length too', async (format) => {
    await recodeModel(at('source'), at('coded'), format);
    const coded = await tensorsOf('coded');
    await recodeModel(at('coded'), at('plain'), 'F32');
    for (const [name, tensor] of await tensorsOf('plain')) {
      const from = coded.get(name);
      if (from !== undefined && name !== 'odd') expect(valuesOf(tensor)).toEqual(valuesOf(from).map(Math.fround));
    }
    await recodeModel(at('coded'), at('long'), 'Q6_K');
    expect((await tensorsOf('long')).get('wide')?.typeName).toBe('Q6_K');
  });

  it('copies matrices that have the format already', async () => {
    // Not the choice of our writer: the bytes of some floats.
    await writeModel([{ name: 'coded', shape: [512, 3], type: 12, byteLength: 864 }]);
    await recodeModel(at('source'), at('copy'), 'Q4_K');
    expect(await tensorsOf('copy')).toEqual(await tensorsOf('source'));
  });

  it('continues over the slices of a long matrix', async () => {
    await writeModel([{ name: 'long', shape: [32, 65_537], type: 0, byteLength: 65_537 * 128 }]);
    await recodeModel(at('source'), at('copy'), 'F16');
    const [before, after] = [await tensorsOf('source'), await tensorsOf('copy')];
    for (const index of [0, 2 ** 21 - 1, 2 ** 21, 2 ** 21 + 31]) {
      const value = before.get('long')?.bytes.readFloatLE(4 * index) ?? Number.NaN;
      expect(after.get('long')?.bytes.readUInt16LE(2 * index)).toBe(numberToHalf(value));
    }
  });

  it('refuses weights that it cannot read, before it writes anything', async () => {
    await writeModel([{ name: 'two.bits', shape: [256, 1], type: 10, byteLength: 84 }]);
    const refusal = { code: 'model-unreadable', message: expect.stringContaining('two.bits in Q2_K') };
    await expect(recodeModel(at('source'), at('copy'), 'Q8_0')).rejects.toMatchObject(refusal);
    await expect(readFile(at('copy'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('stops at an abort', async () => {
    const signal = AbortSignal.abort();
    await expect(recodeModel(at('source'), at('copy'), 'Q8_0', { signal })).rejects.toThrow(/abort/i);
  });

  it('numbers IQ4_NL as GGUF does, and reports progress', async () => {
    const progress: number[] = [];
    const onProgress = (bytes: number): void => void progress.push(bytes);
    const { byteLength } = await recodeModel(at('source'), at('coarse'), 'IQ4_NL', { onProgress });
    expect((await readGguf(at('coarse'))).metadata.get('general.file_type')?.value).toBe(25);
    expect(progress.at(-1)).toBe(byteLength);
  });
});
