// Golden vectors for other implementations: code, JSON and document must agree.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bitsOf, doubleOf } from '../basics/bits.fixture.ts';
import { chooseToken } from './choose-token.ts';
import { deriveSeed, gumbelNoise, seedHigh, seedLow } from './noise.ts';
import { neutralSampling, type Sampling, validateSampling } from './sampling.ts';
import { RunningCounts } from './token-counts.ts';

interface Golden {
  noise: { seed: string; position: number; id: number; noise: string }[];
  seeds: { seed: string; answerIndex: number; derived: string }[];
  choices: {
    about: string;
    ids: number[];
    logits: number[];
    sampling: Partial<Omit<Sampling, 'seed'>> & { seed?: string };
    answer: number[];
    position: number;
    chosen: number;
  }[];
}

const golden = JSON.parse(readFileSync(new URL('./golden/token-choice.json', import.meta.url), 'utf8')) as Golden;
const page = readFileSync(new URL('../../../docs/internals/token-choice.md', import.meta.url), 'utf8');

/** The records below the two header lines of the table under a heading. */
function tableRows(heading: string): string[] {
  const section = page.split(`\n### ${heading}\n`)[1]?.split('\n#')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
}

/** The page shows some of the vectors, in their order. */
function expectShown(heading: string, rows: readonly string[], least: number): void {
  const shown = tableRows(heading);
  expect(shown.length).toBeGreaterThanOrEqual(least);
  expect(rows.filter((one) => shown.includes(one))).toEqual(shown);
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

describe('golden noise', () => {
  it("equals the code's, in all 64 bits", () => {
    expect(golden.noise.length).toBeGreaterThanOrEqual(12);
    for (const { seed, position, id, noise } of golden.noise) {
      const key = BigInt(seed);
      expect(bitsOf(gumbelNoise(seedLow(key), seedHigh(key), position, id)), `${seed} ${position} ${id}`).toBe(noise);
    }
    for (const { seed, answerIndex, derived } of golden.seeds) {
      expect(deriveSeed(BigInt(seed), answerIndex)).toBe(BigInt(derived));
    }
  });

  it("contains the document's", () => {
    const rows = golden.noise.map((entry) =>
      row([entry.seed, entry.position, entry.id, entry.noise, doubleOf(entry.noise)]),
    );
    expectShown('Noise', rows, 6);
    const seeds = golden.seeds.map((entry) => row([entry.seed, entry.answerIndex, entry.derived]));
    expectShown('Derived seeds', seeds, 3);
  });
});

describe('golden choices', () => {
  it.each(golden.choices)('$about: $chosen', ({ ids, logits, sampling, answer, position, chosen }) => {
    const whole: Sampling = { ...neutralSampling, ...sampling, seed: BigInt(sampling.seed ?? 0) };
    validateSampling(whole, 300_000);
    expect(chooseToken({ ids, logits }, whole, new RunningCounts(answer), position)).toBe(chosen);
  });

  it('use every field of the sampling parameters', () => {
    const used = new Set(golden.choices.flatMap(({ sampling }) => Object.keys(sampling)));
    expect([...used].sort()).toEqual(Object.keys(neutralSampling).sort());
  });

  it("contain the document's", () => {
    const rows = golden.choices.map(({ about, ids, logits, sampling, answer, position, chosen }) => {
      const written = [ids, logits, sampling, answer].map((part) => JSON.stringify(part));
      return row([about, ...written, position, chosen]);
    });
    expectShown('Choices', rows, 10);
  });
});
