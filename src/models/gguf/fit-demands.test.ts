// The refusals of `draft fit` before anything is installed or computed.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { demandRoom, type FitPlace, readFitTarget } from './fit-demands.ts';
import { folderOfAll } from './folder.fixture.ts';
import { encodeModel, integer, text, tinyMetadata, tinyTensors, writeTinyModel } from './gguf.fixture.ts';
import { encodeTinyMapped } from './mapped-draft.fixture.ts';
import type { UnplacedTensor } from './write.ts';

/** Free bytes of a directory's disk, instead of the machine's; a missing directory has no value. */
const free = vi.hoisted(() => ({ bytesOf: undefined as ((path: string) => number) | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const statfs = async (path: string): Promise<object> => {
    const status = await real.statfs(path);
    return free.bytesOf === undefined ? status : { blocks: 1, bavail: free.bytesOf(path) / 1000, bsize: 1000 };
  };
  return { ...real, statfs };
});

const here = folderOfAll();

async function changed(key: string, value: string): Promise<string> {
  const path = here(`${value}.gguf`);
  await writeFile(path, encodeModel(tinyMetadata(2).set(key, text(value)), tinyTensors(2)));
  return path;
}

describe('a target for a draft', () => {
  it('is one of the Llama family', async () => {
    const path = here('tiny.gguf');
    await writeTinyModel(path, 2);
    expect(await readFitTarget(path)).toEqual({ parameters: 28 + 2 * (5 + 32), layers: 2, vocabularySize: 7 });
  });

  it('has no other architecture or tokenizer, and is no draft itself', async () => {
    const draft = here('draft.gguf');
    await writeFile(draft, encodeTinyMapped());
    for (const [path, code, words] of [
      [await changed('general.architecture', 'mamba'), 'bad-argument', '"mamba"'],
      [await changed('tokenizer.ggml.model', 'bert'), 'model-unreadable', '"bert"'],
      [draft, 'bad-argument', 'draft itself'],
    ] as const)
      await expect(readFitTarget(path)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it('has no experts, scaled positions or biases', async () => {
    const [embedding, query, ...rest] = tinyTensors(2) as [UnplacedTensor, UnplacedTensor, ...UnplacedTensor[]];
    const bias = [embedding, { ...query, name: 'blk.0.attn_q.bias' }, ...rest];
    const models = {
      experts: encodeModel(tinyMetadata(2).set('llama.expert_count', integer(8)), tinyTensors(2)),
      scaled: encodeModel(tinyMetadata(2).set('llama.rope.scaling.type', text('linear')), tinyTensors(2)),
      biases: encodeModel(tinyMetadata(2), bias),
    };
    for (const [part, model] of Object.entries(models)) {
      const path = here(`${part}.gguf`);
      await writeFile(path, model);
      const refused = { code: 'bad-argument', message: expect.stringContaining(part) };
      await expect(readFitTarget(path), part).rejects.toMatchObject(refused);
    }
  });

  it('may scale its rotation frequencies, have no experts and say so', async () => {
    const factors = { name: 'rope_freqs.weight', shape: [5], type: 0, byteLength: 20 };
    const metadata = tinyMetadata(2).set('llama.expert_count', integer(0)).set('llama.rope.scaling.type', text('none'));
    const path = here('factors.gguf');
    await writeFile(path, encodeModel(metadata, [...tinyTensors(2), factors]));
    expect(await readFitTarget(path)).toMatchObject({ layers: 2 });
  });

  it('is a complete file', async () => {
    const path = here('cut.gguf');
    await writeFile(path, encodeModel(tinyMetadata(2), tinyTensors(2)).subarray(0, 900));
    await expect(readFitTarget(path)).rejects.toMatchObject({ code: 'model-unreadable' });
  });
});

describe('room for the pipeline', () => {
  const target = { parameters: 1000, layers: 2, vocabularySize: 7 };
  const place = (changes: Partial<FitPlace> = {}): FitPlace => ({
    out: here('not', 'yet', 'there'),
    cacheDirectory: here(),
    hasEnvironment: true,
    availableMemoryBytes: 8000,
    ...changes,
  });

  it('is memory for the weights', async () => {
    await demandRoom(target, place());
    const few = place({ availableMemoryBytes: 7999 });
    await expect(demandRoom(target, few)).rejects.toMatchObject({ code: 'memory-full' });
  });

  it('is disk for texts and weights, and for the packages where they are not installed', async () => {
    const cacheDirectory = await mkdtemp(here('cache-'));
    const demand = (hasEnvironment: boolean, outBytes: number, cacheBytes: number) => {
      free.bytesOf = (path) => (path === cacheDirectory ? cacheBytes : outBytes);
      return demandRoom(target, place({ cacheDirectory, hasEnvironment }));
    };
    const enough = 500_000_000;
    const packages = 2_500_000_000;
    await demand(false, enough, packages);
    await demand(true, enough, 0);
    const full = (purpose: RegExp) => ({ code: 'disk-full', message: expect.stringMatching(purpose) });
    await expect(demand(true, enough - 1000, packages)).rejects.toMatchObject(full(/texts and weights/));
    await expect(demand(false, enough, packages - 1000)).rejects.toMatchObject(full(/Python packages/));
  });
});
