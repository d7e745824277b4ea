import { describe, expect, it } from 'vitest';
import { unknownTiming } from './draft-timing.ts';
import { leastHedgeChances, noHedges } from './hedge-worth.ts';
import { equalPrices } from './pass-times.ts';
import { noRunnerUps, noteRunnerUp, runnerUpChance } from './runner-up-chance.ts';

const timing = { ...unknownTiming, draftMs: 10, writtenMs: 1000, writtenTokens: 50 };
const cutsOf = (changes: Partial<typeof timing>, acceptance = 1) =>
  leastHedgeChances({ ...timing, ...changes }, acceptance);

describe('the least chance of an alternative', () => {
  it('rises with the width of a pass and with the square of the load', () => {
    expect(cutsOf({ prices: equalPrices(1) }).continue).toBe(0.375);
    expect(cutsOf({ prices: equalPrices(0.6) }).continue).toBeCloseTo(0.225, 12);
    expect(cutsOf({ prices: equalPrices(1), draftMs: 5 }).continue).toBe(0.09375);
    expect(cutsOf({ prices: equalPrices(1), draftMs: 25 }).continue).toBe(noHedges);
  });

  it('is that of its first tokens together where it begins', () => {
    expect(cutsOf({ prices: equalPrices(1) }).start).toBeCloseTo(0.375, 12);
    // Beginning costs twice as much: (2 + 2) / (1 + a + a^2).
    expect(cutsOf({ prices: { ...equalPrices(1), started: 2 } }, 0.5)).toEqual({
      start: expect.closeTo((0.375 * 4) / 1.75, 12),
      continue: 0.375,
    });
  });

  it('has a floor where a wide pass is quick, and is high while little is measured', () => {
    const quick = { prices: equalPrices(0.1), draftMs: 1 };
    expect(cutsOf(quick)).toEqual({ start: 0.04, continue: 0.04 });
    expect(cutsOf({ ...quick, writtenTokens: 7 })).toEqual({ start: 0.2, continue: 0.2 });
    // A token that takes 50 ms is worth more bytes than one that takes 20 ms.
    expect(cutsOf({ ...quick, writtenTokens: 20 }).continue).toBeCloseTo(0.016, 12);
    expect(cutsOf({ ...quick, writtenTokens: 100 }).continue).toBe(0.04);
  });

  it('has a lower floor where alternatives are cheap, down to a quarter', () => {
    const floorAt = (price: number): number => cutsOf({ prices: equalPrices(price), draftMs: 1 }).continue;
    expect(floorAt(0.05)).toBeCloseTo(0.02, 12);
    expect(floorAt(0.02)).toBeCloseTo(0.01, 12);
    expect(floorAt(0.3)).toBe(0.04);
  });
});

it('the chance of the second choice is supposed to grow with its closeness to the first, and follows what was seen in its band', () => {
  expect(runnerUpChance(noRunnerUps, 0.5)).toBeCloseTo(0.389, 3);
  expect(runnerUpChance(noRunnerUps, 0.1)).toBeLessThan(0.04);
  let rates = noRunnerUps;
  for (let trial = 0; trial < 200; trial += 1) rates = noteRunnerUp(rates, 0.45, trial % 5 === 0);
  expect(runnerUpChance(rates, 0.45)).toBeGreaterThan(0.15);
  expect(runnerUpChance(rates, 0.45)).toBeLessThan(0.3);
  expect(runnerUpChance(rates, 0.25)).toBe(runnerUpChance(noRunnerUps, 0.25));
});
