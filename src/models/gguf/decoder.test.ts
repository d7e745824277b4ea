// What a header says of a model as a writer of text, and in which words everything else is refused.

import { describe, expect, it } from 'vitest';
import { type DecoderHeader, readDecoder } from './decoder.ts';
import { integer, integers, text, tinyTensors } from './gguf.fixture.ts';
import type { GgufTensor, GgufValue } from './gguf.ts';

const float = (value: number): GgufValue => ({ type: 'float32', value });
const truth = (value: boolean): GgufValue => ({ type: 'bool', value });

const plain: readonly (readonly [string, GgufValue])[] = [
  ['general.architecture', text('llama')],
  ['llama.context_length', integer(2048)],
  ['llama.embedding_length', integer(64)],
  ['llama.block_count', integer(2)],
  ['llama.attention.head_count', integer(4)],
  ['llama.attention.layer_norm_rms_epsilon', float(1e-5)],
];

function tensor(name: string, ...shape: number[]): GgufTensor {
  return { name, shape, type: 0, typeName: 'F32', offset: 0, byteLength: 4 };
}

const layers = tinyTensors(2).map(({ name, shape }) => tensor(name, ...shape));

function headerOf(changes: Record<string, GgufValue | undefined>, ...more: GgufTensor[]): DecoderHeader {
  const metadata = new Map(plain);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value);
  }
  return { metadata, tensors: [...layers, ...more] };
}

const read = (changes: Record<string, GgufValue | undefined> = {}, ...more: GgufTensor[]) =>
  readDecoder(headerOf(changes, ...more));

describe('the length that a model was trained for', () => {
  it('is what the file says, and a table of positions is the end of them', () => {
    const none = Number.POSITIVE_INFINITY;
    expect(read()).toEqual({ trainedContext: 2048, positions: none, longFrom: none, isRecurrent: false });
    expect(read({}, tensor('position_embd.weight', 64, 1024)).positions).toBe(1024);
  });

  it('counts scaled positions, whether the file gives the length before or after the scaling', () => {
    const scaled = (context: number, type: string) => ({
      'llama.context_length': integer(context),
      'llama.rope.scaling.type': text(type),
      'llama.rope.scaling.factor': float(4),
      'llama.rope.scaling.original_context_length': integer(2048),
    });
    expect(read(scaled(2048, 'yarn')).trainedContext).toBe(8192);
    expect(read(scaled(8192, 'yarn')).trainedContext).toBe(8192);
    expect(read(scaled(2048, 'none')).trainedContext).toBe(2048);
    const factorAlone = { 'llama.rope.scaling.type': text('linear'), 'llama.rope.scaling.factor': float(4) };
    expect(read(factorAlone).trainedContext).toBe(2048);
  });

  it('may have two sets of frequencies, and the header says where the second one begins', () => {
    const long = tensor('rope_factors_long.weight', 8);
    expect(read({ 'llama.rope.scaling.original_context_length': integer(512) }, long).longFrom).toBe(512);
    expect(read({}, long).longFrom).toBe(2048);
  });
});

describe('layers with a state', () => {
  it('are seen, of a whole model or of some layers; such a model may have no heads', () => {
    const mamba = { 'llama.ssm.state_size': integer(16), 'llama.attention.head_count': integer(0) };
    expect(read(mamba).isRecurrent).toBe(true);
    expect(read({ 'llama.shortconv.l_cache': integer(3) }).isRecurrent).toBe(true);
    expect(read({ 'llama.attention.head_count': integers([0, 4]) }).isRecurrent).toBe(false);
  });
});

describe('a file that writes no text', () => {
  const anotherCopy = /another copy of the file does not help/;

  it.each([
    ['a LoRA adapter', { 'general.type': text('adapter') }, /merge it/],
    ['a LoRA adapter', { 'adapter.type': text('lora'), 'llama.context_length': undefined }, /merge it/],
    ['the part of a model that reads pictures', { 'general.type': text('mmproj') }, /language model/],
    ['the part of a model that reads pictures', { 'general.architecture': text('clip') }, /language model/],
    ['a file of the type "imatrix"', { 'general.type': text('imatrix') }, anotherCopy],
    ['an encoder, ', { 'llama.attention.causal': truth(false) }, anotherCopy],
    ['a model of embeddings', { 'llama.pooling_type': integer(1) }, anotherCopy],
  ])('is refused as %s', (what, changes, remedy) => {
    const refusal = {
      code: 'model-unreadable',
      message: expect.stringContaining(what),
      remedy: expect.stringMatching(remedy),
    };
    expect(() => read(changes)).toThrow(expect.objectContaining(refusal));
  });

  it('is refused by its tensors where its header is silent', () => {
    expect(() => read({}, tensor('enc.blk.0.attn_q.weight', 64))).toThrow(/an encoder, /);
    expect(() => read({}, tensor('enc.blk.0.attn_q.weight', 64), tensor('dec.blk.0.attn_q.weight', 64))).toThrow(
      /an encoder with a decoder/,
    );
  });
});

describe('a header that makes no sense', () => {
  it.each([
    ['attention.head_count 0', { 'llama.attention.head_count': integer(0) }],
    ['attention.head_count not at all', { 'llama.attention.head_count': undefined }],
    ['attention.layer_norm_rms_epsilon NaN', { 'llama.attention.layer_norm_rms_epsilon': float(Number.NaN) }],
    ['block_count 4000000000', { 'llama.block_count': integer(4_000_000_000) }],
    ['block_count 0', { 'llama.block_count': integer(0) }],
    ['context_length 0', { 'llama.context_length': integer(0) }],
    ['context_length not at all', { 'llama.context_length': undefined }],
    ['embedding_length 0', { 'llama.embedding_length': integer(0) }],
    ['rope.scaling.factor Infinity', { 'llama.rope.scaling.factor': float(Number.POSITIVE_INFINITY) }],
  ])('is refused with what it says: %s', (what, changes) => {
    expect(() => read(changes)).toThrow(
      expect.objectContaining({ code: 'model-unreadable', message: expect.stringContaining(`says llama.${what}`) }),
    );
  });

  it('is refused without an architecture, and with too short a context to compare anything', () => {
    expect(() => read({ 'general.architecture': undefined })).toThrow(/does not name its architecture/);
    expect(() => read({ 'llama.context_length': integer(127) })).toThrow(/texts of 127 tokens, and at least 128/);
    expect(read({ 'llama.context_length': integer(128) }).trainedContext).toBe(128);
    const ones = ['llama.embedding_length', 'llama.block_count', 'llama.attention.head_count'];
    expect(read(Object.fromEntries(ones.map((key) => [key, integer(1)])))).toEqual(read());
  });
});
