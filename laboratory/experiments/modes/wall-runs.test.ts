import { describe, expect, it } from 'vitest';
import {
  boundOverNative,
  isVoid,
  nextRun,
  type PacedRun,
  type PlannedRun,
  planRuns,
  rowsOf,
  summariseWall,
  tpotOf,
  tryLimits,
  type WallRun,
  type WallText,
} from './wall-runs.ts';

function text(decodeMs: number, changes: Partial<WallText> = {}): WallText {
  return {
    prompt: 'p',
    tokens: 11,
    isIdentical: true,
    decodeMs,
    decodedTokens: 10,
    timeToFirstTokenMs: 70,
    acceptance: 0.8,
    drafted: 22,
    steps: 5,
    rows: 15,
    edgeDrafted: 0,
    accepted: 6,
    payloadBytes: 66,
    openingBytes: 11,
    wireBytes: 946,
    ...changes,
  };
}

function run(repeat: number, texts: readonly WallText[], overranSteps = 0): WallRun {
  const window = { machine: 'stream', windowsInFlight: 1, gamma: 0 } as const;
  return { mode: 'stream', roundTripMs: 10, repeat, ...window, texts, pacedSteps: 100, overranSteps };
}

const cells = [
  { mode: 'stream', roundTripMs: 10 },
  { mode: 'ar', roundTripMs: 10 },
] as const;
const step = { stepFixedMs: 40, stepPerRowMs: 0.4 };

describe('the rows of a wall bench', () => {
  it('give a run the time per token of all its texts together, and a cell the median of its runs', () => {
    const long = text(900, { decodedTokens: 30 });
    expect(tpotOf(run(0, [text(100), long]))).toBe(25);
    const runs = [run(0, [text(100)]), run(1, [text(300)]), run(2, [text(200)])];
    const [row] = rowsOf(runs, cells, step);
    expect(row).toMatchObject({
      msPerToken: 20,
      runs: 3,
      draftsPerToken: 2,
      rowsPerToken: 15 / 11,
      acceptedPerStep: 1.2,
    });
    expect(row).toMatchObject({ payloadBytesPerToken: 6, payloadBytesPerTokenWithOpening: 7, wireBytesPerToken: 86 });
  });

  it('leave void runs out of every figure but the comparison of texts', () => {
    const wrong = text(9000, { isIdentical: false });
    const runs = [run(0, [text(100)]), run(1, [wrong], 2)];
    const rows = rowsOf(runs, cells, step);
    expect(rows[0]).toMatchObject({
      msPerToken: 10,
      runs: 1,
      voidRuns: 1,
      texts: 2,
      identical: 1,
      pacedOverrunShare: 0,
    });
    expect(summariseWall(rows, runs)).toMatchObject({ texts: 2, identical: 1, voidRuns: 1, acceptance: 0.8 });
  });

  it('count the texts of the edge without a law apart', () => {
    const native: WallRun = { ...run(0, [text(120, { isIdentical: false })]), mode: 'ar-native' };
    const runs = [run(0, [text(100)]), native];
    const rows = rowsOf(runs, [...cells, { mode: 'ar-native', roundTripMs: 10 }], step);
    const summary = summariseWall(rows, runs);
    expect(summary).toMatchObject({ texts: 1, identical: 1, nativeTexts: 1, nativeIdentical: 0 });
    expect(summary['streamOverArNativeRtt10']).toBeCloseTo(100 / 120);
  });

  it('have a bound below which no number of rows in a step can bring a mode', () => {
    const figures = { stepMs: [60, 60, 60, 60, 120], nativeMs: 50 };
    expect(boundOverNative(figures, 1)).toBeCloseTo(60 / 4 / 50);
    expect(boundOverNative(figures, 0)).toBeCloseTo(60 / 50);
    expect(boundOverNative({ ...figures, nativeMs: null }, 1)).toBeNaN();
    expect(boundOverNative(null, 1)).toBeNaN();
  });

  it('say null of a cell without a run', () => {
    expect(rowsOf([], cells, step)[1]).toMatchObject({ mode: 'ar', runs: 0, msPerToken: null, acceptance: null });
    expect(summariseWall(rowsOf([], cells, step), [])).toEqual({
      texts: 0,
      identical: 0,
      voidRuns: 0,
      pacedOverrunShare: 0,
    });
  });
});

const plan = planRuns({ modes: ['ar', 'sd', 'stream'], roundTripsMs: [0, 60], repeats: 3 });

function made(planned: PlannedRun, overranSteps = 0): PacedRun {
  return { ...planned, pacedSteps: 200, overranSteps };
}

describe('the plan of a wall bench', () => {
  it('has every cell once in each repeat, with modes in another order', () => {
    expect(plan).toHaveLength(18);
    const orders = [0, 1, 2].map((repeat) =>
      plan.filter((run) => run.repeat === repeat && run.roundTripMs === 60).map(({ mode }) => mode),
    );
    expect(orders).toEqual([
      ['ar', 'sd', 'stream'],
      ['sd', 'stream', 'ar'],
      ['stream', 'ar', 'sd'],
    ]);
    expect(plan.slice(0, 6).every(({ repeat }) => repeat === 0)).toBe(true);
  });

  it('goes through in order and comes to an end', () => {
    const runs: PacedRun[] = [];
    for (let next = nextRun(plan, runs); next !== undefined; next = nextRun(plan, runs)) runs.push(made(next));
    expect(runs).toEqual(plan.map((planned) => made(planned)));
  });

  it('repeats a void run at once, at most twice', () => {
    const [first, second] = plan as [PlannedRun, PlannedRun];
    expect(nextRun(plan, [made(first, 3)])).toEqual(first);
    expect(nextRun(plan, [made(first, 3), made(first)])).toEqual(second);
    expect(nextRun(plan, [made(first, 3), made(first, 3), made(first, 3)])).toEqual(second);
  });

  it('repeats no more than a third of the plan on a machine that never holds the pace', () => {
    const runs: PacedRun[] = [];
    for (let next = nextRun(plan, runs); next !== undefined; next = nextRun(plan, runs)) runs.push(made(next, 9));
    expect(runs).toHaveLength(18 + 6);
  });

  it('tries every run as often as the settings allow', () => {
    const runs: PacedRun[] = [];
    const next = (): PlannedRun | undefined => nextRun(plan, runs, tryLimits(4));
    for (let planned = next(); planned !== undefined; planned = next()) runs.push(made(planned, 9));
    expect(runs).toHaveLength(18 * 4);
    expect(tryLimits(null)).toEqual({ perRun: 3, repeatShare: 1 / 3 });
  });
});

describe('a void run', () => {
  it('has more than one step in a hundred that overran', () => {
    expect(isVoid({ pacedSteps: 200, overranSteps: 2 })).toBe(false);
    expect(isVoid({ pacedSteps: 200, overranSteps: 3 })).toBe(true);
    expect(isVoid({ pacedSteps: 60, overranSteps: 1 })).toBe(true);
    expect(isVoid({ pacedSteps: 0, overranSteps: 0 })).toBe(false);
  });
});
