import { expect, it } from 'vitest';
import { freeLaw } from '../../../src/core/decoding/shape-law.ts';
import { judgeEngineTexts, keyOf } from './references.ts';

it("an engine's own text that differs is wrong where calls of any shape are exact, and under another law counted", () => {
  const references = new Map([
    [keyOf(0, 0), [1, 2, 3]],
    [keyOf(1, 0), [4, 5]],
    [keyOf(1, 0.8), [9]],
  ]);
  const texts = [
    [1, 2, 3],
    [4, 6],
  ];
  const counted = { compared: 2, differing: 1 };
  expect(judgeEngineTexts(texts, references, freeLaw)).toEqual({ ...counted, wrong: 1 });
  expect(judgeEngineTexts(texts, references, { ...freeLaw, merges: false })).toEqual({ ...counted, wrong: 1 });
  expect(judgeEngineTexts(texts, references, { ...freeLaw, multiple: 2, least: 2 })).toEqual({ ...counted, wrong: 0 });
});
