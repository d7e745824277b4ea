import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mean } from '../basics/statistics.ts';
import { fours, foursApart } from '../decoding/shape-laws.fixture.ts';
import { anySteps, plansOf, rowsIn, type StepWork, served, session, stairs } from './plans.fixture.ts';
import { freshSchedule, type SessionWork, type StepLimits, scheduleStep } from './schedule-step.ts';
import { fitStepTime, linearStepTime, type StepTimeModel } from './step-time.ts';

/** Rows are nearly free, so every draft that is likely enough is worth its row. */
const gpu = linearStepTime(40, 0.04);
const limits: StepLimits = { maxRows: 16, usefulRows: 16, prefillChunk: 63, sharesRows: true };

/** It has many drafts that are likely to be right. */
function drafting(id: number, weight: number, changes: Partial<SessionWork> = {}): SessionWork {
  return session(id, { weight, drafts: 15, acceptance: 0.99, ...changes });
}

/** Rows of each session, by its id, over some steps with the same work. */
function serve(count: number, work: StepWork, stepLimits: StepLimits = limits, model = gpu): number[] {
  return served(plansOf(count, work, stepLimits, model), rowsIn);
}

function expectShares(given: readonly number[], weights: readonly number[], within: number): void {
  const [rows, total] = [given, weights].map((values) => values.reduce((sum, value) => sum + value, 0));
  for (const [id, weight] of weights.entries()) {
    const due = ((rows as number) * weight) / (total as number);
    expect(Math.abs((given[id] as number) - due)).toBeLessThanOrEqual(within);
  }
}

describe('rows of full steps', () => {
  it.each([[[3, 1]], [[5, 4, 3, 2, 1]], [[1, 1, 1]], [[8, 1]]])(
    'divide as the shares %j, mandatory rows included',
    (weights) => {
      const rows = serve(500, () => weights.map((weight, id) => drafting(id, weight)));
      expect(rows.reduce((sum, count) => sum + count, 0)).toBe(500 * 16);
      expectShares(rows, weights, 2);
    },
  );

  it('without the setting do not: mandatory rows come first', () => {
    const { sharesRows: _, ...plain } = limits;
    const [first = 0, second = 0] = serve(500, () => [drafting(0, 3), drafting(1, 1)], plain);
    expect(first / second).toBeLessThan(2.6);
  });

  it.each([
    [2, [1, 1, 1, 1, 1, 1, 1, 7]],
    [2, [7, 1, 1, 1, 1, 1, 1, 1]],
    [4, [5, 5, 5, 1, 1, 1, 1, 1]],
  ])(
    'give a session a row in each of the %i-row steps if its share is one, whatever the order of %j',
    (maxRows, weights) => {
      const without = (id: number, weight: number) => drafting(id, weight, { drafts: 0, acceptance: 0 });
      const few = { ...limits, maxRows, usefulRows: maxRows };
      const all = weights.map((weight, id) => without(id, weight));
      expectShares(serve(700, all, few), weights, 8);
      // One that comes later has its share as well.
      const late = weights.length - 1;
      const joined = serve(750, (step) => (step < 50 ? all.slice(0, late) : all), few);
      const due = (700 * maxRows * (weights[late] as number)) / weights.reduce((sum, weight) => sum + weight, 0);
      expect(Math.abs((joined[late] as number) - due)).toBeLessThanOrEqual(8);
    },
  );

  it('let a session wait whose share is less than a row in each step', () => {
    const weights = [12, 1];
    const work = weights.map((weight, id) => drafting(id, weight));
    expectShares(serve(1300, work, { ...limits, maxRows: 4, usefulRows: 4 }), weights, 2);
  });

  it('go to a session with a tiny share at least once in sixteen steps', () => {
    let since = 0;
    let longest = 0;
    for (const plan of plansOf(400, () => [drafting(0, 1000), drafting(1, 0.001)], limits, gpu)) {
      since = rowsIn(plan).has(1) ? 0 : since + 1;
      longest = Math.max(longest, since);
    }
    expect(longest).toBeGreaterThan(8);
    expect(longest).toBeLessThanOrEqual(17);
  });

  it('follow shares that change in flight within a few steps', () => {
    const work = (step: number) => [drafting(0, step < 100 ? 1 : 12), drafting(1, step < 100 ? 12 : 1)];
    const plans = plansOf(220, work, limits, gpu);
    expectShares(served(plans.slice(0, 100), rowsIn), [1, 12], 3);
    // 20 steps of 16 rows.
    expect(served(plans.slice(100, 120), rowsIn)[0]).toBeGreaterThan(250);
    expectShares(served(plans.slice(120), rowsIn), [12, 1], 16);
  });
});

