import { describe, expect, it } from 'vitest';
import {
  type BesideEstimate,
  besideMsFor,
  canDraftBesideSteps,
  isDraftWorthBesideStep,
  leastHedgeChanceBesideStep,
  noBesideEstimate,
  observeBeside,
} from './draft-beside-step.ts';

const step = { chance: 0.4, draftMs: 5, besideMs: 0, sessionCount: 1, elapsedMs: 0, expectedMs: 40 };

describe('an alternative beside a draft', () => {
  const pass = { chance: 0.5, draftMs: 5, besideMs: 0, sessionCount: 1, price: 0.1 };

  it('is worth a pass that is longer by its share, the less so the more the draft itself is needed', () => {
    expect(leastHedgeChanceBesideStep(pass)).toBeCloseTo(0.05, 12);
    expect(leastHedgeChanceBesideStep({ ...pass, chance: 1 })).toBeCloseTo(0.1, 12);
    expect(leastHedgeChanceBesideStep({ ...pass, price: 1 })).toBeCloseTo(0.5, 12);
    expect(leastHedgeChanceBesideStep({ ...pass, price: 0 })).toBe(0);
  });

  it('pays for what the longer pass adds to the step of all sessions', () => {
    expect(leastHedgeChanceBesideStep({ ...pass, besideMs: 2 })).toBeCloseTo(0.09, 12);
    expect(leastHedgeChanceBesideStep({ ...pass, besideMs: 2, sessionCount: 3 })).toBeCloseTo(0.17, 12);
  });
});

describe('a draft beside a step', () => {
  it('is begun while it ends in time, or the chain is likely to be accepted', () => {
    expect(isDraftWorthBesideStep(step)).toBe(true);
    expect(isDraftWorthBesideStep({ ...step, elapsedMs: 33, expectedMs: 20 })).toBe(false);
    expect(isDraftWorthBesideStep({ ...step, elapsedMs: 33 })).toBe(true);
    expect(isDraftWorthBesideStep({ ...step, chance: 0.05, elapsedMs: 32 })).toBe(false);
    expect(isDraftWorthBesideStep({ ...step, chance: 0.9, elapsedMs: 60 })).toBe(true);
  });

  it('is not worth more than the time that it may save, to all sessions of the step', () => {
    expect(isDraftWorthBesideStep({ ...step, besideMs: 1.9 })).toBe(true);
    expect(isDraftWorthBesideStep({ ...step, besideMs: 2.1 })).toBe(false);
    expect(isDraftWorthBesideStep({ ...step, besideMs: 0.5, sessionCount: 5 })).toBe(false);
    expect(isDraftWorthBesideStep({ ...step, besideMs: Number.POSITIVE_INFINITY })).toBe(false);
    expect(isDraftWorthBesideStep({ ...step, draftMs: 0 })).toBe(true);
  });

  it('can be worth it where the first one is', () => {
    expect(canDraftBesideSteps(0.8, 5, 3.9)).toBe(true);
    expect(canDraftBesideSteps(0.8, 5, 4.1)).toBe(false);
    expect(canDraftBesideSteps(1, 5, Number.POSITIVE_INFINITY)).toBe(false);
  });
});

describe('the estimate of what a draft adds to a step', () => {
  const measured = (addedMs: number, count = 60): BesideEstimate => {
    let estimate = noBesideEstimate;
    for (let made = 0; made < count; made += 1) estimate = observeBeside(estimate, addedMs, 2);
    return estimate;
  };
  const inSteps = (estimate: BesideEstimate): number[] =>
    Array.from({ length: 64 }, (_, index) => besideMsFor(estimate, 5, index));

  it('is the mean of what steps took longer, for each draft beside them, and follows changes', () => {
    expect(measured(6).ms).toBeCloseTo(3);
    expect(measured(6, 1).ms).toBe(3);
    let changed = measured(6);
    for (let made = 0; made < 60; made += 1) changed = observeBeside(changed, 0, 1);
    expect(changed.ms).toBeLessThan(0.01);
  });

  it('takes both ways in turns until it is known', () => {
    const tried = inSteps(measured(6, 3));
    expect(tried.filter((ms) => ms === 0)).toHaveLength(32);
    expect(tried.filter((ms) => ms === Number.POSITIVE_INFINITY)).toHaveLength(32);
  });

  it('goes on to try the other way now and then', () => {
    const cheap = inSteps(measured(2));
    expect(cheap.filter((ms) => ms === Number.POSITIVE_INFINITY)).toHaveLength(4);
    expect(cheap[1]).toBeCloseTo(1);
    const dear = inSteps(measured(20));
    expect(dear.filter((ms) => ms === 0)).toHaveLength(1);
    expect(dear[1]).toBeCloseTo(10);
  });

  it('is taken for more on a noisy machine, where its mean says little', () => {
    let noisy = noBesideEstimate;
    for (let made = 0; made < 60; made += 1) noisy = observeBeside(noisy, made % 2 === 0 ? 30 : -30, 1);
    expect(besideMsFor(noisy, 5, 1)).toBeGreaterThan(10);
  });

  it('is never below nothing, whatever the noise', () => {
    expect(besideMsFor(measured(-4), 5, 1)).toBe(0);
  });
});
