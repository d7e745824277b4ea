import { expect, it } from 'vitest';
import { freeLaw } from '../../core/decoding/shape-law.ts';
import { describeCapacity } from './edge-capacity.ts';

const limits = { maxSequences: 8, contextLength: 8192, maxItemTokens: 63, law: freeLaw, cachedTokenBytes: 23_040 };

it('says how many texts of which length there can be, what each takes, and how prompts are read', () => {
  expect(describeCapacity(limits)).toBe(
    '8 sessions of 8192 tokens; keys and values of each take 189 MB; prompts are read 63 tokens a call',
  );
  const threes = { maxSequences: 1, contextLength: 64, maxItemTokens: 63, law: { ...freeLaw, most: 3 } };
  expect(describeCapacity(threes)).toBe('1 session of 64 tokens; prompts are read 3 tokens a call');
});
