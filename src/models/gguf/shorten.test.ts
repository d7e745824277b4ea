// A shortened model is a valid file without the layers, with every remaining byte unchanged, and the same on every run.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderOfEach } from './folder.fixture.ts';
import { encodeModel, integer, tinyMetadata, tinyTensors, writeTinyModel } from './gguf.fixture.ts';
import { readGguf } from './gguf-file.ts';
import { shortenModel } from './shorten.ts';

const here = folderOfEach();
let source = '';
let destination = '';

beforeEach(async () => {
  source = here('source.gguf');
  destination = here('short.gguf');
  await writeTinyModel(source, 12);
});

async function tensorBytes(path: string): Promise<Map<string, Buffer>> {
  const header = await readGguf(path);
  const file = await readFile(path);
  const cut = (offset: number, length: number) => file.subarray(header.dataStart + offset).subarray(0, length);
  return new Map(header.tensors.map((tensor) => [tensor.name, cut(tensor.offset, tensor.byteLength)]));
}

describe('shortening a model', () => {
  it('removes the layers and renumbers the others', async () => {
    await shortenModel(source, destination, [11, 1, 4]);
    const before = await tensorBytes(source);
    const after = await tensorBytes(destination);
    const keptLayers = [0, 2, 3, 5, 6, 7, 8, 9, 10];
    expect(after.size).toBe(1 + 2 * keptLayers.length);
    expect(after.get('token_embd.weight')).toEqual(before.get('token_embd.weight'));
    for (const [newLayer, layer] of keptLayers.entries()) {
      for (const part of ['attn_q.weight', 'ffn_up.weight']) {
        expect(after.get(`blk.${newLayer}.${part}`)).toEqual(before.get(`blk.${layer}.${part}`));
      }
    }
  });

  it('changes the layer count, the name and values of each layer; nothing else', async () => {
    await shortenModel(source, destination, [4, 1]);
    const { metadata } = await readGguf(destination);
    const expected = tinyMetadata(12);
    expected.set('llama.block_count', integer(10));
    expected.set('general.name', { type: 'string', value: 'Tiny without layers 1, 4' });
    const perLayer = [10, 12, 13, 15, 16, 17, 18, 19, 20, 21];
    expected.set('llama.attention.head_count_kv', { type: 'array', elementType: 'int32', value: perLayer });
    expect([...metadata]).toEqual([...expected]);
  });

  it('places each tensor right behind the one before, padded, as engines demand', async () => {
    await shortenModel(source, destination, [0]);
    const { tensors, alignment, dataStart, fileBytes } = await readGguf(destination);
    let offset = 0;
    for (const tensor of tensors) {
      expect(tensor.offset).toBe(offset);
      offset += Math.ceil(tensor.byteLength / alignment) * alignment;
    }
    expect(fileBytes).toBe(dataStart + offset);
  });

  it('keeps an alignment other than 32', async () => {
    const metadata = tinyMetadata(3).set('general.alignment', integer(64));
    await writeFile(source, encodeModel(metadata, tinyTensors(3), 64));
    await shortenModel(source, destination, [1]);
    const { alignment, tensors } = await readGguf(destination);
    expect(alignment).toBe(64);
    expect(tensors.every((tensor) => tensor.offset % 64 === 0)).toBe(true);
  });

  it('gives the same bytes each time and returns their hash', async () => {
    const first = await shortenModel(source, destination, [3, 5]);
    const bytes = await readFile(destination);
    const again = await shortenModel(source, destination, [5, 3]);
    expect(await readFile(destination)).toEqual(bytes);
    expect(again).toEqual(first);
    expect(first).toEqual({ byteLength: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  });

  it.each([[[12]], [[-1]], [[0.5]], [Array.from({ length: 12 }, (_, layer) => layer)]])(
    'refuses to drop %j',
    async (layers) => {
      await expect(shortenModel(source, destination, layers)).rejects.toMatchObject({ code: 'bad-argument' });
    },
  );

  it('refuses a model without its number of layers', async () => {
    const metadata = tinyMetadata(2);
    metadata.delete('llama.block_count');
    await writeFile(source, encodeModel(metadata, tinyTensors(2)));
    await expect(shortenModel(source, destination, [0])).rejects.toMatchObject({ code: 'model-unreadable' });
  });

  it('stops at an abort', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(shortenModel(source, destination, [0], { signal })).rejects.toThrow('enough');
  });
});
