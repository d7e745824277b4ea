// A whole model file that the engine runs in no time: GPT-2's architecture, which has learned positions, with random weights and a
// vocabulary of single bytes.

import { writeFile } from 'node:fs/promises';
import { createRandom } from '../../core/basics/philox.ts';
import { integer, text, texts } from '../gguf/gguf.fixture.ts';
import type { GgufValue } from '../gguf/gguf.ts';
import { planGguf, type UnplacedTensor } from '../gguf/write.ts';

const width = 64;
const inner = 128;
const layerCount = 2;

export interface SmallModel {
  /** Positions that it has learned. */
  readonly positions: number;
  /** Other values for the header. */
  readonly metadata?: Iterable<readonly [string, GgufValue]>;
  /** Called for each weight: its tensor, its place in it, its value. */
  readonly weight?: (name: string, index: number, value: number) => number;
}

/** GPT-2's printable character of each byte, and an end token. */
function byteTokens(): string[] {
  let next = 256;
  const tokens = Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(isPrintable ? byte : next++);
  });
  return [...tokens, '<|endoftext|>'];
}

export function smallMetadata({ positions, metadata = [] }: SmallModel): Map<string, GgufValue> {
  const tokens = byteTokens();
  const types: GgufValue = { type: 'array', elementType: 'int32', value: tokens.map((_, id) => (id === 256 ? 3 : 1)) };
  return new Map<string, GgufValue>([
    ['general.architecture', text('gpt2')],
    ['general.name', text('Small')],
    ['gpt2.context_length', integer(positions)],
    ['gpt2.embedding_length', integer(width)],
    ['gpt2.block_count', integer(layerCount)],
    ['gpt2.feed_forward_length', integer(inner)],
    ['gpt2.attention.head_count', integer(2)],
    ['gpt2.attention.layer_norm_epsilon', { type: 'float32', value: 1e-5 }],
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text('gpt-2')],
    ['tokenizer.ggml.tokens', texts(tokens)],
    ['tokenizer.ggml.token_type', types],
    ['tokenizer.ggml.merges', texts(['a b'])],
    ['tokenizer.ggml.eos_token_id', integer(256)],
    ['tokenizer.ggml.bos_token_id', integer(256)],
    ...metadata,
  ]);
}

export function smallTensors(positions: number): UnplacedTensor[] {
  const tensor = (name: string, ...shape: number[]): UnplacedTensor => {
    return { name, shape, type: 0, byteLength: 4 * shape.reduce((product, length) => product * length, 1) };
  };
  const pair = (name: string, ...shape: number[]): UnplacedTensor[] => [
    tensor(`${name}.weight`, ...shape),
    tensor(`${name}.bias`, shape.at(-1) ?? 0),
  ];
  const layers = Array.from({ length: layerCount }, (_, layer) => `blk.${layer}`).flatMap((layer) => [
    ...pair(`${layer}.attn_norm`, width),
    ...pair(`${layer}.attn_qkv`, width, 3 * width),
    ...pair(`${layer}.attn_output`, width, width),
    ...pair(`${layer}.ffn_norm`, width),
    ...pair(`${layer}.ffn_up`, width, inner),
    ...pair(`${layer}.ffn_down`, inner, width),
  ]);
  const ends = [tensor('token_embd.weight', width, 257), tensor('position_embd.weight', width, positions)];
  return [...ends, ...pair('output_norm', width), ...layers];
}

/** The data of the tensors, each as long as it is. */
export function smallWeights({ positions, weight }: SmallModel): Uint8Array[] {
  const random = createRandom(7);
  return smallTensors(positions).map(({ name, byteLength }) => {
    const values = new Float32Array(byteLength / 4);
    for (let index = 0; index < values.length; index++) {
      const value = (random.uniform() - 0.5) * 0.4;
      values[index] = weight === undefined ? value : weight(name, index, value);
    }
    return new Uint8Array(values.buffer);
  });
}

async function writeTensors(
  path: string,
  metadata: Map<string, GgufValue>,
  tensors: readonly UnplacedTensor[],
  weights: readonly Uint8Array[],
): Promise<void> {
  const plan = planGguf(metadata, tensors, 32);
  const file = Buffer.alloc(plan.fileBytes);
  file.set(plan.header);
  for (const [index, bytes] of weights.entries()) file.set(bytes, plan.positions[index]);
  await writeFile(path, file);
}

export const writeSmallModel = (path: string, model: SmallModel): Promise<void> =>
  writeTensors(path, smallMetadata(model), smallTensors(model.positions), smallWeights(model));

/** The same in two files, half of the tensors in each. @returns their paths */
export async function writeSmallShards(
  stem: string,
  model: SmallModel,
): Promise<readonly [first: string, second: string]> {
  const tensors = smallTensors(model.positions);
  const weights = smallWeights(model);
  const half = Math.floor(tensors.length / 2);
  const paths = [`${stem}-00001-of-00002.gguf`, `${stem}-00002-of-00002.gguf`] as const;
  for (const [number, path] of paths.entries()) {
    const [from, to] = number === 0 ? [0, half] : [half, tensors.length];
    const metadata = new Map<string, GgufValue>([
      ...(number === 0 ? smallMetadata(model) : []),
      ['split.no', { type: 'uint16', value: number }],
      ['split.count', { type: 'uint16', value: 2 }],
      ['split.tensors.count', { type: 'int32', value: tensors.length }],
    ]);
    await writeTensors(path, metadata, tensors.slice(from, to), weights.slice(from, to));
  }
  return paths;
}
