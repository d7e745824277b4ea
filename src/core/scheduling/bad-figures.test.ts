// What the models of times refuse: figures that come from a bug, each alone.

import { describe, expect, it } from 'vitest';
import { chainLengthWorth } from './edge-draft-length.ts';
import { predictTokenTimes } from './predict-latency.ts';
import { fitCurve, observeCall } from './step-curve.ts';
import { linearStepTime } from './step-time.ts';

const length = { freeDrafts: 0, acceptance: 0.8, draftMs: 5, stepTime: linearStepTime(40, 0.4), maxDrafts: 24 };
const figures = { stepMs: () => 40, draftMs: 10, edgeDraftMs: 5, roundTripMs: 0, acceptance: 0.8 };

describe('figures that can not be', () => {
  it.each([{ acceptance: -0.1 }, { acceptance: 1.1 }, { draftMs: -1 }])('%o give no chain length', (wrong) => {
    expect(() => chainLengthWorth({ ...length, ...wrong })).toThrow('ms a draft');
  });

  it.each([{ acceptance: -0.1 }, { acceptance: 1.1 }, { draftMs: 0 }, { edgeDraftMs: 0 }, { roundTripMs: -1 }])(
    '%o give no prediction',
    (wrong) => {
      expect(() => predictTokenTimes({ ...figures, ...wrong })).toThrow();
    },
  );

  it.each([
    [0, 5],
    [1, Number.NaN],
    [1, Number.POSITIVE_INFINITY],
    [1, -1],
  ])('a step of %d rows in %d ms is no measurement', (rows, ms) => {
    const curve = fitCurve([{ rows: 1, ms: 10 }]);
    expect(() => observeCall(curve, rows, ms, 0.1)).toThrow('a step of');
  });

  it('are told from those at the limit', () => {
    for (const limit of [{ acceptance: 0 }, { acceptance: 1 }, { draftMs: 0 }]) {
      expect(() => chainLengthWorth({ ...length, ...limit })).not.toThrow();
    }
    expect(() => predictTokenTimes({ ...figures, acceptance: 0 })).not.toThrow();
    expect(() => predictTokenTimes({ ...figures, acceptance: 1 })).not.toThrow();
    expect(() => observeCall(fitCurve([{ rows: 1, ms: 0 }]), 1, 0, 0.1)).not.toThrow();
  });
});

it('psd pays the round trip and the first draft in every second cycle that the first draft ends', () => {
  // With acceptance 0 every cycle is one refuted draft: in turn what a round trip and one and a half drafts take (75 ms), if that is longer than a step,
  // and a step and half a draft (45 ms). The protocol's machines take 55 ms here.
  const psd = predictTokenTimes({ ...figures, acceptance: 0, roundTripMs: 60, maxDrafts: 1 });
  expect(psd.find(({ mode }) => mode === 'psd')?.msPerToken).toBe(60);
});
