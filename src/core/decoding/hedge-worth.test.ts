import { describe, expect, it } from 'vitest';
import { noteDraftTime, unknownTiming } from './draft-timing.ts';
import { leastHedgeChance, noHedges } from './hedge-worth.ts';
import { noRunnerUps, noteRunnerUp, runnerUpChance } from './runner-up-chance.ts';

const timing = { ...unknownTiming, draftMs: 10, writtenMs: 1000, writtenTokens: 50 };

describe('the least chance of an alternative', () => {
  it('rises with the width of a pass and with the square of the load', () => {
    expect(leastHedgeChance({ ...timing, widthShare: 1 })).toBe(0.375);
    expect(leastHedgeChance({ ...timing, widthShare: 0.6 })).toBeCloseTo(0.225, 12);
    expect(leastHedgeChance({ ...timing, widthShare: 1, draftMs: 5 })).toBe(0.09375);
    expect(leastHedgeChance({ ...timing, widthShare: 1, draftMs: 25 })).toBe(noHedges);
  });

  it('has a floor where a wide pass seems as quick, and is high while little is measured', () => {
    for (const widthShare of [0.01, -0.2]) expect(leastHedgeChance({ ...timing, widthShare })).toBe(0.04);
    expect(leastHedgeChance({ ...timing, widthShare: 0.01, writtenTokens: 7 })).toBe(0.2);
    // A token that takes 50 ms is worth more bytes than one that takes 20 ms.
    expect(leastHedgeChance({ ...timing, widthShare: 0.01, writtenTokens: 20 })).toBeCloseTo(0.016, 12);
    expect(leastHedgeChance({ ...timing, widthShare: 0.01, writtenTokens: 100 })).toBe(0.04);
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
    expect(slow.widthShare).toBeLessThan(0.6);
  });
});

describe('the chance of the second choice', () => {
  it('is supposed to grow with its closeness to the first, and follows what was seen in its band', () => {
    expect(runnerUpChance(noRunnerUps, 0.5)).toBeCloseTo(0.389, 3);
    expect(runnerUpChance(noRunnerUps, 0.1)).toBeLessThan(0.04);
    let rates = noRunnerUps;
    for (let trial = 0; trial < 200; trial += 1) rates = noteRunnerUp(rates, 0.45, trial % 5 === 0);
    expect(runnerUpChance(rates, 0.45)).toBeGreaterThan(0.15);
    expect(runnerUpChance(rates, 0.45)).toBeLessThan(0.3);
    expect(runnerUpChance(rates, 0.25)).toBe(runnerUpChance(noRunnerUps, 0.25));
  });
});
