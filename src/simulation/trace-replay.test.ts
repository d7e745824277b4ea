import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../decoding/sampling.ts';
import { pacingNames } from '../protocol/pacing.ts';
import { traces } from '../traces/trace.fixture.ts';
import { type TraceHeader, type TraceSession, TraceSessionBuilder } from '../traces/trace.ts';
import { traceStatistics } from '../traces/trace-statistics.ts';
import { runSourceSession, type SessionConditions } from './run-session.ts';
import { TraceReplay, traceSource } from './trace-replay.ts';

const conditions: SessionConditions = {
  pacing: 'stream',
  seed: 3,
  roundTripMs: 20,
  draftMs: 5,
  step: { fixedMs: 20, perRowMs: 0.5 },
};
const header: TraceHeader = {
  target: { name: 'large', fingerprint: 'aa' },
  draft: { name: 'small', fingerprint: 'bb' },
  tokenizerHash: 'ab'.repeat(32),
  vocabularySize: 1000,
  endIds: [2],
  sampling: neutralSampling,
  answerTokens: 120,
  wrongDepth: 3,
  source: 'made up',
  licence: 'none',
};

/** An answer that repeats its prompt; every fifth draft is wrong. */
function session(length = 120): TraceSession {
  const prompt = Array.from({ length: 30 }, (_, index) => 100 + index);
  const answer = Array.from({ length }, (_, index) => 100 + ((index + 1) % 30));
  const builder = new TraceSessionBuilder();
  for (const position of answer.keys()) {
    if (position % 5 < 4) builder.addRight(50_000);
    else builder.addWrong([7, 8, 9].map((token) => ({ token, units: 30_000 })));
  }
  return builder.build({ id: 'a', task: 'b', prompt, answer });
}

describe('a replayed session', () => {
  it('ends with the recorded text in every mode, whatever was recorded', () => {
    fc.assert(
      fc.property(traces, fc.constantFrom(...pacingNames), fc.constantFrom(0, 4), (trace, pacing, lookUpTokens) => {
        for (const recorded of trace.sessions) {
          const source = traceSource(new TraceReplay(trace.header, recorded));
          const { ids, account } = runSourceSession({ ...conditions, pacing, lookUpTokens }, source);
          expect(ids).toEqual([...recorded.prompt, ...recorded.answer]);
          if (pacing === 'ar') expect(account.steps).toBe(recorded.answer.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('accepts what was recorded as right, and nothing else', () => {
    const replay = new TraceReplay(header, session());
    const { drafts, account, answerTokens } = runSourceSession(conditions, traceSource(replay));
    expect(answerTokens).toBe(120);
    expect(drafts.mismatched).toBeGreaterThan(0);
    // Wrong drafts stand where they were recorded: none is missed, and none is found where the draft was right.
    expect(drafts.mismatched).toBeLessThanOrEqual(24);
    expect(account.acceptedRows).toBeLessThanOrEqual(traceStatistics([replay.session]).right);
    expect(account.steps).toBeLessThan(100);
  });

  it('may end before the recorded answer does, not after it', () => {
    const replay = new TraceReplay(header, session());
    expect(runSourceSession(conditions, traceSource(replay, 50)).answerTokens).toBe(50);
    expect(() => runSourceSession(conditions, traceSource(replay, 121))).toThrow(/end at 120 tokens/);
  });

  it('looks up in the prompt and the true text', () => {
    const replay = new TraceReplay(header, session());
    const slow = { ...conditions, draftMs: 1000 };
    const alone = runSourceSession(slow, traceSource(replay));
    const helped = runSourceSession({ ...slow, lookUpTokens: 4 }, traceSource(replay));
    expect(helped.account.acceptedGuessRows).toBeGreaterThan(60);
    expect(helped.account.steps).toBeLessThan(0.6 * alone.account.steps);
  });

  it('costs no text per draft: many sessions share one replay', () => {
    const replay = new TraceReplay(header, session());
    const source = traceSource(replay);
    const results = [1, 2, 3].map((seed) => runSourceSession({ ...conditions, seed }, source));
    expect(new Set(results.map(({ durationMs }) => durationMs)).size).toBe(3);
    expect(runSourceSession({ ...conditions, seed: 1 }, source)).toEqual(results[0]);
  });
});
