// What the WASM engine can run: models of the llama family with weights in IQ4_NL and Q5_0. Anything that it would compute wrongly is refused:
// each tensor and each setting of the file must be one that it knows.

import { unreadable } from '../../gguf/cursor.ts';
import { readDecoder } from '../../gguf/decoder.ts';
import type { GgufHeader, GgufTensor } from '../../gguf/gguf.ts';
import { blockValues, weightFormats } from './kernel.ts';

/** The numbers of a model. Widths in values. */
export interface DraftShape {
  readonly width: number;
  readonly innerWidth: number;
  readonly layerCount: number;
  readonly headCount: number;
  /** Heads of keys and values. */
  readonly sharedHeadCount: number;
  readonly headWidth: number;
  readonly epsilon: number;
  readonly rotationBase: number;
  readonly vocabularySize: number;
  /** Tokens of one text for which it was trained. */
  readonly trainedContext: number;
}

const otherModel =
  'take smollm2-135m-draft or smollm2-135m-coarse (`outrider models pull NAME`), or draft by look-up (createNgramModel)';

function notHere(problem: string): Error {
  return unreadable(`${problem}, which the engine for pages can't run`, otherModel);
}

const knownKeys: ReadonlySet<string> = new Set([
  'block_count',
  'context_length',
  'embedding_length',
  'feed_forward_length',
  'attention.head_count',
  'attention.head_count_kv',
  'attention.key_length',
  'attention.value_length',
  'attention.layer_norm_rms_epsilon',
  'rope.dimension_count',
  'rope.freq_base',
  'vocab_size',
]);
const prefix = 'llama.';

/** @throws OutriderError `model-unreadable` where the engine can't run the model */
export function readDraftShape(header: GgufHeader): DraftShape {
  const { trainedContext } = readDecoder(header);
  const { metadata } = header;
  const architecture = metadata.get('general.architecture')?.value;
  if (architecture !== 'llama') throw notHere(`has the architecture "${String(architecture)}"`);
  if (Number(metadata.get('split.count')?.value ?? 0) > 1) throw notHere('is one part of several');
  for (const key of metadata.keys())
    if (key.startsWith(prefix) && !knownKeys.has(key.slice(prefix.length))) throw notHere(`says ${key}`);
  const number = (key: string, otherwise?: number): number => {
    const value = metadata.get(`${prefix}${key}`)?.value ?? otherwise;
    if (typeof value === 'number' && value > 0) return value;
    throw notHere(`says ${prefix}${key} ${value === undefined ? 'not at all' : String(value)}`);
  };
  const width = number('embedding_length');
  const headCount = number('attention.head_count');
  const headWidth = width / headCount;
  const tokens = metadata.get('tokenizer.ggml.tokens');
  const shape: DraftShape = {
    width,
    innerWidth: number('feed_forward_length'),
    layerCount: number('block_count'),
    headCount,
    sharedHeadCount: number('attention.head_count_kv', headCount),
    headWidth,
    epsilon: number('attention.layer_norm_rms_epsilon'),
    rotationBase: number('rope.freq_base', 10_000),
    vocabularySize: tokens?.type === 'array' ? tokens.value.length : 0,
    trainedContext,
  };
  for (const key of ['attention.key_length', 'attention.value_length', 'rope.dimension_count'])
    if (number(key, headWidth) !== headWidth) throw notHere(`says ${prefix}${key} ${number(key)}`);
  demandWidths(shape);
  demandTensors(header, shape);
  return shape;
}

function demandWidths(shape: DraftShape): void {
  const { width, innerWidth, headWidth, headCount, sharedHeadCount, vocabularySize } = shape;
  for (const one of [width, innerWidth, headWidth])
    if (one % blockValues !== 0) throw notHere(`has a width of ${one} values`);
  if (headCount % sharedHeadCount !== 0) throw notHere(`has ${headCount} heads on ${sharedHeadCount}`);
  if (vocabularySize % 4 !== 0) throw notHere(`has ${vocabularySize} tokens`);
}

/** The matrices of a layer, by their names in the file. */
export type LayerMatrixName = 'attn_q' | 'attn_k' | 'attn_v' | 'attn_output' | 'ffn_gate' | 'ffn_up' | 'ffn_down';

/** The shape of each: values of a row, rows. */
export function layerMatrices(shape: DraftShape): Readonly<Record<LayerMatrixName, readonly [number, number]>> {
  const { width, innerWidth, headWidth, sharedHeadCount } = shape;
  const shared = headWidth * sharedHeadCount;
  return {
    attn_q: [width, width],
    attn_k: [width, shared],
    attn_v: [width, shared],
    attn_output: [width, width],
    ffn_gate: [width, innerWidth],
    ffn_up: [width, innerWidth],
    ffn_down: [innerWidth, width],
  };
}

function demandTensors({ tensors }: GgufHeader, shape: DraftShape): void {
  const { width, vocabularySize, layerCount } = shape;
  const expected = new Map<string, readonly number[]>([
    ['token_embd.weight', [width, vocabularySize]],
    ['output_norm.weight', [width]],
  ]);
  for (let layer = 0; layer < layerCount; layer++) {
    for (const name of ['attn_norm', 'ffn_norm']) expected.set(`blk.${layer}.${name}.weight`, [width]);
    for (const [name, size] of Object.entries(layerMatrices(shape))) expected.set(`blk.${layer}.${name}.weight`, size);
  }
  const found = new Set<string>();
  for (const tensor of tensors) {
    const size = tensor.name === 'output.weight' ? [width, vocabularySize] : expected.get(tensor.name);
    if (size === undefined) throw notHere(`has the tensor "${tensor.name}"`);
    if (size.join() !== tensor.shape.join())
      throw notHere(`has "${tensor.name}" with ${tensor.shape.join(' x ')} values`);
    demandFormat(tensor);
    found.add(tensor.name);
  }
  for (const name of expected.keys()) if (!found.has(name)) throw notHere(`lacks the tensor "${name}"`);
}

function demandFormat({ name, shape, typeName }: GgufTensor): void {
  const isKnown = shape.length === 1 ? typeName === 'F32' : weightFormats.has(typeName);
  if (!isKnown) throw notHere(`stores "${name}" as ${typeName}`);
}
