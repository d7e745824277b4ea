import { describe, expect, it } from 'vitest';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { plainNames } from './metrics.ts';
import type { ModesOptions } from './options.ts';
import { draftLengthsToTry, settingsOf } from './wall-clock.ts';

/** Steps as a profile holds them, up to the rows that it allows. */
function stepsOf(name: string): number[] {
  const { stepMs, rowMs, rowCap } = findProfile(name);
  return Array.from({ length: rowCap }, (_, index) => stepMs + rowMs * (index + 1));
}

const stepMs = stepsOf('edge-70b-a100x2');
const figures = { draftMs: 12, acceptance: 0.75, stepMs };

describe('draftLengthsToTry', () => {
  it('lie around the prediction, and grow with the round trip', () => {
    const near = draftLengthsToTry('sd', 0, figures);
    expect(near).toHaveLength(3);
    expect(draftLengthsToTry('sd', 100, figures)[1]).toBeGreaterThanOrEqual(near[1] as number);
    expect(draftLengthsToTry('psd-lockstep', 30, figures)).toEqual(draftLengthsToTry('psd', 30, figures));
  });

  it('stay within what a step can hold', () => {
    expect(draftLengthsToTry('sd', 100, { draftMs: 1, acceptance: 0.99, stepMs })).toEqual([3, 4, 5]);
    expect(draftLengthsToTry('sd', 0, { draftMs: 60, acceptance: 0.1, stepMs })).toEqual([1, 2, 3]);
    expect(draftLengthsToTry('sd', 0, { ...figures, stepMs: stepsOf('reference') })).toEqual([1, 2]);
    expect(draftLengthsToTry('sd', 0, { ...figures, stepMs: stepsOf('edge-8b-rtx4090') })).toEqual([1]);
  });

  it('follow stairs: drafts that fill a group of rows that is paid for anyway', () => {
    const groupsOfFour = [229, 229, 229, 229, 425, 425, 425, 425];
    expect(draftLengthsToTry('edge-sd', 0, { draftMs: 10, acceptance: 0.8, stepMs: groupsOfFour })).toContain(3);
  });
});

describe('settingsOf', () => {
  const typed = { engine: 'llama', unpaced: true, quick: false, gpu: 'off', profile: 'reference' } as ModesOptions;

  it('measures another engine beside llama.cpp, where plain decoding of both counts', () => {
    const { modes, roundTripsMs, engine } = settingsOf({ ...typed, engine: 'ik' });
    expect([modes, roundTripsMs, engine]).toEqual([['ar', 'stream', 'auto', ...plainNames], [10], 'ik']);
    expect(settingsOf({ ...typed, engine: 'ik', quick: true }).promptCount).toBe(2);
    const plain = settingsOf(typed);
    expect(plain).not.toHaveProperty('engine');
    expect(plain.modes.filter((mode) => plainNames.some((name) => name === mode))).toEqual(['ar-native']);
  });

  it('refuses an engine that is paced, and llama.cpp beside itself', () => {
    expect(() => settingsOf({ ...typed, engine: 'ik', unpaced: false })).toThrow('on this machine');
    expect(() => settingsOf({ ...typed, modes: ['stream', 'ar-llama-cores'] })).toThrow('beside another engine');
  });
});
