// llama.cpp turns text into ids only for a model file. Where only a tokenizer exists, this writes the smallest possible file: the
// tokenizer's metadata with a model of one layer and two dimensions, all zeros, that is never run.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainFileError } from '../files/cache.ts';
import type { GgufValue } from '../gguf/gguf.ts';
import { planGguf, type UnplacedTensor } from '../gguf/write.ts';
import type { Tokenizer } from '../port/model.ts';
import { openLlamaTokenizer } from './llama-tokenizer.ts';

const width = 2;

const modelMetadata: readonly (readonly [string, GgufValue])[] = [
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['llama.context_length', { type: 'uint32', value: 1 }],
  ['llama.embedding_length', { type: 'uint32', value: width }],
  ['llama.block_count', { type: 'uint32', value: 1 }],
  ['llama.feed_forward_length', { type: 'uint32', value: width }],
  ['llama.attention.head_count', { type: 'uint32', value: 1 }],
  ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-5 }],
];

const matrices = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'];

function zeros(name: string, shape: readonly number[]): UnplacedTensor {
  return { name, shape, type: 0, byteLength: 4 * shape.reduce((product, length) => product * length, 1) };
}

function modelTensors(vocabularySize: number): UnplacedTensor[] {
  return [
    zeros('token_embd.weight', [width, vocabularySize]),
    zeros('output_norm.weight', [width]),
    ...['attn_norm', 'ffn_norm'].map((name) => zeros(`blk.0.${name}.weight`, [width])),
    ...matrices.map((name) => zeros(`blk.0.${name}.weight`, [width, width])),
  ];
}

/** The bytes of the file. @param tokenizer `tokenizer.*` metadata as in a model file */
export function encodeTokenizerFile(tokenizer: ReadonlyMap<string, GgufValue>, vocabularySize: number): Uint8Array {
  const plan = planGguf(new Map([...modelMetadata, ...tokenizer]), modelTensors(vocabularySize), 32);
  const bytes = Buffer.alloc(plan.fileBytes);
  bytes.set(plan.header);
  return bytes;
}

/**
 * A tokenizer from its metadata alone; its file is deleted before this resolves.
 * @throws OutriderError as {@link openLlamaTokenizer}; `download-failed` or `disk-full` if nothing can be written
 */
export async function openTokenizerMetadata(
  tokenizer: ReadonlyMap<string, GgufValue>,
  vocabularySize: number,
): Promise<Tokenizer & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'outrider-tokenizer-')).catch((error: unknown) => {
    throw explainFileError(error, tmpdir());
  });
  try {
    const path = join(directory, 'tokenizer.gguf');
    await writeFile(path, encodeTokenizerFile(tokenizer, vocabularySize)).catch((error: unknown) => {
      throw explainFileError(error, directory);
    });
    return await openLlamaTokenizer(path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
