import { describe, expect, it } from 'vitest';
import { deriveSeed, gumbelNoise, gumbelOfWord, noiseUpperBound, seedHigh, seedLow } from './noise.ts';

describe('gumbelNoise', () => {
  it('depends on both words of the seed, on position and on id', () => {
    const values = [
      gumbelNoise(1, 2, 3, 4),
      gumbelNoise(2, 2, 3, 4),
      gumbelNoise(1, 3, 3, 4),
      gumbelNoise(1, 2, 4, 4),
      gumbelNoise(1, 2, 3, 5),
    ];
    expect(new Set(values).size).toBe(5);
    expect(gumbelNoise(1, 2, 3, 4)).toBe(values[0]);
  });

  it('has the mean and the variance of the standard Gumbel distribution, and keeps its bounds', () => {
    const count = 50_000;
    const values = Array.from({ length: count }, (_, index) => gumbelNoise(9, 0, index % 250, Math.floor(index / 250)));
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    expect(mean).toBeCloseTo(0.5772, 1);
    expect(variance).toBeCloseTo(Math.PI ** 2 / 6, 1);
    expect(Math.max(...values)).toBeLessThan(noiseUpperBound);
    expect(Math.min(...values)).toBeGreaterThan(-3.14);
  });

  it('grows with the word by more than the rounding of any sum that uses it', () => {
    const words = [0, 1, 2 ** 20, 2 ** 30, Math.floor(2 ** 32 / Math.E), 2 ** 31, 2 ** 32 - 3, 2 ** 32 - 2];
    for (const start of words) {
      for (let word = start; word < Math.min(start + 1000, 2 ** 32 - 1); word++) {
        expect(gumbelOfWord(word + 1) - gumbelOfWord(word)).toBeGreaterThan(6e-10);
      }
    }
  });
});

describe('seeds', () => {
  it('are split into two unsigned words', () => {
    expect(seedLow(0xfedcba9889abcdefn)).toBe(0x89abcdef);
    expect(seedHigh(0xfedcba9889abcdefn)).toBe(0xfedcba98);
  });

  it('derive others for further answers, and stay the same for the first', () => {
    const seeds = [0, 1, 2, 3].map((answerIndex) => deriveSeed(77n, answerIndex));
    expect(seeds[0]).toBe(77n);
    expect(new Set(seeds).size).toBe(4);
    for (const seed of seeds) expect(seed >= 0n && seed < 1n << 64n).toBe(true);
  });
});
