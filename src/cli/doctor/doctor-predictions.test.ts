import { describe, expect, it } from 'vitest';
import { freeLaw, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import type { TokenTimePrediction } from '../../core/scheduling/predict-latency.ts';
import { findProfile } from '../../models/port/profiles.ts';
import { againstNative, besideLlama, type Measured, measuredAtEdge, predict } from './doctor-predictions.ts';

const rows = [1, 2, 3, 4, 5, 6, 7, 8];
const measuredBy = (ms: (rows: number) => number, draftMs = 1): Measured => {
  return {
    draftMs,
    acceptance: 0.8,
    comparedTokens: 120,
    steps: rows.map((count) => ({ rows: count, ms: ms(count) })),
  };
};
const fours: ShapeLaw = { multiple: 4, least: 4, most: 60, merges: true };
const windowOf = (measured: Measured, law: ShapeLaw): number =>
  predict(measured, law, 0).predictions.find(({ mode }) => mode === 'sd')?.drafts ?? 0;

describe('a prediction', () => {
  it('follows the stairs of the law: windows fill calls up', () => {
    const stairs = measuredBy((count) => 40 * Math.ceil(count / 4), 5);
    expect(windowOf(stairs, fours)).toBe(3);
    const line = measuredBy((count) => 40 + 40 * count, 5);
    expect(windowOf(line, freeLaw)).toBeLessThan(3);
    // Beyond what was measured only the law knows where the next stair begins.
    const flat = measuredBy(() => 80);
    expect(windowOf(flat, { ...fours, multiple: 8, least: 8, most: 56 })).toBe(7);
    expect(windowOf(flat, freeLaw)).toBeGreaterThan(7);
  });

  it('is predicted under laws of few rows a call, too', () => {
    const threes = { ...freeLaw, most: 3 };
    const { predictions, arMs } = predict(
      measuredBy((count) => 10 * count),
      threes,
      1,
    );
    expect(predictions).toHaveLength(5);
    expect(arMs).toBe(10);
  });

  it('paced is the profile, and this machine where that is slower', () => {
    const profile = findProfile('edge-70b-a6000');
    const [quick, slow] = [measuredBy((count) => 5 * count), measuredBy((count) => 90 * count)];
    expect(predict(quick, freeLaw, 20, profile).arMs).toBeCloseTo(profile.stepMs + profile.rowMs);
    expect(predict(slow, freeLaw, 20, profile).arMs).toBe(90);
    expect([quick, slow].map((measured) => predict(measured, freeLaw, 20, profile).keepsUp)).toEqual([true, false]);
  });
});

describe('the reason for the quickest mode', () => {
  it('has the share of the time that it takes, and what that comes from', () => {
    const { quickest, arMs, why } = predict(
      measuredBy(() => 40, 4),
      freeLaw,
      0,
    );
    const share = (quickest.msPerToken / arMs).toFixed(2);
    expect(Number(share)).toBeLessThan(1);
    const speed = "the target's step takes 10.0 drafts";
    const rows = 'a step over 4 rows takes 1.0 times one over a single row';
    expect(why).toBe(`${share} of the edge alone: 80 % of the drafts hold, ${speed}, ${rows}`);
  });

  it('says where drafts save nothing', () => {
    const { quickest, why } = predict(
      measuredBy((count) => 40 * count, 40),
      freeLaw,
      0,
    );
    expect(quickest.mode).toBe('ar');
    expect(why).toBe(
      '80 % of the drafts hold and a step over 4 rows takes 4.0 times one over a single row, so drafts save less than they cost',
    );
  });
});

describe('beside the edge alone without a law', () => {
  const said = (mode: TokenTimePrediction['mode'], msPerToken: number, arMs: number, arNativeMs: number): string => {
    const quickest = { mode, msPerToken, drafts: 3 };
    return againstNative({ quickest, arMs }, arNativeMs);
  };

  it.each([
    ['stream', 50, 100, 60, '0.83', 'drafting more than makes up for what exactness costs'],
    ['stream', 60, 100, 60, '1.00', 'drafting just makes up for what exactness costs'],
    ['stream', 80, 100, 60, '1.33', 'drafting does not make up for what exactness costs'],
    ['stream', 50, 60, 60, '0.83', 'drafting pays, and exactness costs nothing here'],
    ['stream', 99, 100, 60, '1.65', 'here neither exactness nor drafting pays'],
    ['ar', 100, 100, 60, '1.67', 'here neither exactness nor drafting pays'],
    ['ar', 61, 61, 60, '1.02', 'exactness costs nothing here, and drafting does not pay'],
  ] as const)('%s at %i ms, alone %i, native %i', (mode, ms, arMs, arNativeMs, ratio, judgement) => {
    expect(said(mode, ms, arMs, arNativeMs)).toBe(
      `${mode} takes ${ratio} of ar-native, the edge alone without the law: ${judgement}`,
    );
  });
});

describe('an engine beside llama.cpp', () => {
  const costsOf = (ms: (rows: number) => number, law: ShapeLaw) => ({ ...measuredBy(ms), law });
  const apart: ShapeLaw = { multiple: 1, least: 2, most: 64, merges: false };
  const llama = costsOf((count) => 50 * count, freeLaw);
  const ik = costsOf((count) => 60 + 10 * count, apart);

  it('is quicker where further rows cost less, with the best number of rows of each', () => {
    const { ratio, said } = besideLlama(ik, llama, { acceptance: 1, sessions: 1 });
    expect(ratio).toBeCloseTo(140 / 8 / 50);
    expect(said).toMatch(/^0\.35 of llama\.cpp .+ one session .+ it is the quicker engine here$/);
  });

  it('shares nothing between sessions where its law keeps them apart', () => {
    const shared = costsOf((count) => 90 + count, freeLaw);
    const one = besideLlama(ik, shared, { acceptance: 0, sessions: 1 });
    const four = besideLlama(ik, shared, { acceptance: 0, sessions: 4 });
    expect(one.ratio).toBeLessThan(0.9);
    expect(four.ratio).toBeGreaterThan(2.5);
    expect(four.said).toContain('for 4 sessions and free drafts: llama.cpp is the quicker one');
    expect(besideLlama(shared, shared, { acceptance: 0.5, sessions: 2 }).said).toContain('no difference');
  });
});

it.each([
  [16.6, 29, 'ar', /1\.75 times .* there ar is quicker, whatever is predicted/],
  [29, 16.6, 'stream', /0\.57 times .* there stream is quicker/],
  [20, 21, null, /1\.05 times .* do not tell from 1/],
] as const)('lets what was measured at an edge decide: %d and %d ms', (aloneMs, streamMs, edgeQuickest, words) => {
  expect(measuredAtEdge(aloneMs, streamMs)).toEqual({ edgeQuickest, edgeSaid: expect.stringMatching(words) });
});
