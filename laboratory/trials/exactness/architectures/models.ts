// The made models as data: the tensors of each architecture, and the content of its header. Decoders with attention; models that keep a
// state in place of all tokens, wholly or in some layers, and can't return to an earlier text; encoders, which give a vector for a text; an
// encoder-decoder.

import type { GgufValue } from '../../../../src/models/gguf/gguf.ts';
import type { WeightFormatName } from '../../../../src/models/gguf/weight-formats.ts';
import {
  integer,
  type MadeModel,
  makeTensors,
  numbers,
  real,
  type TensorPlans,
  text,
  withMetadata,
} from './model-file.ts';
import { bytePairs, type SmallVocabulary, sentencePieces } from './vocabulary.ts';

/** Metadata under the name of the architecture; a number is an unsigned integer. */
type Settings = Readonly<Record<string, GgufValue | number>>;

/** Makes a model; its weights are random, and the same for the same seed. */
export type MakeModel = (seed: number) => MadeModel;

/** Values of a row between layers, within the feed-forward part, and of one head. */
const width = 64;
const innerWidth = 128;
export const headWidth = 32;
const learnedPositions = 256;
const encoderContext = 512;
const experts = 8;
const convolution = 4;
const stateWidth = 16;
const stepRank = 8;

/** @param format of matrices @param own settings in place of the shared ones, or beside them @param parts the tensors in their order */
function maker(
  architecture: string,
  vocabularyOf: () => SmallVocabulary,
  format: WeightFormatName,
  own: Settings,
  parts: (vocabularySize: number) => readonly TensorPlans[],
): MakeModel {
  return (seed) => {
    const { size, metadata } = vocabularyOf();
    const settings: Settings = {
      context_length: 4096,
      embedding_length: width,
      block_count: 2,
      feed_forward_length: innerWidth,
      'attention.head_count': 2,
      'attention.head_count_kv': 1,
      'attention.layer_norm_rms_epsilon': real(1e-5),
      vocab_size: size,
      ...own,
    };
    const header = Object.entries(settings).map(([key, value]): [string, GgufValue] => {
      return [`${architecture}.${key}`, typeof value === 'number' ? integer(value) : value];
    });
    const names = [
      ['general.architecture', text(architecture)],
      ['general.name', text(`random ${architecture}`)],
    ] as const;
    const tensors = makeTensors(seed, format, Object.assign({}, ...parts(size)));
    return { metadata: new Map([...names, ...header, ...metadata]), tensors };
  };
}

/** @param deviation default: that keeps the size of a vector */
function embedding(vocabularySize: number, deviation?: number): TensorPlans {
  return { 'token_embd.weight': { shape: [width, vocabularySize], deviation } };
}

function prefixed(prefix: string, tensors: TensorPlans): TensorPlans {
  return Object.fromEntries(Object.entries(tensors).map(([name, plan]) => [`${prefix}${name}`, plan]));
}

function layers(...each: readonly TensorPlans[]): TensorPlans {
  return Object.assign({}, ...each.map((tensors, layer) => prefixed(`blk.${layer}.`, tensors)));
}

/** Norms, or matrices, each with its bias. */
function biased(shapes: Readonly<Record<string, number[]>>): TensorPlans {
  return Object.fromEntries(
    Object.entries(shapes).flatMap(([name, shape]) => [
      [`${name}.weight`, shape],
      [`${name}.bias`, shape.slice(-1)],
    ]),
  );
}

const outputNorm: TensorPlans = { 'output_norm.weight': [width] };
/** Two heads that share one key and value. */
const attention: TensorPlans = {
  'attn_norm.weight': [width],
  'attn_q.weight': [width, 2 * headWidth],
  'attn_k.weight': [width, headWidth],
  'attn_v.weight': [width, headWidth],
  'attn_output.weight': [2 * headWidth, width],
};
const feedForward: TensorPlans = {
  'ffn_norm.weight': [width],
  'ffn_gate.weight': [width, innerWidth],
  'ffn_up.weight': [width, innerWidth],
  'ffn_down.weight': [innerWidth, width],
};
const dense: TensorPlans = { ...attention, ...feedForward };

const rope: Settings = { 'rope.dimension_count': headWidth };
/** Output and input share the embedding. */
export const llama: MakeModel = maker('llama', sentencePieces, 'Q5_0', rope, (size) => [
  embedding(size, 0.2),
  outputNorm,
  layers(dense, dense),
]);

const mixture: TensorPlans = {
  ...attention,
  'ffn_norm.weight': [width],
  'ffn_gate_inp.weight': { shape: [width, experts], format: 'F32' },
  'ffn_gate_exps.weight': [width, innerWidth, experts],
  'ffn_up_exps.weight': [width, innerWidth, experts],
  'ffn_down_exps.weight': [innerWidth, width, experts],
};
const mixtureSettings = { ...rope, expert_count: experts, expert_used_count: 2 };
/** Two of the experts work on a token. */
export const mixtureOfExperts: MakeModel = maker('llama', bytePairs, 'Q4_0', mixtureSettings, (size) => [
  embedding(size, 1),
  outputNorm,
  { 'output.weight': { shape: [width, size], deviation: 3 * width ** -0.5 } },
  layers(mixture, mixture),
]);

