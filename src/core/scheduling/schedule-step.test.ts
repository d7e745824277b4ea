import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeLaw } from '../decoding/shape-law.ts';
import { eights, fours, foursApart, notAlone, threes } from '../decoding/shape-laws.fixture.ts';
import { anySteps, draftsIn, plansOf, rowsIn, served, session, stepTimes, tokensRead } from './plans.fixture.ts';
import { freshSchedule, type SessionWork, type StepLimits, type StepPlan, scheduleStep } from './schedule-step.ts';
import { batchMs, linearStepTime, type StepTimeModel } from './step-time.ts';

const gpu = linearStepTime(40, 0.4);
const cpu = linearStepTime(4, 36);
const limits: StepLimits = { maxRows: 64, usefulRows: 64, prefillChunk: 63 };

function plan(sessions: readonly SessionWork[], model = gpu, changes: Partial<StepLimits> = {}): StepPlan {
  return scheduleStep(freshSchedule, sessions, { ...limits, ...changes }, model);
}

/** The drafts of session 1. */
function draftsOf(changes: Partial<SessionWork>, model = gpu, changed: Partial<StepLimits> = {}): number {
  return draftsIn(plan([session(1, changes)], model, changed)).get(1) ?? Number.NaN;
}

describe('draft rows are admitted by their value', () => {
  it('admits none where a row costs as much as a step', () => {
    for (const acceptance of [0.3, 0.65, 0.88]) expect(draftsOf({ drafts: 8, acceptance }, cpu)).toBe(0);
  });

  it('admits a chain until it is hardly ever accepted where rows are nearly free', () => {
    const drafts = draftsOf({ drafts: 40 });
    expect(0.8 ** drafts).toBeGreaterThan(0.04);
    expect(0.8 ** (drafts + 1)).toBeLessThan(0.05);
    expect(draftsOf({ drafts: 6 })).toBe(6);
  });

  it('stops earlier when the other sessions make a step without them better', () => {
    const alone = draftsOf({ drafts: 40 });
    const others = Array.from({ length: 20 }, (_, index) => session(index + 2));
    expect(draftsIn(plan([session(1, { drafts: 40 }), ...others])).get(1)).toBeLessThan(alone);
  });

  it('accepts one expensive row when the rows after it are cheap', () => {
    const measured = stepTimes({ 1: 9, 2: 27, 4: 36, 8: 49, 16: 74 });
    expect(draftsOf({ drafts: 1, acceptance: 0.97 }, measured)).toBe(0);
    expect(draftsOf({ drafts: 12, acceptance: 0.97 }, measured)).toBeGreaterThan(6);
  });

  it('admits none of the drafts that would pay only together, if there is no room for all', () => {
    const expensiveSecondRow = stepTimes({ 1: 9, 2: 27, 12: 40 });
    const work = { drafts: 11, acceptance: 0.99 };
    expect(draftsOf(work, expensiveSecondRow)).toBe(11);
    expect(draftsOf(work, expensiveSecondRow, { maxRows: 2 })).toBe(0);
  });

  it('cuts a chain at an unlikely draft, whatever follows it', () => {
    const confidences = [0.9, 0.9, 0.01, 0.99, 0.99];
    expect(draftsOf({ drafts: 5, confidences })).toBe(2);
  });

  it('gives the rows to the session with the accepted drafts', () => {
    const step = plan([session(1, { drafts: 5, acceptance: 0.02 }), session(2, { drafts: 5, acceptance: 0.9 })]);
    expect([...draftsIn(step).values()]).toEqual([0, 5]);
  });

  it('clamps chances outside [0, 1]', () => {
    expect(draftsOf({ drafts: 3, acceptance: 7 })).toBe(3);
    expect(draftsOf({ drafts: 3, acceptance: -1 })).toBe(0);
  });

  it('adds no drafts beyond the useful rows', () => {
    const step = plan([session(1, { drafts: 9 }), session(2, { drafts: 9 })], gpu, { usefulRows: 8 });
    expect([...rowsIn(step).values()].reduce((sum, rows) => sum + rows, 0)).toBe(8);
    const many = [1, 2, 3, 4].map((id) => session(id, { drafts: 2 }));
    expect(plan(many, gpu, { usefulRows: 2 }).items).toHaveLength(4);
  });
});

