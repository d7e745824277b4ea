// What `draft fit` refuses before anything is installed or computed.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demandRoom, type FitPlace, readFitTarget } from './fit-demands.ts';
import { encodeModel, text, tinyMetadata, tinyTensors, writeTinyModel } from './gguf.fixture.ts';
import { encodeTinyMapped } from './mapped-draft.fixture.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outrider-fit-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function changed(key: string, value: string): Promise<string> {
  const path = join(directory, `${value}.gguf`);
  await writeFile(path, encodeModel(tinyMetadata(2).set(key, text(value)), tinyTensors(2)));
  return path;
}

describe('a target to make a draft for', () => {
  it('is one of the Llama family', async () => {
    const path = join(directory, 'tiny.gguf');
    await writeTinyModel(path, 2);
    expect(await readFitTarget(path)).toEqual({ parameters: 28 + 2 * (5 + 32), layers: 2, vocabularySize: 7 });
  });

  it('has no other architecture or tokenizer, and is no draft itself', async () => {
    const architecture = await changed('general.architecture', 'mamba');
    await expect(readFitTarget(architecture)).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/"mamba"/),
    });
    const tokenizer = await changed('tokenizer.ggml.model', 'bert');
    await expect(readFitTarget(tokenizer)).rejects.toMatchObject({
      code: 'model-unreadable',
      message: expect.stringMatching(/"bert"/),
    });
    const draft = join(directory, 'draft.gguf');
    await writeFile(draft, encodeTinyMapped());
    await expect(readFitTarget(draft)).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/draft itself/),
    });
  });

  it('is a whole file', async () => {
    const path = join(directory, 'cut.gguf');
    await writeFile(path, encodeModel(tinyMetadata(2), tinyTensors(2)).subarray(0, 900));
    await expect(readFitTarget(path)).rejects.toMatchObject({ code: 'model-unreadable' });
  });
});

describe('room to make it', () => {
  const target = { parameters: 1000, layers: 2, vocabularySize: 7 };
  const place = (changes: Partial<FitPlace> = {}): FitPlace => ({
    out: join(directory, 'not', 'yet', 'there'),
    cacheDirectory: directory,
    hasEnvironment: true,
    availableMemoryBytes: 8000,
    ...changes,
  });

  it('is memory for the weights, and disk', async () => {
    await demandRoom(target, place());
    const few = place({ availableMemoryBytes: 7999 });
    await expect(demandRoom(target, few)).rejects.toMatchObject({ code: 'memory-full' });
  });
});
