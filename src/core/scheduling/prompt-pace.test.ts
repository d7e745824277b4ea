import { describe, expect, it } from 'vitest';
import { PromptPace } from './prompt-pace.ts';
import { freshSchedule, type SessionWork, scheduleStep } from './schedule-step.ts';
import { batchMs, fitStepTime, linearStepTime, type StepTimeModel } from './step-time.ts';

const limits = { maxRows: 32, usefulRows: 32, prefillChunk: 64, sharesRows: true };

/** An engine: its step-time model, and what a prompt token takes in it, ms: at the start of a text, and more for each 1,000 before it. */
interface Engine {
  readonly model: StepTimeModel;
  /** What a chunk takes before its first token: beside decode rows, and alone. */
  readonly callMs: number;
  readonly aloneMs: number;
  readonly tokenMs: number;
  readonly perThousand: number;
}

const times = [1, 2, 3, 4, 6, 8, 12, 16].map((rows) => ({ rows, ms: rows === 1 ? 13 : 4 + 9.5 * rows }));
const engines: Readonly<Record<string, Engine>> = {
  'a small model on a core': { model: fitStepTime(times), callMs: 0, aloneMs: 4, tokenMs: 9.3, perThousand: 4 },
  'cheaper rows in calls of their own': {
    model: linearStepTime(40, 5),
    callMs: 20,
    aloneMs: 20,
    tokenMs: 6,
    perThousand: 1,
  },
  'a GPU': { model: linearStepTime(30, 0.02), callMs: 0, aloneMs: 30, tokenMs: 0.05, perThousand: 0.01 },
};

interface Read {
  readonly readers: number;
  readonly length: number;
  /** Whether each reader has a key of its own; else they have one together. */
  readonly keys?: boolean;
}

/** Reads a prompt of another key beside sessions that decode. */
function readBeside({ model, callMs, aloneMs, tokenMs, perThousand }: Engine, { readers, length, keys = false }: Read) {
  const pace = new PromptPace();
  let state = freshSchedule;
  let from = 0;
  let ms = 0;
  let longestMs = 0;
  let steps = 0;
  const rows = Array.from({ length: readers }, () => 1);
  const decoding = rows.map((_, index): SessionWork => {
    const key = keys ? `reader ${index}` : 'readers';
    return { id: index + 2, key, weight: keys ? 1 : 1 / readers, prefillTokens: 0, drafts: 0, acceptance: 0 };
  });
  const decodingMs = readers === 0 ? 0 : batchMs(model, rows);
  const reader = {};
  while (from < length) {
    const prompt = { id: 1, key: 'prompt', weight: 1, prefillTokens: length - from, drafts: 0, acceptance: 0 };
    const isHeldBack = readers > 0 && !pace.isDue(false);
    const work = [...decoding, { ...prompt, isHeldBack, tokenMs: pace.tokenMs(reader) }];
    const plan = scheduleStep(state, work, { ...limits, aloneChunkMs: pace.aloneChunkMs }, model);
    state = plan.state;
    pace.stepBegins(plan.promptPart);
    const tokens = plan.items.reduce((sum, item) => (item.kind === 'prefill' ? item.tokens : sum), 0);
    const ownMs = tokens * (tokenMs + (perThousand * from) / 1000);
    const promptMs = tokens === 0 ? 0 : (readers === 0 ? aloneMs : callMs) + ownMs;
    pace.stepEnds(decodingMs + promptMs, decodingMs, tokens === 0 ? null : { reader, tokens });
    expect(plan.items.filter(({ kind }) => kind === 'decode')).toHaveLength(readers);
    steps += 1;
    ms += decodingMs + promptMs;
    longestMs = Math.max(longestMs, promptMs);
    from += tokens;
  }
  return { ms, slowdown: ms / (steps * decodingMs), longest: longestMs / decodingMs };
}

describe('a prompt beside sessions that decode', () => {
  it.each(
    Object.keys(engines).flatMap((name) =>
      [1, 4].flatMap((readers) => [500, 2000].map((length) => ({ name, readers, length }))),
    ),
  )('$name, $readers beside $length tokens: slows them to 2.1 times, and has 0.8 of its half', ({ name, ...read }) => {
    const engine = engines[name] as Engine;
    const alone = readBeside(engine, { readers: 0, length: read.length });
    const { ms, slowdown, longest } = readBeside(engine, read);
    expect(slowdown).toBeLessThanOrEqual(2.1);
    expect(ms / alone.ms).toBeLessThanOrEqual(2.5);
    expect(longest).toBeLessThanOrEqual(3.2);
  });

  it('gives it a fifth beside four keys, and a third of the time of its own key', () => {
    const engine = engines['a small model on a core'] as Engine;
    const beside = readBeside(engine, { readers: 4, length: 2000, keys: true });
    expect(beside.slowdown).toBeGreaterThan(1.2);
    expect(beside.slowdown).toBeLessThan(1.3);
  });
});

describe('the part of prompts', () => {
  const reader = {};

  it('is paid back by steps without one', () => {
    const pace = new PromptPace();
    pace.stepBegins(1 / 2);
    pace.stepEnds(100, 10, { reader, tokens: 9 });
    expect(pace.tokenMs(reader)).toBe(10);
    let steps = 0;
    for (; !pace.isDue(false); steps += 1) pace.stepEnds(10, 10, null);
    // 90 ms, of which each step of 10 ms pays 9.4, the first one included.
    expect(steps).toBe(9);
  });

  it('is paid back while no prompt waits, too, and nothing is saved then', () => {
    const pace = new PromptPace();
    pace.stepBegins(1 / 2);
    pace.stepEnds(100, 10, { reader, tokens: 9 });
    for (let step = 0; step < 20; step += 1) {
      pace.stepBegins(0);
      pace.stepEnds(10, 10, null);
    }
    expect([pace.isDue(false), pace.isDue(true)]).toEqual([true, false]);
  });

  it('is forgotten where nobody decodes, and on request', () => {
    const pace = new PromptPace();
    const chunk = { reader, tokens: 9 };
    for (const forget of [() => pace.stepEnds(90, 0, chunk), () => pace.reset()]) {
      pace.stepEnds(100, 10, chunk);
      expect(pace.isDue(false)).toBe(false);
      forget();
      expect(pace.isDue(false)).toBe(true);
    }
  });

  it('spares a newcomer the chunk, until prompts are owed the time of one', () => {
    const pace = new PromptPace();
    pace.stepBegins(1 / 2);
    // After the first step it is known what decoding takes; a chunk may take three times as long.
    let spared = 1;
    for (pace.stepEnds(10, 10, null); !pace.isDue(true); spared += 1) pace.stepEnds(10, 10, null);
    expect(pace.isDue(false)).toBe(true);
    expect(spared).toBe(4);
  });

  it('lets a chunk without decoding sessions grow with the time since they paused', () => {
    const pace = new PromptPace();
    expect(pace.aloneChunkMs).toBe(Number.POSITIVE_INFINITY);
    pace.stepEnds(10, 10, null);
    expect(pace.aloneChunkMs).toBe(12);
    pace.stepEnds(100, 0, { reader, tokens: 9 });
    expect(pace.aloneChunkMs).toBe(37);
    // A reader who waits for his device is no idle edge.
    pace.rested(40);
    expect(pace.aloneChunkMs).toBe(47);
    pace.reset();
    expect(pace.aloneChunkMs).toBe(Number.POSITIVE_INFINITY);
  });
});
