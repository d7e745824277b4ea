import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exp, log } from '../basics/fdlibm.ts';
import { anyCandidates } from './candidates.fixture.ts';
import type { Candidates } from './candidates.ts';
import { chooseToken } from './choose-token.ts';
import { choiceConfidence, choiceDistribution } from './choose-token-distribution.ts';
import { gumbelNoise, seedHigh, seedLow } from './noise.ts';
import { neutralSampling, type Sampling } from './sampling.ts';
import { RunningCounts } from './token-counts.ts';

/** The definition of docs/internals/token-choice.md in its plainest form: lists, no early exit, no shared buffers. */
function definedChoice(
  candidates: Candidates,
  sampling: Sampling,
  answer: readonly number[],
  position: number,
): number {
  const bias = new Map(sampling.logitBias);
  let list = candidates.ids.map((id, index) => {
    let logit = (candidates.logits[index] ?? Number.NaN) + (bias.get(id) ?? 0);
    const count = answer.filter((other) => other === id).length;
    if (count > 0) {
      logit = logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty;
      logit = logit - sampling.frequencyPenalty * count - sampling.presencePenalty;
    }
    return { id, logit };
  });
  list.sort((first, second) => second.logit - first.logit || first.id - second.id);
  const largest = list[0]?.logit ?? Number.NaN;
  if (sampling.temperature === 0) return list[0]?.id ?? -1;
  if (sampling.topK > 0) list = list.slice(0, sampling.topK);
  if (sampling.topP < 1) {
    const total = list.reduce((sum, { logit }) => sum + exp(logit - largest), 0);
    let sum = 0;
    const last = list.findIndex(({ logit }) => {
      sum += exp(logit - largest);
      return sum >= sampling.topP * total;
    });
    list = list.slice(0, last + 1);
  }
  if (sampling.minP > 0) list = list.filter(({ logit }) => logit >= largest + log(sampling.minP));
  const scored = list.map(({ id, logit }) => ({
    id,
    score: logit / sampling.temperature + gumbelNoise(seedLow(sampling.seed), seedHigh(sampling.seed), position, id),
  }));
  scored.sort((first, second) => second.score - first.score || first.id - second.id);
  return scored[0]?.id ?? -1;
}

const samplingArbitrary: fc.Arbitrary<Sampling> = fc.record({
  temperature: fc.constantFrom(0, 1e-6, 0.2, 0.7, 1, 1.5, 10),
  topK: fc.constantFrom(0, 1, 3, 40, 64),
  topP: fc.constantFrom(1, 0.95, 0.5, 0.01),
  minP: fc.constantFrom(0, 0.05, 0.5),
  presencePenalty: fc.constantFrom(0, 0, 0.5, -0.25),
  frequencyPenalty: fc.constantFrom(0, 0, 0.25, -0.5),
  repetitionPenalty: fc.constantFrom(1, 1, 1.25, 0.75),
  logitBias: fc
    .uniqueArray(fc.tuple(fc.nat(300), fc.integer({ min: -8, max: 8 })), { maxLength: 40, selector: ([id]) => id })
    .map((pairs) => pairs.toSorted((first, second) => first[0] - second[0])),
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});

const answerArbitrary = fc.array(fc.nat(300), { maxLength: 200 });

