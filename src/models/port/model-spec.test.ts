import { describe, expect, it } from 'vitest';
import { parseModelSpec } from './model-spec.ts';

const badArgument = { code: 'bad-argument' };

describe('parseModelSpec', () => {
  it('reads seed and agreement of a toy', () => {
    expect(parseModelSpec('toy')).toEqual({ kind: 'toy', seed: 1 });
    expect(parseModelSpec('toy:12')).toEqual({ kind: 'toy', seed: 12 });
    expect(parseModelSpec('toy:12:0.8')).toEqual({ kind: 'toy', seed: 12, agreement: 0.8 });
    expect(parseModelSpec('toy:12:1')).toEqual({ kind: 'toy', seed: 12, agreement: 1 });
  });

  it('refuses any other toy', () => {
    for (const wrong of ['toy:', 'toy:x', 'toy:1:', 'toy:1:2', 'toy:1:0.8:1', 'toy:-1', 'toy:1234567890123456']) {
      expect(() => parseModelSpec(wrong)).toThrow(expect.objectContaining(badArgument));
    }
  });

  it('separates models without a file from names and paths', () => {
    expect(parseModelSpec('ngram')).toEqual({ kind: 'ngram' });
    expect(parseModelSpec('none')).toEqual({ kind: 'none' });
    for (const nameOrPath of ['smollm2-360m', './none', 'toys', 'toy-model.gguf', 'NONE']) {
      expect(parseModelSpec(nameOrPath)).toEqual({ kind: 'file', nameOrPath });
    }
  });
});
