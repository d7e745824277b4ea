// The toy language is a part of what simulations and their kept results rest on: other words or other numbers would be another language.

import { describe, expect, it } from 'vitest';
import { leastToyVocabulary, type ToyLanguage, toyCandidates, toyContextKey, toyEndId } from './toy-language.ts';

const language: ToyLanguage = {
  seed: 3,
  role: 'target',
  agreement: 0.8,
  vocabularySize: 49_152,
  endRate: 0,
  candidateCount: 6,
};
const contexts = Array.from({ length: 4000 }, (_, index) => [index, 7 * index, 5]);

function shareOf(holds: (ids: readonly number[]) => boolean): number {
  return contexts.filter(holds).length / contexts.length;
}

describe('the toy language', () => {
  it('draws ids that are words of the vocabulary, each once', () => {
    const vocabularySize = leastToyVocabulary;
    let highest = 0;
    for (const ids of contexts) {
      const words = toyCandidates(ids, { ...language, vocabularySize }).ids;
      expect(new Set(words).size).toBe(6);
      highest = Math.max(highest, ...words);
      expect(Math.min(...words)).toBeGreaterThan(0);
    }
    expect(highest).toBeLessThan(vocabularySize);
    expect(highest).toBeGreaterThan(0.95 * (vocabularySize - 257));
  });

  it('has likely words: each doubling of the rank is as likely as any other', () => {
    const firsts = contexts.map((ids) => toyCandidates(ids, language).ids[0] as number);
    const octaves = new Map<number, number>();
    for (const word of firsts) {
      const octave = Math.floor(Math.log2(word + 15)) - 4;
      octaves.set(octave, (octaves.get(octave) ?? 0) + 1 / firsts.length);
    }
    expect([...octaves.keys()].sort((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const share of octaves.values()) expect(share).toBeGreaterThan(0.04);
  });

  it('agrees at the set rate, and more often where it is certain', () => {
    const agrees = (ids: readonly number[], agreement: number): boolean =>
      toyCandidates(ids, { ...language, role: 'draft', agreement }).ids[0] === toyCandidates(ids, language).ids[0];
    for (const agreement of [0, 0.3, 0.8, 1]) {
      expect(shareOf((ids) => agrees(ids, agreement))).toBeCloseTo(agreement, 1);
    }
    const lead = (ids: readonly number[]): number => toyCandidates(ids, language).logits[0] as number;
    const certain = contexts.filter((ids) => lead(ids) > 24);
    const unsure = contexts.filter((ids) => lead(ids) < 20.6);
    const rate = (some: readonly number[][]): number => some.filter((ids) => agrees(ids, 0.8)).length / some.length;
    expect(rate(certain)).toBeGreaterThan(0.85);
    expect(rate(unsure)).toBeLessThan(0.75);
  });

  it('leads by 0.1 to 8.1 over a list that falls', () => {
    const leads = contexts.map((ids) => (toyCandidates(ids, language).logits[0] as number) - 20);
    expect(Math.min(...leads)).toBeCloseTo(0.1, 2);
    expect(Math.max(...leads)).toBeCloseTo(8.1, 1);
    const { logits } = toyCandidates([1, 2, 3], language);
    expect(logits.slice(1)).toEqual([1, 2, 3, 4, 5].map((rank) => Math.fround(20 - 0.7 * Math.sqrt(rank))));
  });

  it('ends at the set rate', () => {
    const ends = (ids: readonly number[]): boolean =>
      toyCandidates(ids, { ...language, endRate: 0.2 }).ids[0] === toyEndId;
    expect(shareOf(ends)).toBeCloseTo(0.2, 1);
    expect(shareOf((ids) => toyCandidates(ids, language).ids[0] === toyEndId)).toBe(0);
  });

  it('is another one for another seed, also beyond 32 bits', () => {
    const wordsOf = (seed: number): string => toyCandidates([1, 2, 3], { ...language, seed }).ids.join();
    const seeds = [0, 3, 4, 2 ** 32 + 3, 2 * 2 ** 32 + 3, 2 ** 52 + 3];
    expect(new Set(seeds.map(wordsOf)).size).toBe(seeds.length);
  });

  it('has the words that kept results were made with', () => {
    expect(toyCandidates([1, 2, 3], language).ids).toEqual([6096, 36, 3299, 3, 10, 100]);
    expect(toyCandidates([1, 2, 3], { ...language, seed: 2 ** 40 + 9 }).ids).toEqual([4469, 396, 24, 29, 108, 2899]);
    expect(toyContextKey([1, 2, 3, 4, 5, 6, 7, 8], 8)).toBe(507646286158594);
  });

  it('tells contexts apart by 53 bits of the last ids', () => {
    const keys = new Set(contexts.map((ids) => toyContextKey(ids, ids.length)));
    expect(keys.size).toBe(contexts.length);
    for (const key of keys) expect(Number.isSafeInteger(key) && key >= 0).toBe(true);
    expect(Math.max(...keys)).toBeGreaterThan(2 ** 52);
    const low = [...keys].map((key) => key % 2 ** 32);
    expect(new Set(low).size).toBeGreaterThan(0.99 * contexts.length);
  });
});