describe('weights', () => {
  const scarce = { ...limits, maxRows: 10 };

  it('splits contended draft rows by weight', () => {
    const work = [session(0, { weight: 70, drafts: 12 }), session(1, { weight: 30, drafts: 12 })];
    const [first = 0, second = 0] = served(plansOf(2000, work, scarce, gpu), draftsIn);
    expect(first + second).toBe(2000 * 8);
    expect(first / (first + second)).toBeCloseTo(0.7, 2);
  });

  it('splits mandatory rows by weight when there are more sessions than rows, and no session starves', () => {
    const sessions = Array.from({ length: 7 }, (_, index) => session(index, { weight: index === 0 ? 4 : 1 }));
    const plans = plansOf(1000, sessions, { ...limits, maxRows: 2 }, gpu);
    // 2,000 rows over weights of 10 in sum; one row a step is the most that a session can take.
    const [first = 0, ...others] = served(plans, rowsIn);
    expect(first).toBeGreaterThan(780);
    expect(others).toHaveLength(6);
    for (const rows of others) expect(rows).toBeGreaterThan(190);
  });

  it('gives the rows that one session does not want to the other', () => {
    const step = plan([session(1, { weight: 99 }), session(2, { weight: 1, drafts: 4 })], gpu, { maxRows: 6 });
    expect(draftsIn(step).get(2)).toBe(4);
  });

  it('gives no credit for idling, nor for asking for little', () => {
    for (const quietDrafts of [0, 1]) {
      const work = (step: number) => [
        session(0, { drafts: 12 }),
        session(1, { drafts: step < 500 ? quietDrafts : 12 }),
      ];
      const [first = 0, second = 0] = served(plansOf(520, work, scarce, gpu).slice(500), draftsIn);
      expect(Math.abs(first - second)).toBeLessThanOrEqual(12);
    }
  });

  it('remembers the service of a session that leaves and returns', () => {
    const work = (step: number) => [
      ...(step % 2 === 0 ? [session(1, { weight: 1, drafts: 12 })] : []),
      session(2, { weight: 99, drafts: 12 }),
    ];
    // 8,000 draft rows, a hundredth of which is the share of session 1; a row at each return would be 500.
    expect(served(plansOf(1000, work, scarce, gpu), draftsIn)[1]).toBeLessThan(100);
  });

  it('keeps no finish tags of sessions that are gone', () => {
    const work = (step: number) => [session(step, { drafts: 3 }), session(step + 1, { drafts: 3 })];
    const { rows, drafts, prefill } = (plansOf(300, work, limits, gpu).at(-1) as StepPlan).state;
    expect(rows.finishTags.size + drafts.finishTags.size + prefill.finishTags.size).toBeLessThan(6);
  });
});

describe('prefill', () => {
  const chunk = (step: StepPlan) => step.items.find((item) => item.kind === 'prefill');

  it('takes full chunks when no session decodes', () => {
    expect(plan([session(1, { prefillTokens: 500 })]).items).toEqual([{ id: 1, kind: 'prefill', tokens: 63 }]);
  });

  it('limits a step with decoding sessions to about twice its time', () => {
    const step = plan([session(1), session(2, { prefillTokens: 500 })], linearStepTime(10, 1));
    expect(chunk(step)).toEqual({ id: 2, kind: 'prefill', tokens: 11 });
    expect(step.expectedMs).toBe(22);
    expect(chunk(plan([session(1), session(2, { prefillTokens: 500 })], cpu))).toMatchObject({ tokens: 8 });
    expect(chunk(plan([session(1), session(2, { prefillTokens: 500 })], gpu))).toMatchObject({ tokens: 63 });
    expect(chunk(plan([session(1), session(2, { prefillTokens: 5 })], cpu))).toMatchObject({ tokens: 5 });
  });

  it('serves one prompt a step, in turn', () => {
    const plans = plansOf(40, () => [1, 2].map((id) => session(id, { prefillTokens: 100_000 })), limits, gpu);
    for (const reader of [1, 2]) {
      const own = plans.filter(({ items }) => items.length === 1 && items[0]?.id === reader);
      expect(own.map(tokensRead)).toEqual(new Array(20).fill(63));
    }
  });

  it('holds a session back that asks for it, and lets the others read meanwhile', () => {
    const heldBack = session(1, { prefillTokens: 500, isHeldBack: true });
    const step = plan([session(3), heldBack, session(2, { prefillTokens: 40 })]);
    expect(step.items.find(({ kind }) => kind === 'prefill')).toMatchObject({ id: 2 });
    expect(plan([session(3), heldBack]).items).toEqual([{ id: 3, kind: 'decode', drafts: 0 }]);
    // It has had nothing meanwhile, so it is the next one.
    const both = [session(1, { prefillTokens: 500 }), session(2, { prefillTokens: 500 })];
    const after = scheduleStep(plan([heldBack, both[1] as SessionWork]).state, both, limits, gpu);
    expect(after.items).toMatchObject([{ id: 1, kind: 'prefill' }]);
  });

  it('takes tokens of a measured time for three times that of the step, one at least', () => {
    const chunk = (tokenMs: number, others: readonly SessionWork[] = [session(2)]): unknown => {
      const works = [...others, session(1, { prefillTokens: 500, tokenMs })];
      return scheduleStep(freshSchedule, works, { ...limits, sharesRows: true }, gpu).items.at(-1);
    };
    // A step of one row takes 40.4 ms.
    expect(chunk(10)).toMatchObject({ tokens: 12 });
    expect(chunk(1)).toMatchObject({ tokens: 63 });
    expect(chunk(0)).toMatchObject({ tokens: 63 });
    expect(chunk(400)).toMatchObject({ tokens: 1 });
    // Alone: 63 rows take 65.2 ms, and twice that time is the limit.
    expect(chunk(4, [])).toMatchObject({ tokens: 32 });
    expect(chunk(2, [])).toMatchObject({ tokens: 63 });
  });

  it('leaves no single token over', () => {
    for (let prompt = 2; prompt < 200; prompt++) {
      for (const decoding of [[], [session(9)]]) {
        let left = prompt;
        let state = freshSchedule;
        while (left > 0) {
          const work = [session(1, { prefillTokens: left }), ...decoding];
          const step = scheduleStep(state, work, limits, linearStepTime(10, 1));
          const tokens = tokensRead(step);
          expect(tokens).toBeGreaterThan(1);
          expect(tokens).toBeLessThanOrEqual(63);
          left -= tokens;
          state = step.state;
        }
        expect(left).toBe(0);
      }
    }
  });

  it('takes a prompt of one token, and no drafts of a session that is not decoding', () => {
    const step = plan([session(1, { prefillTokens: 1, drafts: 5 })]);
    expect(step.items).toEqual([{ id: 1, kind: 'prefill', tokens: 1 }]);
    expect(step.expectedTokens).toBe(0);
  });
});

