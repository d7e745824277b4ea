// What the models of times refuse: figures that come from a bug, each alone.

import { describe, expect, it } from 'vitest';
import { chainLengthWorth } from './edge-draft-length.ts';
import { fitCurve, observeCall } from './step-curve.ts';
import { linearStepTime } from './step-time.ts';

const length = { freeDrafts: 0, acceptance: 0.8, draftMs: 5, stepTime: linearStepTime(40, 0.4), maxDrafts: 24 };

describe('figures that can not be', () => {
  it.each([{ acceptance: -0.1 }, { acceptance: 1.1 }, { draftMs: -1 }])('%o give no chain length', (wrong) => {
    expect(() => chainLengthWorth({ ...length, ...wrong })).toThrow('ms a draft');
  });

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
    expect(() => observeCall(fitCurve([{ rows: 1, ms: 0 }]), 1, 0, 0.1)).not.toThrow();
  });
});