const gpt2Settings: Settings = {
  context_length: learnedPositions,
  'attention.head_count_kv': 2,
  'attention.layer_norm_epsilon': real(1e-5),
};
const gpt2Layer: TensorPlans = biased({
  attn_norm: [width],
  ffn_norm: [width],
  attn_qkv: [width, 3 * width],
  attn_output: [width, width],
  ffn_up: [width, innerWidth],
  ffn_down: [innerWidth, width],
});
/** It has no position beyond its context. */
export const gpt2: MakeModel = maker('gpt2', bytePairs, 'F16', gpt2Settings, (size) => [
  embedding(size, 1),
  { 'position_embd.weight': { shape: [width, learnedPositions], format: 'F32' } },
  biased({ output_norm: [width] }),
  layers(gpt2Layer, gpt2Layer),
]);

const windowSettings: Settings = {
  'attention.key_length': headWidth,
  'attention.value_length': headWidth,
  'attention.sliding_window': 32,
  attn_logit_softcapping: real(50),
  final_logit_softcapping: real(30),
};
const windowLayer: TensorPlans = { ...dense, 'post_attention_norm.weight': [width], 'post_ffw_norm.weight': [width] };
/** Every second layer sees the last 32 tokens. */
export const slidingWindow: MakeModel = maker('gemma2', sentencePieces, 'Q8_0', windowSettings, (size) => [
  embedding(size, 0.1),
  outputNorm,
  layers(windowLayer, windowLayer),
]);

const stateSettings: Settings = {
  feed_forward_length: 0,
  'attention.head_count': 0,
  'ssm.conv_kernel': convolution,
  'ssm.inner_size': innerWidth,
  'ssm.state_size': stateWidth,
  'ssm.time_step_rank': stepRank,
};
const stateLayer: TensorPlans = {
  'attn_norm.weight': [width],
  'ssm_in.weight': [width, 2 * innerWidth],
  ...biased({ ssm_conv1d: [convolution, innerWidth] }),
  'ssm_x.weight': [innerWidth, stepRank + 2 * stateWidth],
  ...biased({ ssm_dt: [stepRank, innerWidth] }),
  ssm_a: { shape: [stateWidth, innerWidth], valueAt: (index) => -1 - (index % stateWidth) },
  ssm_d: [innerWidth],
  'ssm_out.weight': [innerWidth, width],
};
export const stateSpace: MakeModel = maker('mamba', bytePairs, 'F32', stateSettings, (size) => [
  embedding(size, 1),
  outputNorm,
  layers(stateLayer, stateLayer),
]);

const hybridSettings: Settings = {
  block_count: 3,
  'attention.head_count_kv': numbers('int32', [0, 1, 0]),
  'rope.freq_base': real(1e6),
  'shortconv.l_cache': 3,
};
const convolving: TensorPlans = {
  'attn_norm.weight': [width],
  'shortconv.in_proj.weight': [width, 3 * width],
  'shortconv.conv.weight': { shape: [3, width], format: 'F32' },
  'shortconv.out_proj.weight': [width, width],
  ...feedForward,
};
const headNorms: TensorPlans = { 'attn_q_norm.weight': [headWidth], 'attn_k_norm.weight': [headWidth] };
/** The second of three layers attends; the others convolve. */
export const hybrid: MakeModel = maker('lfm2', bytePairs, 'Q8_0', hybridSettings, (size) => [
  embedding(size, 1),
  { 'token_embd_norm.weight': [width] },
  layers(convolving, { ...attention, ...headNorms, ...feedForward }, convolving),
]);

const bertSettings: Settings = {
  context_length: encoderContext,
  'attention.head_count_kv': 2,
  'attention.layer_norm_epsilon': real(1e-12),
  'attention.causal': { type: 'bool', value: false },
  pooling_type: 1,
};
const bertLayer: TensorPlans = biased({
  attn_q: [width, width],
  attn_k: [width, width],
  attn_v: [width, width],
  attn_output: [width, width],
  ffn_up: [width, innerWidth],
  ffn_down: [innerWidth, width],
  attn_output_norm: [width],
  layer_output_norm: [width],
});
/** ModernBERT has the tokenizer of a decoder. */
export function bert(vocabularyOf: () => SmallVocabulary): MakeModel {
  const make = maker('bert', vocabularyOf, 'F32', bertSettings, (size) => [
    embedding(size),
    { 'token_types.weight': [width, 2], 'position_embd.weight': [width, encoderContext] },
    biased({ token_embd_norm: [width] }),
    layers(bertLayer, bertLayer),
  ]);
  return (seed) => withMetadata(make(seed), { 'tokenizer.ggml.token_type_count': integer(2) });
}

const t5Settings: Settings = {
  context_length: encoderContext,
  block_count: 1,
  'attention.head_count_kv': 2,
  'attention.key_length': headWidth,
  'attention.value_length': headWidth,
  'attention.relative_buckets_count': 32,
  decoder_start_token_id: 0,
};
const t5Attention: TensorPlans = {
  '_norm.weight': [width],
  '_q.weight': [width, 2 * headWidth],
  '_k.weight': [width, 2 * headWidth],
  '_v.weight': [width, 2 * headWidth],
  '_o.weight': [2 * headWidth, width],
};
function t5Side(side: string, ...attentions: readonly string[]): TensorPlans {
  const relative = { 'attn_rel_b.weight': { shape: [2, 32], format: 'F32' } } as const;
  const layer = Object.assign({}, relative, ...attentions.map((name) => prefixed(name, t5Attention)), feedForward);
  return prefixed(`${side}.`, { ...outputNorm, ...prefixed('blk.0.', layer) });
}
export const encoderDecoder: MakeModel = maker('t5', bytePairs, 'F16', t5Settings, (size) => [
  embedding(size),
  t5Side('enc', 'attn'),
  t5Side('dec', 'attn', 'cross_attn'),
]);
