import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ShapeLaw } from '../../../src/core/decoding/shape-law.ts';
import type { TimingFigures } from '../../../src/core/scheduling/latency-model.ts';
import { edgeSdBestMs } from '../../../src/core/scheduling/predict-latency.ts';
import { fitStepTime, stepMs } from '../../../src/core/scheduling/step-time.ts';
import { predictTokenTimes, type TokenTimePrediction } from './predict-modes.ts';

const reference: TimingFigures = {
  stepMs: (rows) => 40 + 0.4 * rows,
  draftMs: 10,
  edgeDraftMs: 5,
  roundTripMs: 0,
  acceptance: 0.8,
};

function msOf(figures: TimingFigures, mode: TokenTimePrediction['mode']): number {
  return predictTokenTimes(figures).find((prediction) => prediction.mode === mode)?.msPerToken ?? Number.NaN;
}

/** The difference, as a share of the expected value. */
function deviation(found: number, expected: number): number {
  return Math.abs(found - expected) / expected;
}

describe('the reference figures', () => {
  // Another program made these numbers of psd and stream: a Monte Carlo with times that vary by 20 %, target 40 + 0.4 a row, draft 10, acceptance
  // 0.8. Those of sd and edge-sd are expectations (Leviathan et al.).
  it.each([
    [0, { ar: 40.4, sd: 24.3, psd: 21.1, stream: 20.6, 'edge-sd': 18.3 }],
    [10, { ar: 40.4, sd: 27.4, psd: 23.4, stream: 22.0, 'edge-sd': 18.3 }],
    [30, { ar: 40.4, sd: 33.2, psd: 28.2, stream: 24.6, 'edge-sd': 18.3 }],
    [60, { ar: 40.4, sd: 41.2, psd: 35.0, stream: 27.7, 'edge-sd': 18.3 }],
  ] as const)('agree within 5 % at %d ms', (roundTripMs, expected) => {
    for (const { mode, msPerToken } of predictTokenTimes({ ...reference, roundTripMs })) {
      expect(deviation(msPerToken, expected[mode]), `${mode} ${msPerToken}`).toBeLessThan(0.05);
    }
  });

  // Times of the protocol's machines in virtual time: eight seeds of 400 tokens, drafts of 5 ms beside steps.
  it.each([
    [0.3, 34.6],
    [0.65, 22.7],
    [0.8, 15.5],
    [0.95, 7.5],
  ])('agree within 5 %% at acceptance %d where the edge drafts during steps', (acceptance, expectedMs) => {
    const overlapped = msOf({ ...reference, acceptance, edgeDraftsOverlap: true }, 'edge-sd');
    expect(deviation(overlapped, expectedMs), `${overlapped}`).toBeLessThan(0.05);
    expect(overlapped).toBeLessThan(msOf({ ...reference, acceptance }, 'edge-sd'));
  });

  it.each([0.3, 0.8, 1])('of the edge alone are those at its best number of drafts, at acceptance %d', (acceptance) => {
    const figures = { ...reference, acceptance };
    expect(edgeSdBestMs(figures)).toBe(msOf(figures, 'edge-sd'));
  });

  it('has psd fall behind the edge alone between 60 and 100 ms', () => {
    expect(msOf({ ...reference, roundTripMs: 60 }, 'psd')).toBeLessThan(40.4);
    expect(msOf({ ...reference, roundTripMs: 100 }, 'psd')).toBeGreaterThan(40.4);
  });
});

