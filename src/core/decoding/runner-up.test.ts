import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCandidates } from './candidates.fixture.ts';
import type { Candidates } from './candidates.ts';
import { chooseToken } from './choose-token.ts';
import { choiceDistribution } from './choose-token-distribution.ts';
import { gumbelNoise } from './noise.ts';
import { runnerUp } from './runner-up.ts';
import { neutralSampling, type Sampling } from './sampling.ts';

const samplingArbitrary: fc.Arbitrary<Sampling> = fc.record({
  ...Object.fromEntries(Object.entries(neutralSampling).map(([name, value]) => [name, fc.constant(value)])),
  temperature: fc.constantFrom(0, 0.2, 0.8, 2),
  topK: fc.constantFrom(0, 1, 2, 40),
  topP: fc.constantFrom(1, 0.9, 0.5),
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
}) as unknown as fc.Arbitrary<Sampling>;

/** The same candidates without one of them. */
function without({ ids, logits }: Candidates, id: number): Candidates {
  const kept = ids.flatMap((other, index) => (other === id ? [] : [index]));
  return { ids: kept.map((index) => ids[index] as number), logits: kept.map((index) => logits[index] as number) };
}

/** Only the tokens that may be chosen, so that cuts by rank or mass are not made a second time. */
function choosable(candidates: Candidates, sampling: Sampling): Candidates {
  if (sampling.temperature === 0) return candidates;
  const { ids } = choiceDistribution(candidates, sampling, undefined);
  const found = candidates.ids.flatMap((id, index) => (ids.includes(id) ? [index] : []));
  return {
    ids: found.map((index) => candidates.ids[index] as number),
    logits: found.map((index) => candidates.logits[index] as number),
  };
}

describe('runnerUp', () => {
  it('is the choice among the tokens that can be chosen, without the first one', () => {
    fc.assert(
      fc.property(anyCandidates, samplingArbitrary, fc.nat(), (candidates, sampling, position) => {
        const first = chooseToken(candidates, sampling, undefined, position);
        const rest = without(choosable(candidates, sampling), first);
        const found = runnerUp(candidates, sampling, undefined, position);
        const uncut = { ...sampling, topK: 0, topP: 1 };
        const wanted = rest.ids.length === 0 ? undefined : chooseToken(rest, uncut, undefined, position);
        expect(found?.token).toBe(wanted);
      }),
      { numRuns: 1500 },
    );
  });

  it('has the chance of the lead, half where both are equal', () => {
    const greedy = (logits: number[]) => runnerUp({ ids: [5, 6, 7], logits }, neutralSampling, undefined, 3);
    expect(greedy([2, 2, 1])).toMatchObject({ token: 6, confidence: 32_768 / 65_535 });
    expect(greedy([2, 1, 0])?.confidence).toBeCloseTo(1 / (1 + Math.E), 4);
    expect(greedy([900, 0, 0])).toEqual({
      token: 6,
      confidence: 1 / 65_535,
      next: { token: 7, confidence: 1 / 65_535 },
    });
    const sampling = { ...neutralSampling, temperature: 0.5, seed: 11n };
    const scores = [5, 6].map((id, index) => 2 - 2 * index + gumbelNoise(11, 0, 3, id)) as [number, number];
    const found = runnerUp({ ids: [5, 6], logits: [1, 0] }, sampling, undefined, 3);
    expect(found?.token).toBe(scores[0] > scores[1] ? 6 : 5);
    expect(found?.confidence).toBeCloseTo(1 / (1 + Math.exp(Math.abs(scores[0] - scores[1]))), 4);
  });

  it('is followed by the choices that would be made without it and those before, four in all', () => {
    fc.assert(
      fc.property(anyCandidates, samplingArbitrary, fc.nat(), (candidates, sampling, position) => {
        const uncut = { ...sampling, topK: 0, topP: 1 };
        let rest = without(choosable(candidates, sampling), chooseToken(candidates, sampling, undefined, position));
        let current = runnerUp(candidates, sampling, undefined, position) ?? undefined;
        let before = 0.5001;
        for (let count = 0; count < 4 && rest.ids.length > 0; count += 1) {
          expect(current?.token).toBe(chooseToken(rest, uncut, undefined, position));
          expect(current?.confidence).toBeLessThanOrEqual(before);
          rest = without(rest, current?.token as number);
          before = current?.confidence as number;
          current = current?.next;
        }
        expect(current).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('is the lower id of a tie that only rounding makes', () => {
    // Seed 7, position 8: both ids have the same noise, and the sums with these logits are equal.
    const low = 45_540;
    const high = 49_283;
    const sampling = { ...neutralSampling, temperature: 1, seed: 7n };
    const candidates = { ids: [3, high, low], logits: [60, 1 + 2 ** -52, 1] };
    expect(runnerUp(candidates, sampling, undefined, 8)?.token).toBe(low);
    expect(runnerUp({ ids: [high, low], logits: [1 + 2 ** -52, 1] }, sampling, undefined, 8)?.token).toBe(high);
  });

  it('is not there where only one token can be chosen', () => {
    expect(runnerUp({ ids: [5], logits: [1] }, neutralSampling, undefined, 0)).toBeNull();
    const one = { ...neutralSampling, temperature: 1, topK: 1 };
    expect(runnerUp({ ids: [5, 6], logits: [1, 1] }, one, undefined, 0)).toBeNull();
  });
});
