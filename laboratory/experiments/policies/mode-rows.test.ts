import { describe, expect, it } from 'vitest';
import { bestFelt, type FeltMode } from './felt-cells.ts';
import type { FeltRun } from './felt-run.ts';
import { modeRows, summariseModes } from './mode-rows.ts';

function runOf(preset: string, mode: FeltMode, seed: number, tokensPerSecond: number): FeltRun {
  const figures = { firstTokenMs: 100, joulesPerToken: mode === 'ar' ? 0.1 : 1, draftsPerToken: mode === 'ar' ? 0 : 3 };
  return { preset, law: null, policy: bestFelt, mode, seed, tokensPerSecond, ...figures } as FeltRun;
}

describe('where drafts pay', () => {
  const runs = [1, 2].flatMap((seed) => [
    runOf('paper', 'ar', seed, 100 * seed),
    runOf('paper', 'stream', seed, 98 * seed),
    runOf('paper', 'auto', seed, 99 * seed),
    runOf('city-70b', 'ar', seed, 100),
    runOf('city-70b', 'stream', seed, 150),
    runOf('city-70b', 'auto', seed, 148),
    runOf('crowd', 'stream', seed, 150),
  ]);
  const rows = modeRows(runs, ['paper', 'city-70b', 'crowd']);

  it('is shown by pairs of modes, where all were played', () => {
    expect(rows.map(({ preset, policy }) => `${preset}: ${policy}`)).toEqual([
      `paper: ${bestFelt}`,
      `city-70b: ${bestFelt}`,
    ]);
    expect(rows[0]).toMatchObject({
      streamOverAr: 0.98,
      streamOverArLow: 0.98,
      autoOverAr: 0.99,
      joulesPerTokenAr: 0.1,
    });
    expect(rows[1]).toMatchObject({ streamOverAr: 1.5, autoOverAr: 1.48, draftsPerTokenStream: 3, seeds: 2 });
  });

  it('has a key for each preset, and the least of `auto`', () => {
    const ofPresets = summariseModes(rows, false);
    const ofDrawn = summariseModes(rows, true);
    expect(ofPresets).toEqual({
      streamOverArFeltPaper: 0.98,
      autoOverArFeltPaper: 0.99,
      streamOverArFeltCity70b: 1.5,
      autoOverArFeltCity70b: 1.48,
      ...ofDrawn,
    });
    expect(ofDrawn).toEqual({
      worldsDraftsPay: 1,
      worldsAutoNoLess: 2,
      worldsAutoLess: 0,
      worldsAutoLessThanStream: 1,
      draftsAutoOverStreamWherePaid: 1,
      draftsAutoOverStreamWhereNotPaid: 1,
      autoOverArFelt: 0.99,
      autoOverStreamFelt: expect.closeTo(148 / 150, 12),
    });
    const slow = rows.map((row) => ({ ...row, autoOverStream: 0.9, autoOverStreamHigh: 0.95 }));
    expect(summariseModes(slow, true)).toMatchObject({ worldsAutoNoLess: 0, worldsAutoLess: 2 });
    const noisy = rows.map((row) => ({ ...row, autoOverStream: 0.9, autoOverStreamHigh: 0.99 }));
    expect(summariseModes(noisy, true)).toMatchObject({
      worldsAutoNoLess: 0,
      worldsAutoLess: 0,
      worldsAutoLessThanStream: 2,
    });
  });
});
