import { describe, expect, it } from 'vitest';
import { baselineRows, bestSimpleRuns, overWorlds, summariseBaselines } from './baseline-rows.ts';
import { baseline, bestFelt, bestFilled, simpleRules, weightedFelt } from './felt-cells.ts';
import type { FeltRun } from './felt-run.ts';

function runOf(policy: string, seed: number, tokensPerSecond: number, more: Partial<FeltRun> = {}): FeltRun {
  const figures = { firstTokenMs: 100, joulesPerToken: 1, msPerToken: 10, msPerTokenP95: 20 };
  return { preset: 'paper', law: null, mode: 'stream', policy, seed, tokensPerSecond, ...figures, ...more } as FeltRun;
}

const world = { preset: 'paper', law: 'ids' } as const;
const [first = '', second = ''] = simpleRules;

describe('the best simple rule', () => {
  it('is chosen for each seed on the other seeds', () => {
    // The first rule is better at even places, the second at odd ones: without a seed, the rule that is worse there is ahead.
    const runs = [0, 1, 2, 3].flatMap((at) => [
      runOf(first, at, at % 2 === 0 ? 100 : 50),
      runOf(second, at, at % 2 === 0 ? 60 : 90),
    ]);
    const chosen = bestSimpleRuns(runs, world);
    expect(chosen.map(({ policy }) => policy)).toEqual([second, first, second, first]);
    expect(chosen.map(({ tokensPerSecond }) => tokensPerSecond)).toEqual([60, 50, 60, 50]);
    expect(chosen.map(({ seed }) => seed)).toEqual([0, 1, 2, 3]);
  });

  it('is none with one seed, in another mode or in another world', () => {
    expect(bestSimpleRuns([runOf(first, 1, 100)], world)).toEqual([]);
    const elsewhere = [1, 2].flatMap((seed) => [
      runOf(first, seed, 100, { mode: 'ar' }),
      runOf(first, seed, 100, { preset: 'crowd' }),
    ]);
    expect(bestSimpleRuns(elsewhere, world)).toEqual([]);
  });
});

