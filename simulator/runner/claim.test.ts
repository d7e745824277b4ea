import { describe, expect, it } from 'vitest';
import { formatTable } from '../../src/cli/terminal/terminal-table.ts';
import {
  type Claim,
  claimRow,
  claimSummary,
  claimTable,
  type DraftClaim,
  holds,
  interpretClaims,
  onDirection,
  onGain,
  onRange,
} from './claim.ts';

const claim: Claim = {
  figure: 'fig5',
  name: 'reductionMean',
  statement: 'less latency, share',
  interpretation: 'q16',
  claimed: 0.237,
  measured: 0.3,
  interval: [0.25, 0.35],
  verdict: 'holds, and more',
  dependsOn: 'the payload law',
  isMain: true,
};

describe('the verdict on a claim', () => {
  it('of a gain says whether all of the interval lies below the claim, above it, or around it', () => {
    expect(onGain(0.237)([0.1, 0.3])).toBe('holds');
    expect(onGain(0.237)([0.3, 0.4])).toBe('holds, and more');
    expect(onGain(0.237)([0.1, 0.2])).toBe('does not hold');
  });

  it('of a gain is undecided where the interval has room for the claim and for no gain', () => {
    expect(onGain(0.237)([-0.1, 0.3])).toBe('undecided');
    expect(onGain(0.237)([-0.1, 0.2])).toBe('does not hold');
  });

  it('of a direction takes a change below the least one as none', () => {
    expect(onDirection('rises', 0.001)([0.01, 0.02])).toBe('holds');
    expect(onDirection('rises', 0.001)([0.0001, 0.0009])).toBe('does not hold');
    expect(onDirection('rises', 0.001)([-0.3, -0.1])).toBe('does not hold');
    expect(onDirection('rises', 0.001)([-0.1, 0.1])).toBe('undecided');
    expect(onDirection('falls', 0.001)([-0.3, -0.1])).toBe('holds');
    expect(onDirection('falls', 0.001)([0.1, 0.3])).toBe('does not hold');
    expect(onDirection('falls', 0.001)([-0.1, 0.3])).toBe('undecided');
  });

  it('of a value asks whether the interval meets the range, and whether it says anything', () => {
    expect(onRange(25, 25)([20, 30])).toBe('holds');
    expect(onRange(25, 25)([2, 12])).toBe('does not hold');
    expect(onRange(25, 25)([2, 40])).toBe('undecided');
  });

  it('counts as held whether it is more or just as much', () => {
    const verdicts = ['holds', 'holds, and more', 'does not hold', 'undecided'] as const;
    expect(verdicts.map((verdict) => holds({ verdict }))).toEqual([true, true, false, false]);
  });
});

describe('a claim', () => {
  it('goes into the summary with what is claimed, measured, its interval, the verdict and what that depends on', () => {
    expect(claimSummary([claim, { ...claim, name: 'aside', isMain: false }])).toEqual({
      reductionMeanClaimed: 0.237,
      reductionMeanMeasured: 0.3,
      reductionMeanLow: 0.25,
      reductionMeanHigh: 0.35,
      reductionMeanHolds: true,
      reductionMeanVerdict: 'holds, and more',
      reductionMeanDependsOn: 'the payload law',
    });
    expect(claimRow({ ...claim, interval: null })).toMatchObject({ claimed: 0.237, low: null, high: null });
  });
});

describe('the table for people', () => {
  const claims: Claim[] = [
    { ...claim, statement: 'best: less latency, share' },
    { ...claim, statement: 'tma: less latency, share', name: 'tmaReduction', verdict: 'does not hold' },
    { ...claim, statement: 'best window, tokens', name: 'window', claimed: 25, measured: 2, interval: null },
    { ...claim, statement: 'change of energy, share', name: 'energy', claimed: 'falls', measured: -2.9e-9 },
  ];
  const printed = (judges: boolean): string => {
    const { few } = claimTable(claims, judges);
    return `\n${formatTable(few, Object.keys(few[0] ?? {}))}\n`;
  };

  it('has a line for each claim in words, with its unit, what is claimed, and in how many interpretations it holds', () => {
    expect(printed(true)).toBe(`
the paper says      unit    claimed  here  95 %      verdict          holds in
------------------  ------  -------  ----  --------  ---------------  --------
best: less latency  %       23.7       30  25 to 35  holds, and more  1 of 2
best window         tokens  25          2  -         holds, and more  1 of 1
change of energy    %       falls       0  25 to 35  holds, and more  1 of 1
`);
    expect(claimTable(claims, true).all).toHaveLength(4);
  });

  it('has no verdict where the sizes are too small for one', () => {
    expect(printed(false)).not.toMatch(/hold|verdict/);
  });
});

describe('what a verdict depends on', () => {
  const { interpretation: _words, dependsOn: _choice, ...drafted } = claim;
  const draft = (law: string, k: string, verdict: DraftClaim['verdict']): DraftClaim => ({
    ...drafted,
    choices: { payload: law, k },
    verdict,
  });

  it('is each choice whose other value alone turns it', () => {
    const claims = interpretClaims([
      draft('q16', '0', 'holds, and more'),
      draft('ids', '0', 'does not hold'),
      draft('ids', '2', 'holds'),
      draft('q16', '2', 'holds, and more'),
    ]);
    expect(claims.map(({ dependsOn }) => dependsOn)).toEqual([
      'payload (ids: does not hold)',
      'payload (q16: holds, and more); k (2: holds)',
      'k (0: does not hold)',
      'not on payload, k alone',
    ]);
    expect(claims[0]?.interpretation).toBe('payload: q16; k: 0');
  });

  it('is not guessed where nothing was tried, and is kept where it was given', () => {
    const [alone] = interpretClaims([draft('q16', '0', 'holds')]);
    expect(alone?.dependsOn).toBe('no choice that was tried');
    const [given] = interpretClaims([{ ...draft('q16', '0', 'holds'), dependsOn: 'the unit' }]);
    expect(given?.dependsOn).toBe('the unit');
  });
});
