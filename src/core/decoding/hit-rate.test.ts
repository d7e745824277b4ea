import { describe, expect, it } from 'vitest';
import { chanceOf, deviationOf, noTrials, noteTrial } from './hit-rate.ts';

describe('the chance of a hit', () => {
  it('is the prior before there are trials, and counts the prior as its weight in trials', () => {
    expect(chanceOf(noTrials, { chance: 0.7, weight: 4 })).toBe(0.7);
    expect(chanceOf({ hits: 3, trials: 6 }, { chance: 0.5, weight: 4 })).toBe(5 / 10);
  });

  it('forgets: after the memory a trial counts 1/e', () => {
    let rate = noteTrial(noTrials, true, 50);
    for (let more = 0; more < 50; more++) rate = noteTrial(rate, false, 50);
    expect(rate.hits).toBeCloseTo(1 / Math.E, 2);
  });

  it('deviates as a share of as many draws does', () => {
    expect(deviationOf({ hits: 3, trials: 6 }, { chance: 0.5, weight: 4 })).toBeCloseTo(Math.sqrt(0.25 / 11), 12);
    expect(deviationOf(noTrials, { chance: 0.2, weight: 3 })).toBeCloseTo(Math.sqrt(0.16 / 4), 12);
  });

  it('takes priors of 0 and 1, and no prior that is none', () => {
    expect(chanceOf(noTrials, { chance: 0, weight: 1 })).toBe(0);
    expect(chanceOf(noTrials, { chance: 1, weight: 1 })).toBe(1);
    for (const prior of [
      { chance: 0.5, weight: 0 },
      { chance: -0.1, weight: 1 },
      { chance: 1.1, weight: 1 },
    ]) {
      expect(() => chanceOf(noTrials, prior)).toThrow('a prior of');
    }
  });
});