describe('rows and summary', () => {
  const preset = (name: string, felt: number, rule: number): FeltRun[] =>
    [1, 2, 3, 4].flatMap((seed) => [
      runOf(bestFelt, seed, felt, { preset: name, firstTokenMs: 120, joulesPerToken: 2 }),
      runOf(first, seed, rule, { preset: name }),
      runOf(baseline, seed, 80, { preset: name, firstTokenMs: 150 }),
      runOf(bestFilled, seed, 110, { preset: name, law: 'ids' }),
    ]);
  const runs = [...preset('paper', 120, 100), ...preset('city-70b', 90, 100)];
  const worlds = ['paper', 'city-70b'].map((name) => ({ preset: name, law: 'ids' as const }));
  const rows = baselineRows(runs, [...worlds, { preset: 'paper', law: 'q16' }]);

  it('compare in pairs, and with nothing where a baseline was not played', () => {
    expect(rows.map(({ preset: name, law }) => `${name} ${law}`)).toEqual(['paper ids', 'city-70b ids', 'paper q16']);
    expect(rows[0]).toMatchObject({
      rules: first,
      seeds: 4,
      tokensPerSecondOverBestSimple: 1.2,
      tokensPerSecondOverBestSimpleLow: 1.2,
      firstTokenOverBestSimple: 1.2,
      joulesPerTokenOverBestSimple: 2,
      tokensPerSecondOverBestFilled: expect.closeTo(120 / 110, 12),
      firstTokenOverMaxSinr: 0.8,
      joulesPerToken: 2,
    });
    expect(rows.map(({ betterInBoth }) => betterInBoth)).toEqual([[], [first], []]);
    // The run of `best, filled` is of the other law.
    expect(rows[2]?.tokensPerSecondOverBestFilled).toBeNull();
    expect(rows[2]?.tokensPerSecondOverBestFilledLow).toBeNull();
  });

  it('compare in mode auto with the rule that is best there', () => {
    expect(rows[0]?.tokensPerSecondOverBestSimpleAuto).toBeNull();
    const auto = [1, 2, 3, 4].flatMap((seed) => [
      runOf(bestFelt, seed, 90, { mode: 'auto' }),
      runOf(first, seed, 60, { mode: 'auto' }),
      runOf(second, seed, 100, { mode: 'auto' }),
    ]);
    const [row] = baselineRows([...runs, ...auto], worlds);
    expect(row).toMatchObject({ tokensPerSecondOverBestSimple: 1.2, tokensPerSecondOverBestSimpleAuto: 0.9 });
    const summary = summariseBaselines(row === undefined ? [] : [row], [...runs, ...auto], worlds.slice(0, 1), true);
    expect(summary['tokensPerSecondFeltOverBestSimpleAutoMean']).toBeCloseTo(0.9, 12);
    expect(summary['joulesPerTokenFeltOverBestSimpleAutoMean']).toBeUndefined();
    expect([row?.rules, row?.rulesAuto]).toEqual([first, second]);
  });

  it('compare first tokens in the seeds in which both runs have an answer', () => {
    const withoutAnswer = runs.map((run) =>
      run.preset === 'paper' && run.policy === baseline && run.seed === 1 ? { ...run, firstTokenMs: null } : run,
    );
    const [row] = baselineRows(withoutAnswer, worlds);
    expect([row?.firstTokenOverMaxSinr, row?.firstTokenOverMaxSinrLow, row?.firstTokenOverMaxSinrHigh]).toEqual([
      0.8, 0.8, 0.8,
    ]);
    const summary = summariseBaselines(baselineRows(withoutAnswer, worlds), withoutAnswer, worlds, true);
    expect(summary['firstTokenFeltOverMaxSinrMean']).toBeCloseTo(0.8, 12);
    // Other ratios in other seeds: draws without a whole seed have none.
    const few = runs.map((run) => {
      const isLost = run.policy === baseline && run.seed < 3;
      return { ...run, firstTokenMs: isLost ? null : 100 + 10 * run.seed * Number(run.policy === bestFelt) };
    });
    const [own] = baselineRows(few, worlds);
    expect(own?.firstTokenOverMaxSinr).toBeCloseTo(1.35, 12);
    expect(own?.firstTokenOverMaxSinrLow).toBeCloseTo(1.3, 12);
    expect(own?.firstTokenOverMaxSinrHigh).toBeCloseTo(1.4, 12);
    const never = runs.map((run) => ({ ...run, firstTokenMs: null }));
    expect(baselineRows(never, worlds)[0]?.firstTokenOverMaxSinr).toBeNaN();
    expect(
      summariseBaselines(baselineRows(never, worlds), never, worlds, true)['firstTokenFeltOverMaxSinr'],
    ).toBeNull();
  });

  it('give the least, the mean with its interval, and each preset', () => {
    const summary = summariseBaselines(rows, runs, worlds, false);
    expect(summary).toMatchObject({
      tokensPerSecondFeltOverBestSimple: 0.9,
      tokensPerSecondFeltOverBestSimpleLow: 0.9,
      tokensPerSecondFeltOverBestSimplePaper: 1.2,
      tokensPerSecondFeltOverBestSimpleCity70b: 0.9,
      tokensPerSecondFeltOverBestSimpleMean: expect.closeTo(1.05, 12),
      tokensPerSecondFeltOverBestSimpleMeanLow: expect.closeTo(1.05, 12),
      tokensPerSecondFeltOverBestFilled: expect.closeTo(90 / 110, 12),
      tokensPerSecondFeltOverBestFilledMedian: expect.closeTo(105 / 110, 12),
      tokensPerSecondFeltOverMaxSinrMean: expect.closeTo((1.5 + 90 / 80) / 2, 12),
      joulesPerTokenFeltOverBestSimpleMean: 2,
      msPerTokenFeltOverBestSimpleMeanOfPresets: 1,
      firstTokenFeltOverMaxSinr: 0.8,
      worlds: 2,
      worldsNoLessThanBestSimple: 1,
      worldsLessThanBestSimple: 1,
      worldsNoLessThanBestFilled: 1,
      worldsFirstTokenNoLater: 2,
      worldsFirstTokenLater: 0,
      worldsFirstTokenLaterThanBestSimple: 2,
      worldsMoreJoules: 2,
      // In the city the rule has more tokens a second, and the first token sooner.
      worldsSimpleBetterInBoth: 1,
    });
  });

  it('give weights of the first token over the usual one, in the mean of worlds', () => {
    const weighted = runs
      .filter(({ policy }) => policy === bestFelt)
      .map((run) => ({
        ...run,
        policy: weightedFelt(3),
        firstTokenMs: 90,
        tokensPerSecond: 0.9 * run.tokensPerSecond,
      }));
    const summary = summariseBaselines(rows, [...runs, ...weighted], worlds, false);
    expect(summary).toMatchObject({
      firstTokenFirstTokenWeight3Over1Mean: 0.75,
      firstTokenFirstTokenWeight3Over1MeanHigh: 0.75,
      tokensPerSecondFirstTokenWeight3Over1Mean: expect.closeTo(0.9, 12),
    });
    expect(summary['firstTokenFirstTokenWeight10Over1Mean']).toBeUndefined();
  });

  it('counts a first token as later where the whole interval says so, and as no later up to 1.05', () => {
    const a = { ...(rows[0] as (typeof rows)[number]), firstTokenOverMaxSinr: 1.03, firstTokenOverMaxSinrLow: 1.01 };
    const one = summariseBaselines([a], runs, worlds.slice(0, 1), true);
    expect(one).toMatchObject({ worldsFirstTokenNoLater: 1, worldsFirstTokenLater: 1 });
    const noisy = summariseBaselines([{ ...a, firstTokenOverMaxSinrLow: 0.99 }], runs, worlds.slice(0, 1), true);
    expect(noisy).toMatchObject({ worldsFirstTokenNoLater: 1, worldsFirstTokenLater: 0 });
  });

  it('counts worlds in which another decision, or mode auto, differs beyond the interval', () => {
    const [row] = rows as [(typeof rows)[number]];
    const same = { tokensPerSecondOverBestSlotLow: 0.99, tokensPerSecondOverBestSlotHigh: 1.01 };
    const more = { tokensPerSecondOverBestSlotLow: 1.01, tokensPerSecondOverBestSlotHigh: 1.02 };
    const less = { tokensPerSecondOverBestSlotLow: 0.97, tokensPerSecondOverBestSlotHigh: 0.98 };
    const joules = { joulesPerTokenOverBestSimpleAutoLow: 1.01 };
    const three = [same, more, { ...less, ...joules }].map((one) => ({ ...row, ...one }));
    expect(summariseBaselines(three, runs, worlds.slice(0, 1), true)).toMatchObject({
      worldsMoreThanBestSlot: 1,
      worldsLessThanBestSlot: 1,
      worldsMoreJoulesAuto: 1,
    });
  });

  it('separates drawn worlds whose sessions come at a rate', () => {
    const sessions = { preset: 'modern', law: 'ids' } as const;
    const both = [...preset('paper', 120, 100), ...preset('modern', 101, 100)];
    const drawn = summariseBaselines(baselineRows(both, [...worlds, sessions]), both, [world, sessions], true);
    expect(drawn).toMatchObject({
      tokensPerSecondFeltOverBestSimpleMeanOfSessions: 1.01,
      tokensPerSecondFeltOverBestSimpleMeanOfTasks: 1.2,
    });
    expect(Object.keys(summariseBaselines(rows, runs, worlds, false)).join()).not.toContain('OfSessions');
  });

  it('draw worlds where they are a sample, and seeds alone where they are not', () => {
    const figure = (one: number): number => one;
    expect(overWorlds(4, 3, figure, false)).toEqual({ value: 1.5, interval: [1.5, 1.5] });
    const { value, interval } = overWorlds(4, 3, figure, true);
    expect(value).toBe(1.5);
    expect(interval[0]).toBeLessThan(1);
    expect(interval[1]).toBeGreaterThan(2);
    const drawn = summariseBaselines(rows, runs, worlds, true);
    expect(drawn['tokensPerSecondFeltOverBestSimplePaper']).toBeUndefined();
    expect(drawn['tokensPerSecondFeltOverBestSimpleMeanLow']).toBe(0.9);
  });
});