describe('chooseToken', () => {
  it('equals the definition, for any parameters', () => {
    fc.assert(
      fc.property(
        anyCandidates,
        samplingArbitrary,
        answerArbitrary,
        fc.nat(),
        (candidates, sampling, answer, position) => {
          const chosen = chooseToken(candidates, sampling, new RunningCounts(answer), position);
          expect(chosen).toBe(definedChoice(candidates, sampling, answer, position));
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('does not depend on the order of the candidates, nor on earlier calls', () => {
    const ids = [4, 9, 2, 30];
    const logits = [1, 1, 0.5, 0.25];
    const sampling = { ...neutralSampling, temperature: 1, topK: 3, seed: 5n };
    for (let position = 0; position < 50; position++) {
      const chosen = chooseToken({ ids, logits }, sampling, undefined, position);
      chooseToken({ ids: [1000, 1001], logits: [50, 49] }, sampling, undefined, position);
      const reversed = { ids: ids.toReversed(), logits: logits.toReversed() };
      expect(chooseToken(reversed, sampling, undefined, position)).toBe(chosen);
    }
  });

  it('finds a token that is chosen by its noise alone, behind many without a chance', () => {
    const ids = Array.from({ length: 64 }, (_, index) => index);
    const logits = ids.map((id) => (id === 0 ? 6 : 0));
    const sampling = { ...neutralSampling, temperature: 1, seed: 1n };
    const seen = new Set<number>();
    for (let position = 0; position < 2000; position++)
      seen.add(chooseToken({ ids, logits }, sampling, undefined, position));
    expect(seen.has(0)).toBe(true);
    expect(seen.size).toBeGreaterThan(50);
  });

  it('needs between 1 and 64 candidates', () => {
    const many = Array.from({ length: 65 }, (_, index) => index);
    expect(() => chooseToken({ ids: [], logits: [] }, neutralSampling, undefined, 0)).toThrow('candidates');
    expect(() => chooseToken({ ids: many, logits: many }, neutralSampling, undefined, 0)).toThrow('candidates');
  });
});

describe('choiceDistribution', () => {
  it('sums to one over exactly the tokens that can be chosen', () => {
    fc.assert(
      fc.property(
        anyCandidates,
        samplingArbitrary,
        answerArbitrary,
        fc.nat(),
        (candidates, sampling, answer, position) => {
          const counts = new RunningCounts(answer);
          const { ids, probabilities } = choiceDistribution(candidates, sampling, counts);
          expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
          expect(ids).toContain(chooseToken(candidates, sampling, counts, position));
        },
      ),
    );
  });

  it('is the tempered softmax', () => {
    const candidates = { ids: [5, 6], logits: [2, 1] };
    const { probabilities } = choiceDistribution(candidates, { ...neutralSampling, temperature: 0.5 }, undefined);
    expect(probabilities[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
    expect(choiceDistribution(candidates, neutralSampling, undefined)).toEqual({ ids: [5], probabilities: [1] });
  });
});

describe('a tie of sums', () => {
  it('goes to the lower id, also where two ids have the same noise and only rounding makes the sums equal', () => {
    // Seed 7, position 8: both ids have the word 4035038862.
    const low = 45_540;
    const high = 49_283;
    const [lowNoise, highNoise] = [low, high].map((id) => gumbelNoise(7, 0, 8, id)) as [number, number];
    expect(lowNoise).toBe(highNoise);
    const larger = 1 + 2 ** -52;
    expect(larger + highNoise).toBe(1 + lowNoise);
    const candidates = { ids: [high, low], logits: [larger, 1] };
    const sampling = { ...neutralSampling, temperature: 1, seed: 7n };
    expect(chooseToken(candidates, sampling, undefined, 8)).toBe(low);
    expect(chooseToken({ ids: [low, high], logits: [1, 1] }, sampling, undefined, 8)).toBe(low);
  });

  it.each([
    ['large', 31.9, 31.9 - 2 ** -48],
    ['small', -31.9 + 2 ** -48, -31.9],
  ] as const)('goes to the lower id where rounding hides more noise: %s sums', (_size, larger, smaller) => {
    const low = 6142;
    const high = 51_974;
    // The higher id has the larger noise and the larger logit, both by less than a sum of 2^24 can hold.
    const [less, more] = [low, high].map((id) => gumbelNoise(7, 0, 5, id)) as [number, number];
    expect(more).toBeGreaterThan(less);
    const candidates = { ids: [high, low], logits: [larger, smaller] };
    const sampling = { ...neutralSampling, temperature: 1.9e-6, seed: 7n };
    expect(chooseToken(candidates, sampling, undefined, 5)).toBe(low);
  });
});

describe('top-p', () => {
  it('of 1 cuts nothing off, however small', () => {
    const sampling = { ...neutralSampling, temperature: 1 };
    expect(choiceDistribution({ ids: [5, 6], logits: [0, -50] }, sampling, undefined).ids).toEqual([5, 6]);
  });

  it('weighs logits of any size', () => {
    const sampling = { ...neutralSampling, temperature: 1, topP: 0.9 };
    expect(choiceDistribution({ ids: [5, 6], logits: [800, 800] }, sampling, undefined).ids).toEqual([5, 6]);
  });
});

describe('choiceConfidence', () => {
  it('is over all candidates at temperature 0, where nothing is cut off', () => {
    const candidates = { ids: [5, 6, 7], logits: [2, 1, 0] };
    const total = 1 + Math.exp(-1) + Math.exp(-2);
    for (const cut of [{ topK: 1 }, { topP: 0.1 }, { minP: 0.9 }]) {
      // A choice before it had one candidate.
      choiceDistribution(candidates, { ...neutralSampling, temperature: 1, topK: 1 }, undefined);
      const sampling = { ...neutralSampling, ...cut };
      expect(choiceConfidence(candidates, sampling, undefined, 5)).toBeCloseTo(1 / total, 12);
      expect(choiceConfidence(candidates, sampling, undefined, 7)).toBeCloseTo(Math.exp(-2) / total, 12);
    }
  });

  const candidates = { ids: [5, 6], logits: [2, 1] };

  it('is the probability of the choice, and at temperature 0 the one at temperature 1', () => {
    const sigmoid = 1 / (1 + Math.exp(-1));
    expect(choiceConfidence(candidates, neutralSampling, undefined, 5)).toBeCloseTo(sigmoid, 12);
    const drawn = { ...neutralSampling, temperature: 1 };
    expect(choiceConfidence(candidates, drawn, undefined, 6)).toBeCloseTo(1 - sigmoid, 12);
  });

  it('is 0 for a token that could not be chosen', () => {
    expect(choiceConfidence(candidates, { ...neutralSampling, temperature: 1, topK: 1 }, undefined, 6)).toBe(0);
    expect(choiceConfidence(candidates, neutralSampling, undefined, 99)).toBe(0);
  });
});
