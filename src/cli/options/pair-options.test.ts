// A pair gives both names, and a flag of its own replaces either.

import { describe, expect, it } from 'vitest';
import { namesOf } from './pair-options.ts';

const qwen = { target: 'qwen2.5-coder-1.5b', draft: 'qwen2.5-coder-0.5b' };

describe('the models of a command', () => {
  it('are those of its pair', () => {
    expect(namesOf({ pair: 'qwen2.5-coder' })).toEqual(qwen);
    expect(namesOf({ pair: 'default' })).toEqual({ target: 'smollm2-135m', draft: 'smollm2-135m-coarse' });
  });

  it('may be replaced one by one, by whatever the command takes', () => {
    expect(namesOf({ pair: 'qwen2.5-coder', draft: 'ngram' })).toEqual({ ...qwen, draft: 'ngram' });
    expect(namesOf({ pair: 'qwen2.5-coder', target: './a.gguf' })).toEqual({ ...qwen, target: './a.gguf' });
    expect(namesOf({ pair: 'default', target: 'toy:1', draft: 'none' })).toEqual({ target: 'toy:1', draft: 'none' });
  });

  it('need a pair that exists, whatever is replaced', () => {
    const unknown = expect.objectContaining({
      code: 'model-unknown',
      message: 'there is no pair called "qwen2.5-code"',
      remedy: 'did you mean "qwen2.5-coder"? known: default, qwen2.5-coder',
    });
    expect(() => namesOf({ pair: 'qwen2.5-code' })).toThrow(unknown);
    expect(() => namesOf({ pair: 'qwen2.5-code', target: 'toy:1', draft: 'toy:1' })).toThrow(unknown);
  });
});