describe('rows that a session cannot use', () => {
  it('go to the others, by their shares', () => {
    const work = [drafting(0, 6, { drafts: 0 }), drafting(1, 2), drafting(2, 1)];
    const rows = serve(300, work);
    expect(rows[0]).toBe(300);
    expectShares(rows.slice(1), [2, 1], 2);
  });

  it('earn no credit', () => {
    const work = (step: number) => [drafting(0, 1, { drafts: step < 200 ? 0 : 15 }), drafting(1, 1)];
    const [before, after] = [serve(200, work), serve(220, work)];
    expect(Math.abs((after[0] as number) - (before[0] as number) - 160)).toBeLessThanOrEqual(2);
  });

  it('keep nobody waiting: with room for all, every session has its row, however small its share', () => {
    const work = () => [
      drafting(0, 1000, { drafts: 8 }),
      drafting(1, 0.01, { drafts: 3 }),
      drafting(2, 1, { drafts: 0 }),
    ];
    expect(serve(50, work)).toEqual([450, 200, 50]);
  });

  it('are not kept for drafts that are not worth them', () => {
    const dear = linearStepTime(4, 36);
    const work = [drafting(0, 1000, { acceptance: 0.5 }), drafting(1, 1, { acceptance: 0.5 })];
    expect(serve(50, work, limits, dear)).toEqual([50, 50]);
  });
});