describe('bounds that apply to any measurement', () => {
  const figures = fc.record({
    fixedMs: fc.double({ min: 1, max: 200, noNaN: true }),
    rowMs: fc.double({ min: 0, max: 60, noNaN: true }),
    draftMs: fc.double({ min: 0.1, max: 100, noNaN: true }),
    edgeDraftMs: fc.double({ min: 0.1, max: 100, noNaN: true }),
    roundTripMs: fc.double({ min: 0, max: 500, noNaN: true }),
    acceptance: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('stream is never slower than the edge alone', () => {
    fc.assert(
      fc.property(figures, ({ fixedMs, rowMs, ...rest }) => {
        const given = { ...rest, stepMs: (rows: number) => fixedMs + rowMs * rows, maxDrafts: 8 };
        expect(msOf(given, 'stream')).toBeLessThanOrEqual(msOf(given, 'ar'));
      }),
      { numRuns: 50 },
    );
  });

  it('every mode takes some time; the fastest comes first', () => {
    fc.assert(
      fc.property(figures, ({ fixedMs, rowMs, ...rest }) => {
        const given = { ...rest, stepMs: (rows: number) => fixedMs + rowMs * rows, maxDrafts: 8 };
        const found = predictTokenTimes(given).map(({ msPerToken }) => msPerToken);
        expect(found).toHaveLength(5);
        expect(found.every((ms) => ms > 0 && Number.isFinite(ms))).toBe(true);
        expect(found).toEqual(found.toSorted((left, right) => left - right));
      }),
      { numRuns: 50 },
    );
  });

  it('drafts that are never accepted save nothing; drafts that are always accepted are as many as pay', () => {
    const never = predictTokenTimes({ ...reference, acceptance: 0 });
    expect(never.find(({ mode }) => mode === 'stream')).toMatchObject({ msPerToken: 40.4, drafts: 0 });
    // Then the limit is one draft each 10 ms, and one token of the target with each step.
    const always = msOf({ ...reference, acceptance: 1 }, 'stream');
    expect(always).toBeGreaterThan(8);
    expect(always).toBeLessThan(12);
  });

  it('makes no drafts where a row costs as much as a step', () => {
    const expensive = predictTokenTimes({ ...reference, stepMs: (rows) => 4 + 36 * rows });
    expect(expensive.find(({ mode }) => mode === 'stream')).toMatchObject({ msPerToken: 40, drafts: 0 });
  });
});

describe('an engine with two cores', () => {
  const times = [
    [1, 148],
    [2, 222],
    [4, 229],
    [6, 374],
    [8, 425],
  ] as const;
  const measured = times.map(([rows, ms]) => ({ rows, ms }));
  const fours: ShapeLaw = { multiple: 4, least: 4, most: 60, merges: true };
  const unpadded = fitStepTime(measured);
  const padded = fitStepTime(
    measured.filter(({ rows }) => rows % 4 === 0),
    fours,
  );

  function bestDrafts(stepTime: typeof padded, given: Partial<TimingFigures>) {
    const figures = { ...reference, roundTripMs: 20, stepMs: (rows: number) => stepMs(stepTime, rows), ...given };
    const found = predictTokenTimes(figures).map(({ mode, drafts }) => [mode, drafts]);
    return Object.fromEntries(found) as Record<TokenTimePrediction['mode'], number>;
  }

  it('has the measured step times, and stairs where calls are padded', () => {
    expect([1, 2, 3, 4, 6, 8].map((rows) => stepMs(unpadded, rows))).toEqual([148, 222, 225.5, 229, 374, 425]);
    expect([1, 2, 3, 4, 5, 8].map((rows) => stepMs(padded, rows))).toEqual([229, 229, 229, 229, 425, 425]);
  });

  it('tries draft lengths that fill a stair, and those after an expensive row', () => {
    expect(bestDrafts(padded, { acceptance: 0.8 })).toMatchObject({ sd: 3, 'edge-sd': 3, stream: 3 });
    expect(bestDrafts(padded, { acceptance: 0.99 })).toMatchObject({ 'edge-sd': 11, sd: 11, stream: 7 });
    // The fifth row costs as much as three more, so no length between 3 and 7 can be better than both.
    const found = [0.5, 0.7, 0.9, 0.95, 0.97, 0.99, 1].map((acceptance) => bestDrafts(padded, { acceptance }).stream);
    for (const drafts of found) expect(drafts % 4).toBe(3);
  });
});

const plain = { stepMs: () => 40, draftMs: 10, edgeDraftMs: 5, roundTripMs: 0, acceptance: 0.8 };

describe('figures that can not be', () => {
  it.each([{ acceptance: -0.1 }, { acceptance: 1.1 }, { draftMs: 0 }, { edgeDraftMs: 0 }, { roundTripMs: -1 }])(
    '%o give no prediction',
    (wrong) => {
      expect(() => predictTokenTimes({ ...plain, ...wrong })).toThrow();
    },
  );

  it('exclude an acceptance of 0 and of 1', () => {
    for (const acceptance of [0, 1]) expect(() => predictTokenTimes({ ...plain, acceptance })).not.toThrow();
  });
});

it('psd pays the round trip and the first draft in every second cycle that the first draft ends', () => {
  // With acceptance 0 every cycle is one refuted draft: in turn what a round trip and one and a half drafts take (75 ms), if that is longer than a step,
  // and a step and half a draft (45 ms). The protocol's machines take 55 ms here.
  const psd = predictTokenTimes({ ...plain, acceptance: 0, roundTripMs: 60, maxDrafts: 1 });
  expect(psd.find(({ mode }) => mode === 'psd')?.msPerToken).toBe(60);
});
