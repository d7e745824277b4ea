import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NgramIndex } from './ngram-index.ts';
import { PlainNgramIndex } from './plain-ngram-index.fixture.ts';

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

type Act =
  | { readonly append: readonly number[] }
  | { readonly copyPart: number; readonly length: number }
  | { readonly keepPart: number };

const part = (min: number) => fc.double({ min, max: 1, noNaN: true });
/** Few different tokens make many matches; many of them make tables that grow, and removals from full ones. */
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ append: fc.array(fc.nat(3), { maxLength: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ append: fc.array(fc.nat(400), { minLength: 20, maxLength: 200 }) }) },
  { weight: 2, arbitrary: fc.record({ copyPart: part(0), length: fc.nat(120) }) },
  { weight: 2, arbitrary: fc.record({ keepPart: part(0.3) }) },
);

describe('the index of runs, beside the plain way', () => {
  it('finds what a map of runs finds, however the text grows and shrinks', () => {
    const shape = fc.record({ shortest: fc.integer({ min: 1, max: 3 }), more: fc.nat(6), seed: fc.integer() });
    fc.assert(
      fc.property(shape, fc.array(act, { maxLength: 30 }), ({ shortest, more, seed }, acts) => {
        const index = new NgramIndex(shortest, shortest + more, seed | 0);
        const plain = new PlainNgramIndex(shortest, shortest + more);
        const text: number[] = [];
        for (const one of acts) {
          const from = 'copyPart' in one ? Math.floor(one.copyPart * text.length) : 0;
          const added = 'append' in one ? one.append : 'copyPart' in one ? text.slice(from, from + one.length) : [];
          if (!('keepPart' in one)) {
            for (const id of added) {
              text.push(id);
              index.append(id);
              plain.append(id);
              expect(index.match()).toEqual(plain.match());
            }
          } else {
            const length = Math.floor(one.keepPart * plain.length);
            text.length = length;
            index.truncate(length);
            plain.truncate(length);
          }
          expect(index.length).toBe(plain.length);
          expect(index.match()).toEqual(plain.match());
        }
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'finds every run that is left in a shorter text: hash seed %d',
    (seed) => {
      const [index, plain] = [new NgramIndex(2, 3, seed), new PlainNgramIndex(2, 3)];
      const text = Array.from({ length: 280 }, (_, position) => (position * position * 31 + position) % 4093);
      for (const id of text) {
        index.append(id);
        plain.append(id);
      }
      for (let length = 270; length > 60; length -= 30) {
        index.truncate(length);
        plain.truncate(length);
        for (let from = 0; from < length - 3; from += 1) {
          for (const id of text.slice(from, from + 3)) index.append(id);
          for (const id of text.slice(from, from + 3)) plain.append(id);
          expect(index.match()).toEqual(plain.match());
          index.truncate(length);
          plain.truncate(length);
        }
      }
    },
  );
});
