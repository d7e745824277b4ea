// A tiny model file for tests: right in every detail that Outrider reads, and of no use to an engine.

import { writeFile } from 'node:fs/promises';
import type { GgufScalar, GgufValue } from './gguf.ts';
import { planGguf, type UnplacedTensor } from './write.ts';

export const text = (value: string): GgufValue => ({ type: 'string', value });
export const integer = (value: number): GgufValue => ({ type: 'uint32', value });
export const texts = (value: readonly string[]): GgufValue => ({ type: 'array', elementType: 'string', value });
export const integers = (value: readonly GgufScalar[]): GgufValue => ({ type: 'array', elementType: 'int32', value });

/** Metadata of a model of the llama family with a byte-level vocabulary of seven tokens. */
export function tinyMetadata(layerCount: number): Map<string, GgufValue> {
  return new Map<string, GgufValue>([
    ['general.architecture', text('llama')],
    ['general.name', text('Tiny')],
    ['llama.block_count', integer(layerCount)],
    ['llama.attention.head_count_kv', integers(Array.from({ length: layerCount }, (_, layer) => 10 + layer))],
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text('tiny')],
    ['tokenizer.ggml.tokens', texts(['<|endoftext|>', '<|im_end|>', 'a', 'Ġb', 'Ã', '\ufeffc', '<tool>'])],
    ['tokenizer.ggml.token_type', integers([3, 3, 1, 1, 1, 1, 4])],
    ['tokenizer.ggml.merges', texts(['Ġ b'])],
    ['tokenizer.ggml.eos_token_id', integer(1)],
  ]);
}

/** An embedding and two tensors for each layer, float32; one has a length that needs padding. */
export function tinyTensors(layerCount: number): UnplacedTensor[] {
  const tensors: UnplacedTensor[] = [{ name: 'token_embd.weight', shape: [4, 7], type: 0, byteLength: 112 }];
  for (let layer = 0; layer < layerCount; layer++) {
    tensors.push({ name: `blk.${layer}.attn_q.weight`, shape: [5], type: 0, byteLength: 20 });
    tensors.push({ name: `blk.${layer}.ffn_up.weight`, shape: [32], type: 3, byteLength: 20 });
  }
  return tensors;
}

/** The bytes of a whole file; every byte of a tensor is its number in the file plus one. */
export function encodeModel(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly UnplacedTensor[],
  alignment = 32,
): Buffer {
  const plan = planGguf(metadata, tensors, alignment);
  const file = Buffer.alloc(plan.fileBytes);
  file.set(plan.header);
  tensors.forEach((tensor, index) => {
    const start = plan.positions[index] ?? 0;
    file.fill(index + 1, start, start + tensor.byteLength);
  });
  return file;
}

export async function writeTinyModel(path: string, layerCount = 4): Promise<void> {
  await writeFile(path, encodeModel(tinyMetadata(layerCount), tinyTensors(layerCount)));
}
