// Plans for engines that pad calls or keep sequences apart. The staircase was measured on a processor with two cores.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineRows, freeLaw, type ShapeLaw } from '../decoding/shape-law.ts';
import { eights, fours, foursApart, notAlone, threes } from '../decoding/shape-laws.fixture.ts';
import { chainChances } from './draft-value.ts';
import { draftsIn, plansOf, served, session, stairs, stepTimes, tokensRead } from './plans.fixture.ts';
import { freshSchedule, type SessionWork, type StepLimits, type StepPlan, scheduleStep } from './schedule-step.ts';
import { batchMs, fitStepTime, linearStepTime, type StepTimeModel } from './step-time.ts';

const laws = [freeLaw, fours, foursApart, notAlone, threes, eights];
const limits: StepLimits = { maxRows: 64, usefulRows: 64, prefillChunk: 63 };
const stairsApart: StepTimeModel = { ...stairs, law: foursApart };

/** Times of all call sizes that the law allows. */
function fittedTo(law: ShapeLaw, times: readonly number[]): StepTimeModel {
  const samples = times.map((ms, index) => ({ rows: Math.min(law.most, 2 * index + 1), ms }));
  return fitStepTime(samples, law);
}

function plan(sessions: readonly SessionWork[], model: StepTimeModel, changes: Partial<StepLimits> = {}): StepPlan {
  return scheduleStep(freshSchedule, sessions, { ...limits, ...changes }, model);
}

function draftsOf(step: StepPlan): number[] {
  return [...draftsIn(step).values()];
}

/** In hundredths, so that a failing example is shrunk quickly. */
const anyChance = fc.integer({ min: 5, max: 100 }).map((percent) => percent / 100);

describe('rows that are computed in any case', () => {
  it('are filled with drafts, however unlikely, and no further group is opened where it does not pay', () => {
    expect(draftsOf(plan([session(1, { drafts: 12, acceptance: 0.01 })], stairs))).toEqual([3]);
    expect(draftsOf(plan([session(1, { drafts: 2, acceptance: 0.01 })], stairs))).toEqual([2]);
    expect(draftsOf(plan([session(1, { drafts: 12, acceptance: 0.8 })], stairs))).toEqual([3]);
  });

  it('are filled whatever the start tags are, and whatever the other sessions have', () => {
    const work = [session(1, { weight: 99, drafts: 12, acceptance: 0.97 }), session(2, { drafts: 5, acceptance: 0.1 })];
    for (const step of plansOf(50, work, { ...limits, maxRows: 12 }, stairs)) expect(draftsOf(step)[1]).toBe(3);
  });

  it('are not used for drafts that are never accepted', () => {
    const work = [session(1, { drafts: 5, acceptance: 0 }), session(2, { drafts: 2 })];
    for (const model of [stairs, stairsApart]) expect(draftsOf(plan(work, model))).toEqual([0, 2]);
  });

  it.each(laws)('are filled in any plan with room, under %o', (law) => {
    const anySession = fc.record({
      weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
      drafts: fc.nat(12),
      acceptance: anyChance,
    });
    const times = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(anySession, { minLength: 1, maxLength: 6 }), times, (work, ms) => {
        const sessions = work.map((fields, id) => session(id, fields));
        const free = engineRows(law, 1) - 1;
        for (const [index, drafts] of draftsOf(plan(sessions, fittedTo(law, ms))).entries()) {
          expect(drafts).toBeGreaterThanOrEqual(Math.min(free, work[index]?.drafts ?? 0));
        }
      }),
    );
  });
});

describe('rows that start a group', () => {
  it('are taken where the whole group pays, and the group is filled', () => {
    expect(draftsOf(plan([session(1, { drafts: 12, acceptance: 0.99 })], stairs))).toEqual([11]);
    expect(draftsOf(plan([session(1, { drafts: 9, acceptance: 0.99 })], stairs))).toEqual([7]);
    expect(draftsOf(plan([session(1, { drafts: 4, acceptance: 0.99 })], stairs))).toEqual([3]);
  });

  it('go to the session with the accepted drafts', () => {
    const work = [session(1, { drafts: 7, acceptance: 0.8 }), session(2, { drafts: 7, acceptance: 0.99 })];
    for (const model of [stairs, stairsApart]) expect(draftsOf(plan(work, model))).toEqual([3, 7]);
  });

  it('go to all sessions by their weights where room is scarce', () => {
    const work = [3, 1].map((weight, id) => session(id, { weight, drafts: 15, acceptance: 0.99 }));
    const plans = plansOf(400, work, { ...limits, maxRows: 16 }, linearStepTime(40, 0.4, fours));
    const [first = 0, second = 0] = served(plans, draftsIn);
    expect(first + second).toBe(400 * 14);
    // Three rows of 14 go to session 1 in any case, and its share is 3.5.
    expect(first / (first + second)).toBeCloseTo(0.75, 1);
  });

  it('alternate between equal sessions where only one of them can have them', () => {
    const work = [0, 1].map((id) => session(id, { drafts: 7 }));
    const plans = plansOf(100, work, limits, stepTimes({ 8: 100, 12: 102, 16: 200 }, fours));
    for (const step of plans) expect(draftsOf(step).toSorted()).toEqual([3, 7]);
    expect(served(plans, draftsIn)).toEqual([500, 500]);
  });

  it('never leave a session without its free rows for ever, even when those are scarce', () => {
    const work = Array.from({ length: 8 }, (_, id) => session(id, { drafts: 7 }));
    const drafts = served(plansOf(400, work, { ...limits, maxRows: 12 }, stairs), draftsIn);
    expect(drafts).toHaveLength(8);
    for (const count of drafts) expect(count).toBeCloseTo(200, -1);
  });
});

