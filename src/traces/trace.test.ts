import { describe, expect, it } from 'vitest';
import { TraceSessionBuilder, traceDraft } from './trace.ts';
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
