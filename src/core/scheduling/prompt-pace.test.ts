import { describe, expect, it } from 'vitest';
import { isLongText, PromptPace } from './prompt-pace.ts';
import { freshSchedule, type SessionWork, scheduleStep } from './schedule-step.ts';
import { linearStepTime } from './step-time.ts';

const limits = { maxRows: 32, usefulRows: 32, prefillChunk: 64 };
const model = linearStepTime(10, 0.5);
const reader = {};

/** A long prompt beside decoding sessions; an engine whose prompt tokens take 0.5 ms, and `perThousand` more for each 1,000 before them. */
function readBeside(sessions: number, length: number, perThousand: number) {
  const pace = new PromptPace();
  let state = freshSchedule;
  let from = 0;
  let decodeSteps = 0;
  let ms = 0;
  let longestMs = 0;
  const decoding = Array.from({ length: sessions }, (_, index): SessionWork => {
    return { id: index + 2, weight: 1, prefillTokens: 0, drafts: 0, acceptance: 0 };
  });
  while (from < length) {
    const tokenMs = isLongText(from) ? pace.tokenMs(reader) : undefined;
    const isHeldBack = sessions > 0 && !pace.isDue && isLongText(from);
    const prompt = { id: 1, weight: 1, prefillTokens: length - from, drafts: 0, acceptance: 0, isHeldBack };
    const work = [...decoding, tokenMs === undefined ? prompt : { ...prompt, tokenMs }];
    const plan = scheduleStep(state, work, limits, model);
    state = plan.state;
    const tokens = plan.items.reduce((sum, item) => (item.kind === 'prefill' ? item.tokens : sum), 0);
    const decodingMs = sessions === 0 ? 0 : 10 + 0.5 * sessions;
    // A chunk is a call of its own, which takes 10 ms before its first token.
    const promptMs = tokens === 0 ? 0 : (sessions > 0 ? 10 : 0) + tokens * (0.5 + (perThousand * from) / 1000);
    pace.stepEnds(decodingMs + promptMs, decodingMs, tokens === 0 ? null : { reader, from, tokens });
    if (sessions > 0) decodeSteps += 1;
    ms += decodingMs + promptMs;
    longestMs = Math.max(longestMs, promptMs);
    from += tokens;
  }
  return { ms, longestMs, slowdown: ms / (decodeSteps * (10 + 0.5 * sessions)) };
}

describe('a long prompt beside sessions that decode', () => {
  it.each([1, 4])('slows %i of them down by half at most, and is read at a quarter of its rate alone', (sessions) => {
    for (const { length, perThousand } of [
      { length: 12_000, perThousand: 0.2 },
      { length: 6000, perThousand: 2 },
      { length: 4000, perThousand: 10 },
    ]) {
      const beside = readBeside(sessions, length, perThousand);
      const alone = readBeside(0, length, perThousand);
      expect(beside.slowdown).toBeLessThanOrEqual(1.5);
      expect(beside.slowdown).toBeGreaterThan(1.2);
      expect(alone.ms / beside.ms).toBeGreaterThanOrEqual(0.25);
    }
  });

  it('comes in chunks of no more tokens than a step has time for, alone as well', () => {
    // At its end a token takes 12 ms beside a step of 10.5 ms, where 64 of them took 42 ms at first.
    expect(readBeside(1, 6000, 2).longestMs).toBeLessThan(1.3 * 6 * 10.5);
    // Alone, the longest is the last one of a short text; 64 tokens at the end would take 768 ms.
    expect(readBeside(0, 6000, 2).longestMs).toBeLessThan(64 * (0.5 + 2 * 1.024));
  });
});

describe('the share of prompts', () => {
  it('is paid back by steps without one', () => {
    const pace = new PromptPace();
    pace.stepEnds(100, 10, { reader, from: 5000, tokens: 9 });
    expect(pace.tokenMs(reader)).toBe(10);
    let steps = 0;
    for (; !pace.isDue; steps += 1) pace.stepEnds(10, 10, null);
    // 90 ms, of which each step of 10 ms pays 4.5, the first one included.
    expect(steps).toBe(19);
  });

  it('is forgotten where nobody decodes, at the start of a text, and on request', () => {
    const pace = new PromptPace();
    const chunk = { reader, from: 5000, tokens: 9 };
    pace.stepEnds(100, 10, chunk);
    expect(pace.isDue).toBe(false);
    pace.stepEnds(90, 0, chunk);
    expect(pace.isDue).toBe(true);
    pace.stepEnds(100, 10, { ...chunk, from: 1023 });
    expect(pace.isDue).toBe(true);
    pace.stepEnds(100, 10, { ...chunk, from: 1024 });
    expect(pace.isDue).toBe(false);
    pace.reset();
    expect(pace.isDue).toBe(true);
  });

  it('counts a chunk that took no more than the decoding rows as free', () => {
    const pace = new PromptPace();
    pace.stepEnds(9, 10, { reader, from: 5000, tokens: 9 });
    expect([pace.isDue, pace.tokenMs(reader)]).toEqual([true, 0]);
  });
});
