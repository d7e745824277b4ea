import { describe, expect, it } from 'vitest';
import { type Claim, claimRow, claimSummary, reaches, verdict } from './claim.ts';

const claim: Claim = {
  figure: 'fig5',
  name: 'reductionMean',
  statement: 'less latency, share',
  interpretation: 'q16',
  claimed: 0.237,
  measured: 0.3,
  interval: [0.25, 0.35],
  holds: true,
  isMain: true,
};

describe('a claim', () => {
  it('holds unless all of its interval lies below what is claimed', () => {
    expect(reaches(0.237, [0.1, 0.3])).toBe(true);
    expect(reaches(0.237, [0.3, 0.4])).toBe(true);
    expect(reaches(0.237, [0.1, 0.2])).toBe(false);
  });

  it('says whether more was found than claimed', () => {
    expect(verdict(claim)).toBe('yes, more');
    expect(verdict({ ...claim, interval: [0.2, 0.3] })).toBe('yes');
    expect(verdict({ ...claim, holds: false })).toBe('no');
  });

  it('goes into the summary with what is claimed, measured, its interval, and whether it holds', () => {
    expect(claimSummary([claim, { ...claim, name: 'aside', isMain: false }])).toEqual({
      reductionMeanClaimed: 0.237,
      reductionMeanMeasured: 0.3,
      reductionMeanLow: 0.25,
      reductionMeanHigh: 0.35,
      reductionMeanHolds: true,
    });
    expect(claimRow({ ...claim, interval: null })).toMatchObject({ claimed: 0.237, low: null, high: null });
  });
});
