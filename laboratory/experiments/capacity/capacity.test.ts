import { describe, expect, it } from 'vitest';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { type CapacityMode, type CapacityRun, rowsPerSessionAt } from './cell.ts';
import { busiestBy } from './edges.ts';
import { edgePower, joulesPerToken, targetsOf } from './hardware.ts';
import { heldRows, summariseCapacity } from './rows.ts';
import type { WallRow } from './wall.ts';

function unit(profile: string, mode: CapacityMode, seed: number, sessions: number): CapacityRun {
  const point = (count: number) => ({
    sessions: count,
    target: null,
    p95Ms: 10 * count,
    meanMs: 9 * count,
    medianMs: 8 * count,
    kept: [1, 1, 1, 1],
    tokensPerSecond: 100,
    rowsPerToken: 1,
    joulesPerToken: mode === 'ar' ? 4 : 2,
    draftLength: mode === 'edge-sd' ? 3 : null,
  });
  const capacities = ['1.1 steps', '1.25 steps', '1.5 steps', '2 steps'].map((name) => {
    return { name, ms: 100, sessions, bound: 30, goodput: 1 };
  });
  return { profile, mode, seed, capacities, points: [point(1), point(2), point(sessions)] };
}

const wallRow: WallRow = {
  what: 'wall',
  mode: 'ar',
  profile: 'a',
  sessions: 2,
  answers: 10,
  identical: 10,
  latePacedSteps: 0,
  voidRuns: 0,
  p95MsWall: 103,
  p95MsVirtual: 100,
  p95WallOverVirtual: 1.03,
  meanMsWall: 1,
  meanMsVirtual: 1,
  isValid: true,
};

describe('the summary of bench capacity', () => {
  const runs = [1, 2].flatMap((seed) => [
    unit('a', 'ar', seed, 10),
    unit('a', 'stream', seed, 20),
    unit('b', 'ar', seed, 10),
    unit('b', 'stream', seed, 80),
  ]);
  const held = heldRows(runs);

  it('has the geometric mean of the ratios of profiles', () => {
    const summary = summariseCapacity(runs, held, []);
    expect(summary['sessionsStreamOverAr']).toBeCloseTo(4);
    expect(summary['sessionsStreamOverArLow']).toBeCloseTo(4);
    expect(summary['joulesStreamOverAr']).toBeCloseTo(0.5);
    expect(summary).not.toHaveProperty('sessionsAutoOverEdgeSd');
    expect(held[0]).toMatchObject({ profile: 'a', mode: 'ar', sessions: 10, overAr: 1, overEdgeSd: null });
  });

  it('has the sessions with a target over those of the edge alone, by profile and target, and the bound', () => {
    const targeted = [
      ...runs,
      ...[1, 2].map((seed) => {
        const run = unit('edge-70b-a6000', 'stream-target', seed, 15);
        return { ...run, points: run.points.map((point) => ({ ...point, target: '1.5 steps', medianMs: 77 })) };
      }),
      ...[1, 2].map((seed) => unit('edge-70b-a6000', 'ar', seed, 10)),
    ];
    const rows = heldRows(targeted);
    const summary = summariseCapacity(targeted, rows, []);
    expect(summary).toMatchObject({ a6000At150: 1.5, a6000At150Bound: 3, a6000At125: 1.5 });
    const own = rows.filter(({ mode }) => mode === 'stream-target');
    // The points of another target do not count.
    expect(own.map(({ target, medianMs }) => [target, medianMs])).toContainEqual(['1.5 steps', 77]);
    expect(own.map(({ target, medianMs }) => [target, medianMs])).toContainEqual(['1.25 steps', null]);
  });

  it('has the mode on the wall clock that is furthest from virtual time, void runs left out', () => {
    const rows = [
      wallRow,
      { ...wallRow, p95WallOverVirtual: 0.95 },
      { ...wallRow, p95WallOverVirtual: 1.4, isValid: false, latePacedSteps: 0.2 },
    ];
    const summary = summariseCapacity([], [], rows);
    expect(summary['wallOverVirtual']).toBe(0.95);
    expect(summary['wallOffVirtual']).toBeCloseTo(0.05);
    expect(summary).toMatchObject({ wallTexts: 30, wallIdentical: 30, latePacedSteps: 0.2 });
    const allVoid = summariseCapacity([], [], [{ ...wallRow, isValid: false }]);
    expect(allVoid).not.toHaveProperty('wallOverVirtual');
  });
});

describe('targets and power', () => {
  it('are multiples of the step of a session alone, and times that people name', () => {
    const targets = targetsOf(findProfile('edge-70b-a6000'));
    expect(targets.map(({ name }) => name)).toEqual(['40 ms', '1.1 steps', '1.25 steps', '1.5 steps']);
    expect(targetsOf(findProfile('edge-8b-rtx4090'), [3]).map(({ name }) => name)).toEqual(['30 ms', '3 steps']);
    expect(targets[3]?.ms).toBeCloseTo(1.5 * (63.4 + 2.46));
  });

  it('charges the whole limit for busy time, and a fifth for the rest', () => {
    const power = edgePower('edge-70b-a6000');
    expect(joulesPerToken(power, { tokens: 10, busyMs: 1000, elapsedMs: 2000 })).toBeCloseTo((300 + 60) / 10);
    expect(edgePower('reference')).toBeNull();
    expect(joulesPerToken(null, { tokens: 10, busyMs: 1, elapsedMs: 2 })).toBeNull();
  });
});

describe('the limit of rows', () => {
  it('gives each session more the less a row costs', () => {
    const step = { fixedMs: 60, perRowMs: 1 };
    expect([10, 24, 30, 60, 90, 200].map((sessions) => rowsPerSessionAt(sessions, step))).toEqual([
      2.5, 2.5, 2, 1.5, 1.5, 1,
    ]);
  });
});

describe('several edges', () => {
  it('count the busiest edge as devices come', () => {
    expect(busiestBy([0, 1, 1, -1, 0, 1], 2)).toEqual([1, 1, 2, 2, 2, 3]);
  });
});
