import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, philox } from './philox.ts';

type Words = [number, number, number, number];

function output(counter: Words, key: [number, number]): string {
  const out = new Uint32Array(4);
  philox(out, ...counter, ...key);
  return Array.from(out, (word) => word.toString(16).padStart(8, '0')).join(' ');
}

/** The definition, in exact arithmetic. */
function exactOutput(counter: Words, key: [number, number]): string {
  const mask = 0xffffffffn;
  let [word0, word1, word2, word3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [key0, key1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const productA = 0xd2511f53n * word0;
    const productB = 0xcd9e8d57n * word2;
    word0 = (productB >> 32n) ^ word1 ^ key0;
    word1 = productB & mask;
    word2 = (productA >> 32n) ^ word3 ^ key1;
    word3 = productA & mask;
    key0 = (key0 + 0x9e3779b9n) & mask;
    key1 = (key1 + 0xbb67ae85n) & mask;
  }
  return [word0, word1, word2, word3].map((word) => word.toString(16).padStart(8, '0')).join(' ');
}

describe('philox', () => {
  // Random123's kat_vectors, lines "philox4x32 10".
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as [Words, [number, number], string][])(
    'gives the published words for counter %j and key %j',
    (counter, key, words) => {
      expect(output(counter, key)).toBe(words);
    },
  );

  it('multiplies without rounding, for any words', () => {
    const word = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
    );
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(output(counter, key)).toBe(exactOutput(counter, key));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('createRandom', () => {
  function sample(draw: () => number, count = 20_000): { mean: number; variance: number } {
    const values = Array.from({ length: count }, draw);
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count };
  }

  it('repeats itself for the same seed and stream, and for no others', () => {
    const first = (seed: number, stream?: number) => {
      const random = createRandom(seed, stream);
      return [random.uniform(), random.uniform(), random.uniform()];
    };
    expect(first(7)).toEqual(first(7));
    const different = [first(7), first(8), first(7 + 2 ** 32), first(7, 1)].map(String);
    expect(new Set(different).size).toBe(4);
    expect(first(7)[0]).not.toBe(first(7)[2]);
  });

  it('has the moments of its distributions', () => {
    const random = createRandom(20_261_124);
    const uniform = sample(random.uniform);
    expect(uniform.mean).toBeCloseTo(0.5, 2);
    expect(uniform.variance).toBeCloseTo(1 / 12, 2);
    const normal = sample(random.normal);
    expect(Math.abs(normal.mean)).toBeLessThan(0.03);
    expect(Math.abs(normal.variance - 1)).toBeLessThan(0.05);
    const exponential = sample(random.exponential);
    expect(Math.abs(exponential.mean - 1)).toBeLessThan(0.03);
    expect(Math.abs(exponential.variance - 1)).toBeLessThan(0.08);
  });

  it('draws integers below the count, and each of them', () => {
    const random = createRandom(3);
    const seen = new Set(Array.from({ length: 500 }, () => random.integer(5)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(random.integer(1)).toBe(0);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the seed %d', (seed) => {
    expect(() => createRandom(seed)).toThrow(RangeError);
  });
});
