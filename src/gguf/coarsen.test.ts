// A coarsened model is the recoded model in IQ4_NL. The manifest has its hash for a real model.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { coarsenModel } from './coarsen.ts';
import { encodeModel, tinyMetadata } from './gguf.fixture.ts';
import { readGguf } from './gguf.ts';

it('writes every matrix in IQ4_NL, and reports progress', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'outrider-coarsen-'));
  const [source, destination] = [join(directory, 'source.gguf'), join(directory, 'coarse.gguf')];
  const matrix = { name: 'token_embd.weight', shape: [64, 3], type: 3, byteLength: 120 };
  await writeFile(source, encodeModel(tinyMetadata(1), [matrix]));
  const progress: number[] = [];
  const { byteLength } = await coarsenModel(source, destination, { onProgress: (bytes) => progress.push(bytes) });
  const { tensors, metadata } = await readGguf(destination);
  expect(tensors).toMatchObject([{ typeName: 'IQ4_NL', byteLength: 108 }]);
  expect(metadata.get('general.file_type')?.value).toBe(25);
  expect(progress.at(-1)).toBe(byteLength);
  await rm(directory, { recursive: true });
});
