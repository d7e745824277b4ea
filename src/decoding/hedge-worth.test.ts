import { describe, expect, it } from 'vitest';
import { noteDraftTime, unknownTiming } from './draft-timing.ts';
import { leastHedgeChance, noHedges } from './hedge-worth.ts';
import { noRunnerUps, noteRunnerUp, runnerUpChance } from './runner-up-chance.ts';

const timing = { ...unknownTiming, draftMs: 10, commitMs: 40, tokens: 2 };

describe('the least chance of an alternative', () => {
  it('rises with the width of a pass and with the square of the load', () => {
    expect(leastHedgeChance({ ...timing, widthShare: 1 })).toBe(0.25);
    expect(leastHedgeChance({ ...timing, widthShare: 0.6 })).toBeCloseTo(0.15, 12);
    expect(leastHedgeChance({ ...timing, widthShare: 1, draftMs: 5 })).toBe(0.0625);
    expect(leastHedgeChance({ ...timing, widthShare: 1, draftMs: 25 })).toBe(noHedges);
  });

  it('has a floor, also where nothing is measured or a wide pass seems quicker', () => {
    for (const known of [unknownTiming, { ...timing, widthShare: 0.01 }, { ...timing, widthShare: -0.2 }])
      expect(leastHedgeChance(known)).toBe(0.06);
  });
});

describe('the width of a pass', () => {
  it('is measured against passes without alternatives, per alternative', () => {
    let known = noteDraftTime(noteDraftTime(unknownTiming, 10), 40, 2);
    expect(known.draftMs).toBe(10);
    for (let pass = 0; pass < 100; pass += 1) known = noteDraftTime(known, 12, 2);
    expect(known.widthShare).toBeCloseTo(0.1, 3);
    expect(noteDraftTime(unknownTiming, 12, 1)).toEqual(unknownTiming);
    const slow = noteDraftTime(known, 1000, 1);
    expect(slow.widthShare).toBeLessThan(0.3);
  });
});

describe('the chance of the second choice', () => {
  it('is supposed to grow with the confidence in the first, and follows what was seen in its band', () => {
    expect(runnerUpChance(noRunnerUps, 0.2)).toBeLessThan(runnerUpChance(noRunnerUps, 0.8));
    let rates = noRunnerUps;
    for (let trial = 0; trial < 200; trial += 1) rates = noteRunnerUp(rates, 0.4, trial % 5 === 0);
    expect(runnerUpChance(rates, 0.45)).toBeGreaterThan(0.15);
    expect(runnerUpChance(rates, 0.45)).toBeLessThan(0.3);
    expect(runnerUpChance(rates, 0.8)).toBe(runnerUpChance(noRunnerUps, 0.8));
  });
});
