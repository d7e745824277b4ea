// Decoders with attention: Llama with a dense and with a mixture-of-experts layer, GPT-2 with learned positions, Gemma 2 with a sliding window.

import type { GgufValue } from '../../../../src/models/gguf/gguf.ts';
import type { WeightFormatName } from '../../../../src/models/gguf/weight-formats.ts';
import { integer, type MadeModel, real, TensorMaker, text } from './model-file.ts';
import { bytePairs, type SmallVocabulary, sentencePieces } from './vocabulary.ts';

/** Values of a row between layers, within the feed-forward part, and of one head. */
export const width = 64;
export const innerWidth = 128;
export const headWidth = 32;
export const layerCount = 2;

/** The metadata that all architectures share; keys without a dot in front get the architecture's name. */
export function describeModel(
  architecture: string,
  vocabulary: SmallVocabulary,
  settings: Readonly<Record<string, GgufValue>>,
): Map<string, GgufValue> {
  const own = {
    context_length: integer(4096),
    embedding_length: integer(width),
    block_count: integer(layerCount),
    feed_forward_length: integer(innerWidth),
    'attention.head_count': integer(2),
    'attention.head_count_kv': integer(1),
    'attention.layer_norm_rms_epsilon': real(1e-5),
    vocab_size: integer(vocabulary.size),
    ...settings,
  };
  return new Map([
    ['general.architecture', text(architecture)],
    ['general.name', text(`random ${architecture}`)],
    ...Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value] as const),
    ...vocabulary.metadata,
  ]);
}

/** Two heads that share one key and value. */
export function addAttention(to: TensorMaker, layer: string): void {
  to.norm(`${layer}attn_norm.weight`, width);
  to.matrix(`${layer}attn_q.weight`, [width, 2 * headWidth]);
  to.matrix(`${layer}attn_k.weight`, [width, headWidth]);
  to.matrix(`${layer}attn_v.weight`, [width, headWidth]);
  to.matrix(`${layer}attn_output.weight`, [2 * headWidth, width]);
}

export function addFeedForward(to: TensorMaker, layer: string): void {
  to.norm(`${layer}ffn_norm.weight`, width);
  to.matrix(`${layer}ffn_gate.weight`, [width, innerWidth]);
  to.matrix(`${layer}ffn_up.weight`, [width, innerWidth]);
  to.matrix(`${layer}ffn_down.weight`, [innerWidth, width]);
}

function addExperts(to: TensorMaker, layer: string, experts: number): void {
  to.norm(`${layer}ffn_norm.weight`, width);
  to.matrix(`${layer}ffn_gate_inp.weight`, [width, experts], { format: 'F32' });
  to.matrix(`${layer}ffn_gate_exps.weight`, [width, innerWidth, experts]);
  to.matrix(`${layer}ffn_up_exps.weight`, [width, innerWidth, experts]);
  to.matrix(`${layer}ffn_down_exps.weight`, [innerWidth, width, experts]);
}

export const layersOf = (count: number = layerCount): string[] =>
  Array.from({ length: count }, (_, layer) => `blk.${layer}.`);

/** Output and input share the embedding. */
export function llama(seed: number, format: WeightFormatName = 'Q5_0'): MadeModel {
  const vocabulary = sentencePieces();
  const to = new TensorMaker(seed, format);
  to.matrix('token_embd.weight', [width, vocabulary.size], { deviation: 0.2 });
  to.norm('output_norm.weight', width);
  for (const layer of layersOf()) {
    addAttention(to, layer);
    addFeedForward(to, layer);
  }
  const metadata = describeModel('llama', vocabulary, { 'rope.dimension_count': integer(headWidth) });
  return { metadata, tensors: to.tensors };
}

/** Eight experts, two of which work on a token. */
export function mixtureOfExperts(seed: number): MadeModel {
  const vocabulary = bytePairs();
  const to = new TensorMaker(seed, 'Q4_0');
  to.matrix('token_embd.weight', [width, vocabulary.size], { deviation: 1 });
  to.norm('output_norm.weight', width);
  to.matrix('output.weight', [width, vocabulary.size], { deviation: 3 * width ** -0.5 });
  for (const layer of layersOf()) {
    addAttention(to, layer);
    addExperts(to, layer, 8);
  }
  const metadata = describeModel('llama', vocabulary, {
    'rope.dimension_count': integer(headWidth),
    expert_count: integer(8),
    expert_used_count: integer(2),
  });
  return { metadata, tensors: to.tensors };
}

/** Has no position beyond its context. */
export function gpt2(seed: number, contextLength: number): MadeModel {
  const vocabulary = bytePairs();
  const to = new TensorMaker(seed, 'F16');
  to.matrix('token_embd.weight', [width, vocabulary.size], { deviation: 1 });
  to.matrix('position_embd.weight', [width, contextLength], { format: 'F32' });
  to.norm('output_norm.weight', width);
  to.bias('output_norm.bias', width);
  for (const layer of layersOf()) {
    for (const norm of ['attn_norm', 'ffn_norm']) {
      to.norm(`${layer}${norm}.weight`, width);
      to.bias(`${layer}${norm}.bias`, width);
    }
    const shapes: [string, number, number][] = [
      ['attn_qkv', width, 3 * width],
      ['attn_output', width, width],
      ['ffn_up', width, innerWidth],
      ['ffn_down', innerWidth, width],
    ];
    for (const [name, from, into] of shapes) {
      to.matrix(`${layer}${name}.weight`, [from, into]);
      to.bias(`${layer}${name}.bias`, into);
    }
  }
  const metadata = describeModel('gpt2', vocabulary, {
    context_length: integer(contextLength),
    'attention.head_count_kv': integer(2),
    'attention.layer_norm_epsilon': real(1e-5),
  });
  return { metadata, tensors: to.tensors };
}

/** Every second layer sees the last 32 tokens. */
export function slidingWindow(seed: number): MadeModel {
  const vocabulary = sentencePieces();
  const to = new TensorMaker(seed, 'Q8_0');
  to.matrix('token_embd.weight', [width, vocabulary.size], { deviation: 0.1 });
  to.norm('output_norm.weight', width);
  for (const layer of layersOf()) {
    addAttention(to, layer);
    addFeedForward(to, layer);
    to.norm(`${layer}post_attention_norm.weight`, width);
    to.norm(`${layer}post_ffw_norm.weight`, width);
  }
  const metadata = describeModel('gemma2', vocabulary, {
    'attention.key_length': integer(headWidth),
    'attention.value_length': integer(headWidth),
    'attention.sliding_window': integer(32),
    attn_logit_softcapping: real(50),
    final_logit_softcapping: real(30),
  });
  return { metadata, tensors: to.tensors };
}
