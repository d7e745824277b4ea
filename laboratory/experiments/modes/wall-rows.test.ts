import { describe, expect, it } from 'vitest';
import { boundOverNative, rowsOf, summariseWall, tpotOf } from './wall-rows.ts';
import type { WallRun, WallText } from './wall-run.ts';

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
