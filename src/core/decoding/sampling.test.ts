import { describe, expect, it } from 'vitest';
import { checkOptions } from '../basics/check-options.ts';
import { isOutriderError } from '../basics/errors.ts';
import { completeSampling, neutralSampling, type Sampling, samplingChecks, validateSampling } from './sampling.ts';

const vocabularySize = 1000;

function causeOf(change: Partial<Sampling>): string {
  try {
    validateSampling({ ...neutralSampling, ...change }, vocabularySize);
  } catch (error) {
    if (isOutriderError(error) && error.code === 'bad-argument' && error.remedy !== '') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('validateSampling', () => {
  it.each<Partial<Sampling>>([
    {},
    { temperature: 1e-6 },
    { temperature: 10, topK: 64, topP: 1e-9, minP: 0.999, seed: 2n ** 64n - 1n },
    { presencePenalty: -2, frequencyPenalty: 2, repetitionPenalty: 2 },
    { logitBias: [[0, -100]] },
    { logitBias: [[999, 100]] },
    { logitBias: Array.from({ length: 300 }, (_, id) => [id, 1] as const) },
  ])('accepts %o', (change) => {
    expect(causeOf(change)).toBe('accepted');
  });

  it.each<[string, Partial<Sampling>]>([
    ['temperature', { temperature: -0.1 }],
    ['temperature', { temperature: 1e-9 }],
    ['temperature', { temperature: 11 }],
    ['temperature', { temperature: Number.NaN }],
    ['temperature', { temperature: Number.POSITIVE_INFINITY }],
    ['topK', { topK: 65 }],
    ['topK', { topK: -1 }],
    ['topK', { topK: 2.5 }],
    ['topP', { topP: 0 }],
    ['topP', { topP: 1.01 }],
    ['topP', { topP: Number.NaN }],
    ['minP', { minP: -0.1 }],
    ['minP', { minP: 1 }],
    ['presence', { presencePenalty: 2.1 }],
    ['frequency', { frequencyPenalty: -2.1 }],
    ['repetition', { repetitionPenalty: 0 }],
    ['repetition', { repetitionPenalty: 2.1 }],
    ['seed', { seed: -1n }],
    ['seed', { seed: 2n ** 64n }],
    ['token id 1000', { logitBias: [[1000, 1]] }],
    ['token id -1', { logitBias: [[-1, 1]] }],
    ['token id 1.5', { logitBias: [[1.5, 1]] }],
    ['sorted', { logitBias: [2, 1].map((id) => [id, 1] as const) }],
    ['sorted', { logitBias: [2, 2].map((id) => [id, 1] as const) }],
    ['bias of 2', { logitBias: [[2, 101]] }],
    ['bias of 2', { logitBias: [[2, Number.NaN]] }],
    ['301', { logitBias: Array.from({ length: 301 }, (_, id) => [id, 1] as const) }],
  ])('refuses a wrong %s: %o', (name, change) => {
    expect(causeOf(change)).toContain(name);
  });
});

describe('the kinds of sampling options', () => {
  it.each([
    ['a bias that is no pair', { logitBias: [[1]] }],
    ['a bias of three numbers', { logitBias: [[1, 2, 3]] }],
    ['a bias that is no list', { logitBias: ['12'] }],
    ['a bias without a number', { logitBias: [[1, 'much']] }],
    ['a negative seed', { seed: -1 }],
    ['a broken seed', { seed: 1.5 }],
    ['a seed as text', { seed: '7' }],
  ])('refuse %s', (_name, options) => {
    expect(() => checkOptions('a test', options as never, samplingChecks)).toThrow();
  });

  it('take pairs, and seeds from 0 on of both kinds', () => {
    for (const options of [{ logitBias: [[1, -2]] as const }, { seed: 0 }, { seed: 7 }, { seed: 2n ** 64n - 1n }]) {
      expect(() => checkOptions('a test', options, samplingChecks)).not.toThrow();
    }
  });

  it('take an absent field for the neutral one, also where it is there without a value', () => {
    expect(completeSampling({ topP: undefined, minP: 0.1 } as never)).toEqual({ ...neutralSampling, minP: 0.1 });
  });
});