describe('any step with shared rows', () => {
  const models = [gpu, linearStepTime(4, 36), stairs, linearStepTime(10, 1, foursApart)];

  it('keeps its limits, wastes no row on a full house, and lets somebody wait only in a full step', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 1, max: 20 }), fc.constantFrom(...models), (steps, maxRows, model) => {
        const few = { ...limits, maxRows, usefulRows: maxRows };
        for (const [step, plan] of plansOf(steps.length, (at) => steps[at] ?? [], few, model).entries()) {
          const sessions = steps[step] ?? [];
          const rows = rowsIn(plan);
          for (const [id, count] of rows) expect(count).toBeLessThanOrEqual((sessions[id]?.drafts ?? 0) + 1);
          const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
          expect(total).toBeLessThanOrEqual(maxRows);
          const decoding = sessions.filter(({ prefillTokens }) => prefillTokens === 0);
          if (rows.size < decoding.length) expect(total).toBe(maxRows);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('the time of keys', () => {
  const core = fitStepTime([1, 2, 3, 4, 6, 8, 12, 16].map((rows) => ({ rows, ms: rows === 1 ? 13 : 4 + 9.5 * rows })));
  const padded = linearStepTime(40, 5, { ...fours, most: 32 });
  const apart = linearStepTime(20, 5, { multiple: 1, least: 1, most: 32, merges: false });

  /** Time per token of a reader, over that alone, beside a crowd of another key with an equal share; and the rows of a step. */
  function besideCrowd(model: StepTimeModel, size: number, drafts: number) {
    const plain: StepLimits = { ...limits, maxRows: 32, usefulRows: 32 };
    const reader = drafting(0, 1, { drafts, key: 'reader' });
    const crowd = Array.from({ length: size }, (_, one) => drafting(one + 1, 1 / size, { drafts, key: 'crowd' }));
    const run = (works: readonly SessionWork[]) => {
      const plans = plansOf(200, works, plain, model);
      const ms = plans.reduce((sum, { expectedMs }) => sum + expectedMs, 0);
      const rows = served(plans, rowsIn);
      return { msPerRow: ms / (rows[0] ?? 0), rows: rows.reduce((sum, count) => sum + count, 0) / 200 };
    };
    const beside = run([reader, ...crowd]);
    return { slowdown: beside.msPerRow / run([reader]).msPerRow, rows: beside.rows };
  }

  it.each([
    ['rows that cost a lot', core],
    ['rows in groups of four', padded],
    ['sessions in calls of their own', apart],
    ['rows that cost nothing', gpu],
  ])('with %s: a crowd of any size slows a reader to 2.2 times at most', (_, model) => {
    for (const size of [1, 2, 7, 20]) {
      for (const drafts of [0, 3]) expect(besideCrowd(model, size, drafts).slowdown).toBeLessThanOrEqual(2.2);
    }
  });

  it('leaves a crowd of any size what he does not use', () => {
    const model = linearStepTime(20, 2);
    const rows = [11, 12, 20, 31].map((size) => besideCrowd(model, size, 0).rows);
    for (const count of rows) expect(count).toBeCloseTo(12);
  });

  it('bounds each step, however many keys have saved time for a row', () => {
    const model = linearStepTime(10, 30);
    for (const small of [10, 40]) {
      const works = [drafting(0, 1, { drafts: 0, key: 'reader' })];
      for (let id = 1; id <= small; id += 1) works.push(drafting(id, 1 / small, { drafts: 0, key: `${id}` }));
      const plans = plansOf(600, works, { ...limits, maxRows: 64, usefulRows: 64 }, model);
      const times = plans.map(({ expectedMs }) => expectedMs);
      const [own, ...others] = served(plans, rowsIn);
      // He is owed steps of 80 ms; the last row of a step may end later.
      expect([own, others.length]).toEqual([600, small]);
      expect(mean(times)).toBeLessThanOrEqual(82);
      expect(Math.max(...times)).toBeLessThanOrEqual(110);
      expect(Math.min(...others) / Math.max(...others)).toBeGreaterThan(0.8);
    }
  });

  it('gives a key with hardly any share a row now and then, and its prompt a chunk', () => {
    const model = linearStepTime(20, 2);
    for (const weight of [0.001, 1e-6, 1e-17]) {
      const works = [drafting(0, 1, { drafts: 0, key: 'large' }), drafting(1, weight, { drafts: 0, key: 'small' })];
      expect(serve(160, works, { ...limits, maxRows: 1, usefulRows: 1 }, model)[1]).toBeGreaterThanOrEqual(3);
      const reading = drafting(2, 1, { drafts: 0, key: 'small', prefillTokens: 90, isHeldBack: true });
      const both = [works[1] as SessionWork, reading, { ...reading, id: 3, key: 'large' }];
      expect(scheduleStep(freshSchedule, both, limits, model).items).toHaveLength(1);
      const prompt = scheduleStep(freshSchedule, [works[0] as SessionWork, { ...reading, weight }], limits, model);
      expect(prompt.promptPart).toBeGreaterThanOrEqual(1 / 32);
    }
  });

  it('leaves the crowd all that he does not lose by', () => {
    expect(besideCrowd(gpu, 7, 0).rows).toBe(8);
    // A row of 13 ms; 26 ms have room for 2.3.
    expect(besideCrowd(core, 7, 0).rows).toBeCloseTo(2.3, 1);
  });

  it('is not cut where all sessions are of one key', () => {
    const works = Array.from({ length: 8 }, (_, id) => drafting(id, 1, { drafts: 0 }));
    expect(scheduleStep(freshSchedule, works, limits, core).items).toHaveLength(8);
  });
});
