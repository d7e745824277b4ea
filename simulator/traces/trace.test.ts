import { describe, expect, it } from 'vitest';
import { runnerUpRows, runnerUpStatistics } from './runner-up-statistics.ts';
import { runnerUpAt, TraceSessionBuilder, traceDraft } from './trace.ts';
import { traceStatistics } from './trace-statistics.ts';

const one = 65_535;

/** Answer 10 11 12 13 2: right, wrong (21 22), right, no draft, right. */
function example() {
  const builder = new TraceSessionBuilder();
  builder.addRight(one);
  builder.addWrong([
    { token: 21, units: one },
    { token: 22, units: 13_107 },
  ]);
  builder.addRight(6_553);
  builder.addWrong([]);
  builder.addRight(one);
  return builder.build({ id: 'x', task: 'chat', prompt: [5], answer: [10, 11, 12, 13, 2] });
}

describe('traceDraft', () => {
  it('follows the true text, then the chain that left it', () => {
    const session = example();
    const says = (position: number, leftAt: number | null) => traceDraft(session, 2, position, leftAt);
    expect(says(0, null)).toEqual({ token: 10, confidence: 1 });
    expect(says(1, null)).toEqual({ token: 21, confidence: 1 });
    expect(says(2, 1)).toEqual({ token: 22, confidence: 0.2 });
    expect(says(2, null)?.token).toBe(12);
    expect(says(3, null)).toBeNull();
  });

  it('repeats the last draft beyond the recorded depth, and ends with the text', () => {
    const session = example();
    expect(traceDraft(session, 2, 9, 1)).toEqual({ token: 22, confidence: 0.2 });
    expect(traceDraft(session, 2, 5, null)).toBeNull();
  });

  it('has no draft where a chain stopped before its depth', () => {
    expect(traceDraft(example(), 3, 3, 1)).toBeNull();
    expect(traceDraft(example(), 3, 2, 1)?.token).toBe(22);
  });
});

/** Answer 10 11 12 13: right (next 20), wrong with the runner-up right, wrong with a wrong runner-up, right without one. */
function hedgeable() {
  const builder = new TraceSessionBuilder();
  builder.addRight(60_000, { token: 20, units: 1000 });
  builder.addWrong([
    { token: 21, units: 20_000, runnerUp: { token: 11, units: 30_000 } },
    { token: 22, units: 20_000, runnerUp: { token: 24, units: 9000 } },
  ]);
  builder.addWrong([{ token: 31, units: 10_000, runnerUp: { token: 32, units: 20_000 } }]);
  builder.addRight(one);
  return builder.build({ id: 'x', task: 'chat', prompt: [5], answer: [10, 11, 12, 13] });
}

describe('runners-up', () => {
  it('come with the drafts of the true text and of a chain that left it', () => {
    const session = hedgeable();
    expect(traceDraft(session, 2, 0, null)?.runnerUp).toEqual({ token: 20, confidence: 1000 / one });
    expect(traceDraft(session, 2, 1, null)?.runnerUp?.token).toBe(11);
    expect(traceDraft(session, 2, 2, 1)).toEqual({
      token: 22,
      confidence: 20_000 / one,
      runnerUp: { token: 24, confidence: 9000 / one },
    });
    expect(traceDraft(session, 2, 3, null)).toEqual({ token: 13, confidence: 1 });
    expect([0, 1, 2, 3].map((position) => runnerUpAt(session, position)?.token)).toEqual([20, 11, 32, undefined]);
    expect(runnerUpAt(example(), 3)).toBeNull();
  });

  it('are counted where the draft is wrong, and where they are close', () => {
    const found = runnerUpStatistics([hedgeable()], 0.5);
    expect(found).toEqual({ rightInMisses: 0.5, missesInLeastConfident: 1, rightInClosest: 1 });
    expect(runnerUpStatistics([hedgeable()], 0.25).missesInLeastConfident).toBe(0.5);
    expect(runnerUpStatistics([example()], 0.5).rightInMisses).toBe(0);
  });

  it('are grouped by closeness', () => {
    const rows = runnerUpRows([hedgeable(), hedgeable()], 2);
    expect(rows).toEqual([
      { positions: 4, confidence: expect.closeTo(25_000 / one, 12), firstRight: 0, runnerUpRight: 0.5 },
      { positions: 4, confidence: 500 / one, firstRight: 1, runnerUpRight: 0 },
    ]);
  });
});

describe('traceStatistics', () => {
  it('counts hits, runs, and what follows after a hit and a miss', () => {
    expect(traceStatistics([example(), example()])).toEqual({
      sessions: 2,
      promptTokens: 2,
      answerTokens: 10,
      right: 6,
      acceptance: 0.6,
      acceptanceAfterRight: 0,
      acceptanceAfterWrong: 1,
      runs: [0, 4],
    });
  });
});
