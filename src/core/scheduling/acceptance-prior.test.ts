import { describe, expect, it } from 'vitest';
import { createRandom } from '../basics/philox.ts';
import { mean } from '../basics/statistics.ts';
import { acceptanceRate, type DraftComparisons, lonePrior, sharedPrior } from './acceptance-prior.ts';

const random = createRandom(5, 1);

function compared(rate: number, count: number): DraftComparisons {
  const matched = Array.from({ length: count }, () => random.uniform() < rate).filter(Boolean).length;
  return { matched, mismatched: count - matched };
}

it('the acceptance rate of a session is a guess that its own comparisons soon outweigh', () => {
  expect(acceptanceRate({ matched: 0, mismatched: 0 })).toBe(0.7);
  expect(acceptanceRate({ matched: 90, mismatched: 10 })).toBeCloseTo((90 + 2.8) / 104, 12);
});

describe('what sessions of an edge know of each other', () => {
  it('is nothing for a lone one, and while none of them was compared', () => {
    expect(sharedPrior([])).toEqual(lonePrior);
    const known = { matched: 9, mismatched: 1 };
    expect(sharedPrior([known])).toEqual(lonePrior);
    expect(sharedPrior([known, { matched: 0, mismatched: 0 }])).toEqual(lonePrior);
  });

  it('is much where they differ no more than chance explains', () => {
    const weights = Array.from({ length: 20 }, () => sharedPrior(Array.from({ length: 16 }, () => compared(0.8, 40))));
    expect(mean(weights.map(({ weight }) => weight))).toBeGreaterThan(40);
    expect(mean(weights.map((one) => one.mean))).toBeCloseTo(0.8, 1);
  });

  it('is little where they differ', () => {
    const half = Array.from({ length: 8 }, () => compared(0.3, 40));
    const others = Array.from({ length: 8 }, () => compared(0.95, 40));
    expect(sharedPrior([...half, ...others]).weight).toBeLessThan(8);
  });

  it('brings estimates of alike sessions nearer to their rate, and hurts unlike ones little', () => {
    const errorOf = (rates: readonly number[], shares: boolean): number => {
      const errors = Array.from({ length: 100 }, () => {
        const own = rates.map((rate) => compared(rate, 20));
        const prior = shares ? sharedPrior(own) : lonePrior;
        return mean(own.map((one, index) => (acceptanceRate(one, prior) - (rates[index] as number)) ** 2));
      });
      return Math.sqrt(mean(errors));
    };
    const alike = new Array<number>(16).fill(0.8);
    expect(errorOf(alike, true)).toBeLessThan(0.6 * errorOf(alike, false));
    const unlike = alike.map((_, index) => (index < 8 ? 0.35 : 0.95));
    expect(errorOf(unlike, true)).toBeLessThan(1.05 * errorOf(unlike, false));
  });
});
