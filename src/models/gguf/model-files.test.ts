// A split model is all of its files: each counts, and a set that is not whole is refused by the name of what is wrong.

import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOfEach } from './folder.fixture.ts';
import { encodeModel, integer, tinyMetadata, tinyTensors } from './gguf.fixture.ts';
import type { GgufValue } from './gguf.ts';
import { modelDigest, readModel, readWholeFile } from './model-files.ts';
import type { UnplacedTensor } from './write.ts';

const here = folderOfEach();

const tensors = tinyTensors(3);
const pathOf = (number: number, name = 'model', count = 3): string =>
  here(`${name}-0000${number}-of-0000${count}.gguf`);

function shard(index: number, own: readonly UnplacedTensor[], changes: Iterable<readonly [string, GgufValue]> = []) {
  const split: [string, GgufValue][] = [
    ['split.no', { type: 'uint16', value: index }],
    ['split.count', { type: 'uint16', value: 3 }],
    ['split.tensors.count', integer(tensors.length)],
  ];
  return encodeModel(new Map([...(index === 0 ? tinyMetadata(3) : []), ...split, ...changes]), own);
}

/** Three files: the first with metadata alone, as `gguf-split --no-tensor-first-split` writes it. */
async function writeSet(name = 'model'): Promise<void> {
  for (const [index, own] of [[], tensors.slice(0, 4), tensors.slice(4)].entries())
    await writeFile(pathOf(index + 1, name), shard(index, own));
}

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'model-unreadable', message: expect.stringMatching(message) });

describe('a split model', () => {
  it('has the metadata of its first file, the tensors of all, and the size of all', async () => {
    await writeSet();
    const model = await readModel(pathOf(1));
    expect(model.paths).toEqual([1, 2, 3].map((number) => pathOf(number)));
    expect(model.tensors.map(({ name }) => name)).toEqual(tensors.map(({ name }) => name));
    const sizes = [[], tensors.slice(0, 4), tensors.slice(4)].map((own, index) => shard(index, own).length);
    expect(model.fileBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(model.metadata.get('general.architecture')?.value).toBe('llama');
  });

  it('is refused where a file is missing, and by any but its first file', async () => {
    await writeSet();
    await expect(readModel(pathOf(2))).rejects.toThrow(refusal(/is part 2 of 3 of a split model$/));
    await expect(readModel(pathOf(2))).rejects.toMatchObject({ remedy: expect.stringContaining(basename(pathOf(1))) });
    await rm(pathOf(3));
    await expect(readModel(pathOf(1))).rejects.toThrow(refusal(/has 3 parts, and part 3 can't be read/));
  });

  it('is refused under another name, by which the others are not found', async () => {
    await writeSet();
    await rename(pathOf(1), here('lone.gguf'));
    await expect(readModel(here('lone.gguf'))).rejects.toThrow(refusal(/has another name/));
    await copyFile(here('lone.gguf'), pathOf(1, 'model', 2));
    await expect(readModel(pathOf(1, 'model', 2))).rejects.toThrow(refusal(/has another name/));
  });

  it('is refused where its files do not belong together', async () => {
    await writeSet();
    const foreign = refusal(/model-00003-of-00003\.gguf is a part of another model/);
    await copyFile(pathOf(2), pathOf(3));
    await expect(readModel(pathOf(1))).rejects.toThrow(foreign);
    await writeFile(pathOf(3), encodeModel(tinyMetadata(3), tensors));
    await expect(readModel(pathOf(1))).rejects.toThrow(foreign);
    await writeFile(pathOf(3), shard(2, tensors.slice(4), [['split.tensors.count', integer(tensors.length + 1)]]));
    await expect(readModel(pathOf(1))).rejects.toThrow(foreign);
    await writeFile(pathOf(3), shard(2, tensors.slice(5)));
    await expect(readModel(pathOf(1))).rejects.toThrow(refusal(/its parts have others/));
    await writeFile(pathOf(3), shard(2, [...tensors.slice(5), ...tensors.slice(0, 1)]));
    await expect(readModel(pathOf(1))).rejects.toThrow(refusal(/its parts have others/));
  });

  it.each<[string, GgufValue]>([
    ['2^32 - 2', integer(2 ** 32 - 2)],
    ['2^63', { type: 'uint64', value: 2n ** 63n }],
    ['10^300', { type: 'float64', value: 1e300 }],
    ['infinitely many', { type: 'float32', value: Number.POSITIVE_INFINITY }],
    ['2.5', { type: 'float32', value: 2.5 }],
  ])('is refused with %s parts, of which no list is made', async (_, count) => {
    for (const index of [0, 1]) {
      await writeFile(pathOf(index + 1), shard(index, [], [['split.count', count]]));
      await expect(readModel(pathOf(index + 1))).rejects.toThrow(refusal(/has another name/));
    }
  });

  it('is joined before its single files are read for another purpose', async () => {
    await writeSet();
    await expect(readWholeFile(pathOf(1))).rejects.toThrow(refusal(/is part 1 of 3/));
  });
});

describe('a digest', () => {
  it('is that of the file for a single one, and depends on every file and on their order otherwise', () => {
    expect(modelDigest(['aa'])).toBe('aa');
    const digests = [['aa', 'bb'], ['bb', 'aa'], ['aa', 'bc'], ['aa', 'bb', 'cc'], ['aa']].map(modelDigest);
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});
