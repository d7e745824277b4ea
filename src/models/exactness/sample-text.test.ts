import { describe, expect, it } from 'vitest';
import { sampleTokens } from './sample-text.ts';

describe('the text of comparisons', () => {
  it('ends for a tokenizer that makes nothing of it', () => {
    const tokenizer = {
      hash: '',
      vocabularySize: 1,
      endIds: new Set<number>(),
      encodeChat: () => [],
      bytes: () => new Uint8Array(),
    };
    expect(() => sampleTokens({ ...tokenizer, encode: () => [] }, 4)).toThrow(/makes no tokens of a text/);
    expect(sampleTokens({ ...tokenizer, encode: () => [7, 8, 9] }, 4)).toEqual([7, 8, 9, 7]);
  });
});