/** The best rate of any choice of drafts, found by trying all. */
function bestRate(sessions: readonly SessionWork[], model: StepTimeModel): number {
  const chains = sessions.map(({ drafts, acceptance }) => chainChances(drafts, acceptance));
  let best = 0;
  const counts = sessions.map(() => 0);
  for (;;) {
    const tokens = chains.reduce(
      (sum, chain, index) => sum + chain.slice(0, counts[index]).reduce((held, chance) => held + chance, 1),
      0,
    );
    const rows = counts.map((count) => count + 1);
    best = Math.max(best, tokens / batchMs(model, rows));
    const next = counts.findIndex((count, index) => count < (sessions[index]?.drafts ?? 0));
    if (next < 0) return best;
    counts[next] = (counts[next] ?? 0) + 1;
    counts.fill(0, 0, next);
  }
}

describe('the plan without a limit of rows', () => {
  const anyWork = fc.array(fc.record({ drafts: fc.nat(9), acceptance: anyChance }), {
    minLength: 1,
    maxLength: 3,
  });
  const anyTimes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 10 });

  it.each([fours, foursApart, notAlone, eights])('is the best one, under %o', (law) => {
    fc.assert(
      fc.property(anyWork, anyTimes, (work, times) => {
        const model = fittedTo(law, times);
        const sessions = work.map((fields, id) => session(id, fields));
        const { expectedTokens, expectedMs } = plan(sessions, model);
        expect(expectedTokens / expectedMs).toBeGreaterThanOrEqual(bestRate(sessions, model) * (1 - 1e-9));
      }),
      { numRuns: 150 },
    );
  });

  it('has every draft that is better than equal ones, which the queue chooses among', () => {
    // The step has room for eight of nine drafts: the third ones of the first two sessions are equal, and worse than that of the last.
    const model = fittedTo(notAlone, [1, 1, 1, 1, 1, 1, 2]);
    const sessions = [0.09, 0.09, 0.1].map((acceptance, id) => session(id, { drafts: 3, acceptance }));
    for (const sharesRows of [true, false]) {
      const step = plan(sessions, model, { sharesRows });
      expect(draftsOf(step)[2]).toBe(3);
      expect(step.expectedTokens / step.expectedMs).toBeCloseTo(bestRate(sessions, model), 9);
    }
  });

  it('is near the best where chains span several shared calls', () => {
    const model = stepTimes({ 1: 148, 2: 180, 3: 200 }, threes);
    for (const acceptance of [0.3, 0.7, 0.9, 0.99]) {
      const sessions = [session(1, { drafts: 9, acceptance }), session(2, { drafts: 9, acceptance: 0.5 })];
      const { expectedTokens, expectedMs } = plan(sessions, model);
      expect(expectedTokens / expectedMs).toBeGreaterThanOrEqual(bestRate(sessions, model) * 0.98);
    }
  });
});

describe('a chunk of a prompt', () => {
  it('is cut where nothing is padded, and the end of the prompt has any length', () => {
    expect(tokensRead(plan([session(1, { prefillTokens: 500 })], stairs))).toBe(60);
    expect(tokensRead(plan([session(1, { prefillTokens: 61 })], stairs))).toBe(61);
    expect(tokensRead(plan([session(1, { prefillTokens: 7 })], stairs))).toBe(7);
    expect(tokensRead(plan([session(1, { prefillTokens: 65 })], stairs))).toBe(60);
    expect(tokensRead(plan([session(1, { prefillTokens: 500 })], linearStepTime(9, 1, eights)))).toBe(56);
  });

  it('grows while it is free and others decode', () => {
    // Decoding: a call of 4 rows, 44 ms; 88 ms pay for 48 rows, of which 44 are left.
    const work = [session(1), session(2, { prefillTokens: 500 })];
    expect(tokensRead(plan(work, linearStepTime(40, 1, fours)))).toBe(44);
    expect(tokensRead(plan(work, linearStepTime(1, 9, eights)))).toBe(8);
    expect(tokensRead(plan(work, linearStepTime(1, 9, { ...fours, multiple: 16, least: 16, most: 48 })))).toBe(16);
  });

  it('leaves no rest that is padded for lack of a few tokens', () => {
    const least = { ...freeLaw, least: 5 };
    expect(tokensRead(plan([session(1, { prefillTokens: 65 })], linearStepTime(9, 1, least)))).toBe(60);
    expect(tokensRead(plan([session(1, { prefillTokens: 64 })], linearStepTime(9, 1, notAlone)))).toBe(62);
    // With multiples the end is padded in any case.
    expect(tokensRead(plan([session(1, { prefillTokens: 61 })], stairs, { prefillChunk: 60 }))).toBe(60);
  });

  it('ends, with padding in the last chunk only', () => {
    fc.assert(
      fc.property(fc.constantFrom(...laws), fc.integer({ min: 1, max: 400 }), fc.boolean(), (law, prompt, decodes) => {
        let [left, state] = [prompt, freshSchedule];
        const model = linearStepTime(20, 2, law);
        for (let step = 0; left > 0; step += 1) {
          expect(step).toBeLessThan(60);
          const work = [session(1, { prefillTokens: left }), ...(decodes ? [session(2, { drafts: 3 })] : [])];
          const planned = scheduleStep(state, work, limits, model);
          const tokens = tokensRead(planned);
          expect(tokens).toBeGreaterThan(0);
          if (tokens < left) expect(engineRows(law, tokens)).toBe(tokens);
          [left, state] = [left - tokens, planned.state];
        }
        expect(left).toBe(0);
      }),
    );
  });
});
