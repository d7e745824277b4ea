import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideRate, nextRates } from './divide-rate.ts';

const all = Number.POSITIVE_INFINITY;
const user = (weight: number, wanted: number = all) => ({ weight, wanted });

describe('a rate', () => {
  it.each([
    ['by weight', [user(3), user(1)], [75, 25]],
    ['what one leaves goes to the others, by weight', [user(6, 10), user(2), user(1)], [10, 60, 30]],
    ['what nobody wants stays', [user(1, 10), user(9, 20)], [10, 20]],
    ['one after the other is satisfied', [user(1, 30), user(1, 10), user(1, 80)], [30, 10, 60]],
    ['nobody wants anything', [user(1, 0)], [0]],
    ['nobody is there', [], []],
  ])('is divided: %s', (_, users, rates) => {
    expect(divideRate(100, users).map((rate) => Math.round(rate * 1e6) / 1e6)).toEqual(rates);
  });

  it('is used up if it is wanted, and nobody could have more without another one of a lower level having less', () => {
    const anyUser = fc.record({
      weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
      wanted: fc.oneof(fc.constant(all), fc.double({ min: 0, max: 200, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(anyUser, { minLength: 1, maxLength: 8 }), (users) => {
        const rates = divideRate(100, users);
        const sum = rates.reduce((total, rate) => total + rate, 0);
        const wanted = users.reduce((total, one) => total + one.wanted, 0);
        expect(sum).toBeCloseTo(Math.min(100, wanted), 6);
        const levels = users.map(({ weight }, index) => (rates[index] as number) / weight);
        const highest = Math.max(...levels);
        for (const [index, one] of users.entries()) {
          expect(rates[index]).toBeLessThanOrEqual(one.wanted);
          // Whoever has less than it wants has the highest level.
          if ((rates[index] as number) < one.wanted - 1e-6) expect(levels[index]).toBeCloseTo(highest, 6);
        }
      }),
    );
  });
});

describe('the next rates', () => {
  const use = (weight: number, rate: number, used: number) => ({ weight, rate, used });

  it('leave those as they are that use them up', () => {
    expect(nextRates(100, [use(3, 75, 74), use(1, 25, 22)])).toEqual([75, 25]);
  });

  it('take from an idle user what it does not use, and give it back when it uses what it has', () => {
    const busy = use(1, 25, 25);
    expect(nextRates(100, [use(3, 75, 5), busy])).toEqual([10, 90]);
    expect(nextRates(100, [use(3, 10, 0), use(1, 90, 90)])).toEqual([1.5, 98.5]);
    expect(nextRates(100, [use(3, 1.5, 1.4), busy])).toEqual([75, 25]);
  });

  it('give what nobody wants to all by weight', () => {
    expect(nextRates(100, [use(3, 75, 5), use(1, 25, 5)]).map(Math.round)).toEqual([70, 30]);
  });
});
