import { describe, expect, it } from 'vitest';
import { findProfile } from '../models/profiles.ts';
import { windowsToTry } from './bench-modes-wall-windows.ts';

const profile = findProfile('edge-70b-a100x2');
const figures = { draftMs: 12, acceptance: 0.75 };

describe('windowsToTry', () => {
  it('lie around the prediction, and grow with the round trip', () => {
    const near = windowsToTry('sd', 0, figures, profile);
    expect(near).toHaveLength(3);
    expect(windowsToTry('sd', 100, figures, profile)[1]).toBeGreaterThanOrEqual(near[1] as number);
    expect(windowsToTry('psd-lockstep', 30, figures, profile)).toEqual(windowsToTry('psd', 30, figures, profile));
  });

  it('stay within what a step can hold', () => {
    expect(windowsToTry('sd', 100, { draftMs: 1, acceptance: 0.99 }, profile)).toEqual([3, 4, 5]);
    expect(windowsToTry('sd', 0, { draftMs: 60, acceptance: 0.1 }, profile)).toEqual([1, 2, 3]);
    expect(windowsToTry('sd', 0, figures, findProfile('reference'))).toEqual([1, 2]);
    expect(windowsToTry('sd', 0, figures, findProfile('edge-8b-rtx4090'))).toEqual([1]);
  });
});
