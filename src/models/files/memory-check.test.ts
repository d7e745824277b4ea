// What models need is read from their headers, and what does not fit is refused with both numbers.

import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOfAll } from '../gguf/folder.fixture.ts';
import { encodeModel, integer, integers, text, texts, tinyMetadata, tinyTensors } from '../gguf/gguf.fixture.ts';
import type { GgufHeader } from '../gguf/gguf.ts';
import { availableMemoryBytes, demandMemory, memoryBytes } from './memory-check.ts';

const shape = { sequences: 2, contextLength: 1000 };
const besides = 100e6;

/** As Qwen2.5-Coder-1.5B says of itself, with a small vocabulary. */
const metadata: GgufHeader['metadata'] = new Map([
  ['general.architecture', text('qwen2')],
  ['qwen2.block_count', integer(28)],
  ['qwen2.embedding_length', integer(1536)],
  ['qwen2.attention.head_count', integer(12)],
  ['qwen2.attention.head_count_kv', integer(2)],
  ['tokenizer.ggml.tokens', texts(['a', 'b', 'c'])],
]);
const headerOf = (changes: Iterable<readonly [string, ReturnType<typeof integer>]> = []): GgufHeader => ({
  fileBytes: 5_000,
  dataStart: 0,
  alignment: 32,
  metadata: new Map([...metadata, ...changes]),
  tensors: [],
});
const contextBytes = (header: GgufHeader): number => memoryBytes(header, shape) - 5_000 - 256 * 4 * 3 - besides;

describe('what a model needs', () => {
  it('is its file, its context, its rows of logits and a rest', () => {
    expect(contextBytes(headerOf())).toBe(2_000 * 28 * 2 * (128 + 128) * 2);
  });

  it('grows with sessions and context', () => {
    const [one, two] = [1, 2].map((sequences) => memoryBytes(headerOf(), { sequences, contextLength: 1000 }));
    expect((two ?? 0) - (one ?? 0)).toBe(1_000 * 28 * 2 * (128 + 128) * 2);
  });

  it('follows heads with lengths of their own, and layers that differ', () => {
    const lengths = [
      ['qwen2.attention.key_length', integer(64)],
      ['qwen2.attention.value_length', integer(32)],
      ['qwen2.attention.head_count_kv', integers([1, 3, 2])],
    ] as const;
    expect(contextBytes(headerOf(lengths))).toBe(2_000 * 28 * 3 * (64 + 32) * 2);
  });

  it('is found in a header with as many numbers as somebody likes', () => {
    const heads = Array.from({ length: 500_000 }, (_, index) => 1 + (index % 4));
    const header = headerOf([['qwen2.attention.head_count_kv', integers(heads)]]);
    expect(contextBytes(header)).toBe(2_000 * 28 * 4 * (128 + 128) * 2);
  });

  it('is at least the file where the header says nothing of it', () => {
    const header = { ...headerOf(), metadata: new Map() };
    expect(memoryBytes(header, shape)).toBe(5_000 + besides);
  });
});

describe('models that are about to be opened', () => {
  const here = folderOfAll();
  let path = '';
  beforeAll(async () => {
    path = here('tiny.gguf');
    await writeFile(path, encodeModel(tinyMetadata(2), tinyTensors(2)));
  });

  it('fit together, or are refused with what is needed and what is free', async () => {
    const models = [1, 2].map(() => ({ path, sequences: 1, contextLength: 64 }));
    await demandMemory(models, { availableBytes: 201e6 });
    const remedy = 'take a smaller pair';
    await expect(demandMemory(models, { availableBytes: 199e6, remedy })).rejects.toMatchObject({
      code: 'memory-full',
      message: '0.3 GB of memory are needed (tiny.gguf 0.2 GB, tiny.gguf 0.2 GB), 0.1 GB are free',
      remedy,
    });
  });

  it('are held against this machine where nothing else is said', async () => {
    const availableBytes = await availableMemoryBytes();
    expect(availableBytes).toBeGreaterThan(0);
    const most = { path, sequences: 1e6, contextLength: 1e9 };
    const metadata = tinyMetadata(2).set('llama.embedding_length', integer(64));
    metadata.set('llama.attention.head_count', integer(4));
    await writeFile(path, encodeModel(metadata, tinyTensors(2)));
    await expect(demandMemory([most])).rejects.toMatchObject({ code: 'memory-full' });
    await demandMemory([]);
  });
});
