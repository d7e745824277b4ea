import { describe, expect, it } from 'vitest';
import { NgramIndex } from './ngram-index.ts';

describe('the index of runs', () => {
  it('tells how much of a text it holds', () => {
    const index = new NgramIndex();
    for (const id of [1, 2, 3]) index.append(id);
    expect(index.sharedPrefix([1, 2, 4, 5])).toBe(2);
    expect(index.sharedPrefix([1, 2, 3, 4])).toBe(3);
    expect(index.sharedPrefix([9, 9], 1)).toBe(1);
  });

  it('holds less than 140 bytes a token with all run lengths of look-up', () => {
    const index = new NgramIndex(2, 8);
    for (let count = 1, id = 1; count <= 40_000; count++) {
      id = (id * 48_271) % 2_147_483_647;
      index.append(id % 49_152);
      if (count >= 1000) expect(index.bytes).toBeLessThan(140 * count);
    }
  });

  it('does not grow where tokens are added and taken back', () => {
    const index = new NgramIndex(2, 8);
    for (let id = 1; id <= 20; id++) index.append(id);
    const { bytes } = index;
    for (let round = 0; round < 100; round++) {
      index.append(1000 + round);
      index.truncate(20);
    }
    expect(index.bytes).toBe(bytes);
  });

  it('holds less than 12 KB for a short text', () => {
    const index = new NgramIndex(2, 8);
    for (let id = 1; id <= 120; id++) index.append(id);
    expect(index.bytes).toBeLessThan(12_000);
  });
});
