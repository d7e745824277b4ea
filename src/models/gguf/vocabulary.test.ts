// The bytes of tokens in both families of tokenizers, the ids that end a text, and a hash that sees every difference.

import { describe, expect, it } from 'vitest';
import { encodeModel, integer, integers, text, texts, tinyMetadata } from './gguf.fixture.ts';
import { type GgufValue, parseGguf } from './gguf.ts';
import { demandByteTokens, type Vocabulary, vocabularyOf } from './vocabulary.ts';

function read(metadata: ReadonlyMap<string, GgufValue>): Vocabulary {
  const file = encodeModel(metadata, []);
  return vocabularyOf(parseGguf(file, file.length));
}

function tiny(changes: Readonly<Record<string, GgufValue>> = {}): Vocabulary {
  const metadata = tinyMetadata(1);
  for (const [key, value] of Object.entries(changes)) metadata.set(key, value);
  return read(metadata);
}

function bytesOf(vocabulary: Vocabulary): number[][] {
  return Array.from({ length: vocabulary.vocabularySize }, (_, id) => [...vocabulary.bytes(id)]);
}

const modelOf = (model: string, tokens: readonly string[]): Map<string, GgufValue> =>
  new Map([['tokenizer.ggml.model', text(model)]]).set('tokenizer.ggml.tokens', texts(tokens));

function withTokens(model: string, tokens: readonly string[], types: readonly number[]): Vocabulary {
  return read(modelOf(model, tokens).set('tokenizer.ggml.token_type', integers(types)));
}

const encoded = (string: string): number[] => [...new TextEncoder().encode(string)];

describe('bytes of tokens', () => {
  it('undoes the byte alphabet of GPT-2', () => {
    const vocabulary = tiny();
    expect(bytesOf(vocabulary)).toEqual([
      [], // control
      [], // control
      encoded('a'),
      encoded(' b'),
      [0xc3], // half a character
      encoded('\ufeffc'), // not of the alphabet: as it stands
      encoded('<tool>'),
    ]);
  });

  it('covers each of the 256 bytes once', () => {
    const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    let next = 256;
    const alphabet = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
    const vocabulary = withTokens('gpt2', alphabet, new Array<number>(256).fill(1));
    expect(bytesOf(vocabulary)).toEqual(Array.from({ length: 256 }, (_, byte) => [byte]));
  });

  it('are demanded where the engine falls back to them, under their name or as they are', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    const check = (tokens: readonly string[], model = 'llama') => {
      return () => demandByteTokens({ metadata: modelOf(model, tokens) });
    };
    expect(check(bytes)).not.toThrow();
    expect(check(bytes.with(0x41, 'A'))).not.toThrow();
    expect(check(bytes.with(0x41, 'B'))).toThrow(/has no token <0x41>/);
    expect(check(bytes.with(0xe9, 'é'))).toThrow(/has no token <0xE9>/);
    expect(check(bytes.slice(0, 1), 'gpt2')).not.toThrow();
  });

  it('undoes the spaces and byte tokens of SentencePiece', () => {
    const tokens = ['<unk>', '<s>', '</s>', '<0x0A>', '<0xfF>', '▁the', 'é', '▁▁', '[x▁y]', 'old'];
    const vocabulary = withTokens('llama', tokens, [2, 3, 3, 6, 6, 1, 1, 1, 4, 5]);
    const spelled = [' the', 'é', '  ', '[x▁y]'].map(encoded);
    expect(bytesOf(vocabulary)).toEqual([[], [], [], [0x0a], [0xff], ...spelled, []]);
  });

  it('refuses unknown ids, and invalid byte tokens', () => {
    expect(() => tiny().bytes(7)).toThrow(RangeError);
    expect(() => tiny().bytes(-1)).toThrow(RangeError);
    expect(() => withTokens('llama', ['<0x1>'], [6]).bytes(0)).toThrow(
      expect.objectContaining({ code: 'model-unreadable' }),
    );
  });
});

describe('ids that end a text', () => {
  it('are those of the metadata and the special tokens known by name', () => {
    expect(tiny().endIds).toEqual(new Set([0, 1]));
    expect(tiny({ 'tokenizer.ggml.eot_token_id': integer(6) }).endIds).toEqual(new Set([0, 1, 6]));
  });

  it('have no bytes, even if the model writes them as plain text', () => {
    expect(tiny({ 'tokenizer.ggml.eot_token_id': integer(2) }).bytes(2)).toHaveLength(0);
  });

  it('do not include plain text that looks like an end token', () => {
    expect(withTokens('gpt2', ['</s>', '<end_of_turn>'], [1, 4]).endIds).toEqual(new Set([1]));
  });

  it('must exist', () => {
    expect(() => tiny({ 'tokenizer.ggml.eos_token_id': integer(7) })).toThrow(/no token 7/);
  });
});

describe('the hash', () => {
  it('is the same for the same vocabulary and does not depend on the rest of the file', () => {
    expect(tiny().hash).toMatch(/^[0-9a-f]{64}$/);
    expect(tiny({ 'general.name': text('Other') }).hash).toBe(tiny().hash);
  });

  it.each<[string, GgufValue]>([
    ['model', text('llama')],
    ['pre', text('other')],
    ['tokens', texts(['<|endoftext|>', '<|im_end|>', 'b', 'Ġb', 'Ã', '\ufeffc', '<tool>'])],
    ['tokens', texts(['<|endoftext|>', '<|im_end|>', 'a', 'Ġb', 'Ã', 'c', '<tool>'])],
    ['tokens', texts(['<|endoftext|>', '<|im_end|>', 'aĠ', 'b', 'Ã', '\ufeffc', '<tool>'])],
    ['token_type', integers([3, 3, 1, 1, 1, 1, 3])],
    ['merges', texts(['Ġ', 'b'])],
    ['eos_token_id', integer(0)],
    ['bos_token_id', integer(0)],
  ])('differs if %s differs', (key, value) => {
    expect(tiny({ [`tokenizer.ggml.${key}`]: value }).hash).not.toBe(tiny().hash);
  });
});

describe('an incomplete vocabulary', () => {
  it.each<[string, GgufValue]>([
    ['model', text('bert')],
    ['tokens', integers([1, 2])],
    ['tokens', texts([])],
    ['token_type', integers([1])],
  ])('is refused for its %s', (key, value) => {
    expect(() => tiny({ [`tokenizer.ggml.${key}`]: value })).toThrow(
      expect.objectContaining({ code: 'model-unreadable' }),
    );
  });
});