describe('any plan', () => {
  const anyModel = fc
    .array(fc.double({ min: 0.1, max: 30, noNaN: true }), { minLength: 1, maxLength: 12 })
    .map((slopes) => {
      let ms = 0;
      const times = slopes.map((slope, index) => {
        ms += slope;
        return [index * 2 + 1, ms];
      });
      return stepTimes(Object.fromEntries(times));
    });
  const lawful = [freeLaw, fours, foursApart, notAlone, threes, eights].map((law) => linearStepTime(10, 3, law));
  const anyLimits = fc.record({
    maxRows: fc.integer({ min: 1, max: 40 }),
    usefulRows: fc.integer({ min: 1, max: 40 }),
    prefillChunk: fc.integer({ min: 2, max: 63 }),
  });

  it('keeps its limits, serves each session at most once, and expects no less per ms than a step without drafts', () => {
    fc.assert(
      fc.property(anySteps, fc.oneof(anyModel, fc.constantFrom(...lawful)), anyLimits, (steps, model, bounds) => {
        const plans = plansOf(steps.length, (step) => steps[step] ?? [], bounds, model);
        for (const [index, step] of plans.entries()) checkPlan(step, steps[index] ?? [], bounds, model);
      }),
      { numRuns: 700 },
    );
  });

  function checkPlan(step: StepPlan, sessions: readonly SessionWork[], bounds: StepLimits, model: StepTimeModel): void {
    expect(new Set(step.items.map(({ id }) => id)).size).toBe(step.items.length);
    const decoding = sessions.filter(({ prefillTokens }) => prefillTokens === 0);
    for (const item of step.items) {
      const work = sessions[item.id];
      if (item.kind === 'prefill') {
        expect(item.tokens).toBeGreaterThan(0);
        expect(item.tokens).toBeLessThanOrEqual(Math.min(bounds.prefillChunk, work?.prefillTokens ?? 0));
      } else {
        expect(work?.prefillTokens).toBe(0);
        expect(item.drafts).toBeLessThanOrEqual(work?.drafts ?? 0);
      }
    }
    const rows = [...rowsIn(step).values()];
    expect(rows).toHaveLength(Math.min(decoding.length, bounds.maxRows));
    expect(rows.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(bounds.maxRows);
    expect(step.items.filter(({ kind }) => kind === 'prefill')).toHaveLength(decoding.length < sessions.length ? 1 : 0);
    const read = tokensRead(step);
    expect(step.expectedMs).toBe(batchMs(model, read === 0 ? rows : [...rows, read]));
    if (rows.length === 0) return;
    const plain = rows.map(() => 1);
    const plainRate = rows.length / batchMs(model, plain);
    expect(step.expectedTokens / batchMs(model, rows)).toBeGreaterThanOrEqual(plainRate * (1 - 1e-12));
  }
});
