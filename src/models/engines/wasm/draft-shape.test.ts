// Whatever the engine would compute wrongly is refused, in words.

import { expect, it } from 'vitest';
import { integer, text, texts } from '../../gguf/gguf.fixture.ts';
import { type GgufHeader, type GgufValue, parseGguf } from '../../gguf/gguf.ts';
import { readDraftShape } from './draft-shape.ts';
import { encodeSmallDraft, smallDraftMetadata, smallDraftTensors } from './small-draft.fixture.ts';

function headerOf(
  changes: Readonly<Record<string, GgufValue | undefined>> = {},
  tensors: ReturnType<typeof smallDraftTensors> = smallDraftTensors(),
): GgufHeader {
  const metadata = smallDraftMetadata();
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value);
  }
  const file = encodeSmallDraft(metadata, tensors);
  return parseGguf(file, file.length);
}

it('reads the numbers of a draft', () => {
  expect(readDraftShape(headerOf())).toEqual({
    width: 64,
    innerWidth: 96,
    layerCount: 2,
    headCount: 2,
    sharedHeadCount: 1,
    headWidth: 32,
    epsilon: expect.closeTo(1e-5),
    rotationBase: 10_000,
    vocabularySize: 1024,
    trainedContext: 512,
  });
});

const changed = (name: string, change: object) =>
  smallDraftTensors().map((tensor) => (tensor.name === name ? { ...tensor, ...change } : tensor));
const without = (name: string) => smallDraftTensors().filter((tensor) => tensor.name !== name);
const more = (name: string) => [...smallDraftTensors(), { name, shape: [64], type: 0, byteLength: 256 }];
const q8 = { type: 8, byteLength: (64 * 64 * 34) / 32 };

it.each<[string, GgufHeader, RegExp]>([
  [
    'another architecture',
    headerOf({ 'general.architecture': text('gpt2'), 'gpt2.context_length': integer(512) }),
    /gpt2/,
  ],
  ['a setting that it does not know', headerOf({ 'llama.expert_count': integer(8) }), /says llama.expert_count/],
  ['scaled positions', headerOf({ 'llama.rope.scaling.type': text('linear') }), /says llama.rope.scaling.type/],
  ['heads of another width', headerOf({ 'llama.attention.key_length': integer(64) }), /key_length 64/],
  ['a part of the rotation', headerOf({ 'llama.rope.dimension_count': integer(16) }), /dimension_count 16/],
  ['no epsilon', headerOf({ 'llama.attention.layer_norm_rms_epsilon': undefined }), /epsilon not at all/],
  [
    'heads that share unevenly',
    headerOf({ 'llama.attention.head_count': integer(1), 'llama.attention.head_count_kv': integer(3) }),
    /1 heads on 3/,
  ],
  ['narrow heads', headerOf({ 'llama.attention.head_count': integer(4) }), /a width of 16 values/],
  [
    'a vocabulary of another size',
    headerOf({ 'tokenizer.ggml.tokens': texts(['a', 'b', 'c', 'd']), 'tokenizer.ggml.token_type': undefined }),
    /token_embd/,
  ],
  ['a part of a model', headerOf({ 'split.count': { type: 'uint16', value: 2 } }), /one part of several/],
  ['weights in another format', headerOf({}, changed('blk.1.attn_q.weight', q8)), /"blk.1.attn_q.weight" as Q8_0/],
  ['a missing tensor', headerOf({}, without('blk.1.ffn_up.weight')), /lacks the tensor "blk.1.ffn_up.weight"/],
  ['a bias', headerOf({}, more('blk.0.attn_q.bias')), /has the tensor "blk.0.attn_q.bias"/],
  ['frequencies of its own', headerOf({}, more('rope_freqs.weight')), /rope_freqs/],
])('refuses %s', (_, header, message) => {
  expect(() => readDraftShape(header)).toThrow(
    expect.objectContaining({ code: 'model-unreadable', message: expect.stringMatching(message) }),
  );
});
