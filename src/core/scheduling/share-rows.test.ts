import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ShapeLaw } from '../decoding/shape-law.ts';
import { freshSchedule, type SessionWork, type StepLimits, type StepPlan, scheduleStep } from './schedule-step.ts';
import { fitStepTime, linearStepTime, type StepTimeModel } from './step-time.ts';

/** Rows are nearly free, so every draft that is likely enough is worth its row. */
const gpu = linearStepTime(40, 0.04);
const limits: StepLimits = { maxRows: 16, usefulRows: 16, prefillChunk: 63, sharesRows: true };

function session(id: number, weight: number, changes: Partial<SessionWork> = {}): SessionWork {
  return { id, weight, prefillTokens: 0, drafts: 15, acceptance: 0.99, ...changes };
}

function rowsOf({ items }: StepPlan): ReadonlyMap<number, number> {
  return new Map(items.flatMap((item) => (item.kind === 'decode' ? [[item.id, item.drafts + 1] as const] : [])));
}

/** Rows of each session, by its id, over some steps with the same work. */
function serve(
  stepCount: number,
  work: (step: number) => readonly SessionWork[],
  stepLimits: StepLimits = limits,
  model: StepTimeModel = gpu,
): number[] {
  const served: number[] = [];
  let state = freshSchedule;
  for (let step = 0; step < stepCount; step += 1) {
    const plan = scheduleStep(state, work(step), stepLimits, model);
    state = plan.state;
    for (const [id, rows] of rowsOf(plan)) served[id] = (served[id] ?? 0) + rows;
  }
  return served;
}

function expectShares(served: readonly number[], weights: readonly number[], within: number): void {
  const [rows, total] = [served, weights].map((values) => values.reduce((sum, value) => sum + value, 0));
  for (const [id, weight] of weights.entries()) {
    const due = ((rows as number) * weight) / (total as number);
    expect(Math.abs((served[id] as number) - due)).toBeLessThanOrEqual(within);
  }
}

describe('rows of full steps', () => {
  it.each([[[3, 1]], [[5, 4, 3, 2, 1]], [[1, 1, 1]], [[8, 1]]])(
    'divide as the shares %j, mandatory rows included',
    (weights) => {
      const served = serve(500, () => weights.map((weight, id) => session(id, weight)));
      expect(served.reduce((sum, rows) => sum + rows, 0)).toBe(500 * 16);
      expectShares(served, weights, 2);
    },
  );

  it('without the setting do not: mandatory rows come first', () => {
    const { sharesRows: _, ...plain } = limits;
    const [first = 0, second = 0] = serve(500, () => [session(0, 3), session(1, 1)], plain);
    expect(first / second).toBeLessThan(2.6);
  });

  it.each([
    [2, [1, 1, 1, 1, 1, 1, 1, 7]],
    [2, [7, 1, 1, 1, 1, 1, 1, 1]],
    [4, [5, 5, 5, 1, 1, 1, 1, 1]],
  ])(
    'give a session a row in each of the %i-row steps if its share is one, whatever the order of %j',
    (maxRows, weights) => {
      const without = (id: number, weight: number) => session(id, weight, { drafts: 0, acceptance: 0 });
      const few = { ...limits, maxRows, usefulRows: maxRows };
      const served = serve(700, () => weights.map((weight, id) => without(id, weight)), few);
      expectShares(served, weights, 8);
      // One that comes later has its share as well.
      const late = weights.length - 1;
      const joined = serve(
        750,
        (step) => weights.flatMap((weight, id) => (step < 50 && id === late ? [] : [without(id, weight)])),
        few,
      );
      const due = (700 * maxRows * (weights[late] as number)) / weights.reduce((sum, weight) => sum + weight, 0);
      expect(Math.abs((joined[late] as number) - due)).toBeLessThanOrEqual(8);
    },
  );

  it('let a session wait whose share is less than a row in each step', () => {
    const weights = [12, 1];
    const few = { ...limits, maxRows: 4, usefulRows: 4 };
    expectShares(
      serve(1300, () => weights.map((weight, id) => session(id, weight)), few),
      weights,
      2,
    );
  });

  it('go to a session with a tiny share at least once in sixteen steps', () => {
    let state = freshSchedule;
    let since = 0;
    let longest = 0;
    for (let step = 0; step < 400; step += 1) {
      const plan = scheduleStep(state, [session(0, 1000), session(1, 0.001)], limits, gpu);
      state = plan.state;
      since = rowsOf(plan).has(1) ? 0 : since + 1;
      longest = Math.max(longest, since);
    }
    expect(longest).toBeGreaterThan(8);
    expect(longest).toBeLessThanOrEqual(17);
  });

  it('follow shares that change in flight within a few steps', () => {
    const served: number[][] = [];
    for (const steps of [100, 120, 220]) {
      served.push(serve(steps, (step) => [session(0, step < 100 ? 1 : 12), session(1, step < 100 ? 12 : 1)]));
    }
    const [before = [], early = [], late = []] = served;
    expectShares(before, [1, 12], 3);
    // 20 steps of 16 rows.
    expect((early[0] as number) - (before[0] as number)).toBeGreaterThan(250);
    expectShares([(late[0] as number) - (early[0] as number), (late[1] as number) - (early[1] as number)], [12, 1], 16);
  });
});

describe('rows that a session cannot use', () => {
  it('go to the others, by their shares', () => {
    const work = () => [session(0, 6, { drafts: 0 }), session(1, 2), session(2, 1)];
    const served = serve(300, work);
    expect(served[0]).toBe(300);
    expectShares(served.slice(1), [2, 1], 2);
  });

  it('earn no credit', () => {
    const work = (step: number) => [session(0, 1, { drafts: step < 200 ? 0 : 15 }), session(1, 1)];
    const [before, after] = [serve(200, work), serve(220, work)];
    expect(Math.abs((after[0] as number) - (before[0] as number) - 160)).toBeLessThanOrEqual(2);
  });

  it('keep nobody waiting: with room for all, every session has its row, however small its share', () => {
    const work = () => [session(0, 1000, { drafts: 8 }), session(1, 0.01, { drafts: 3 }), session(2, 1, { drafts: 0 })];
    for (const plan of [scheduleStep(freshSchedule, work(), limits, gpu)]) {
      expect([...rowsOf(plan).values()]).toEqual([9, 4, 1]);
    }
    expect(serve(50, work)).toEqual([450, 200, 50]);
  });

  it('are not kept for drafts that are not worth them', () => {
    const dear = linearStepTime(4, 36);
    const work = () => [session(0, 1000, { acceptance: 0.5 }), session(1, 1, { acceptance: 0.5 })];
    expect(serve(50, work, limits, dear)).toEqual([50, 50]);
  });
});

describe('any step with shared rows', () => {
  const fours: ShapeLaw = { multiple: 4, least: 4, most: 60, merges: true };
  const models = [
    gpu,
    linearStepTime(4, 36),
    fitStepTime(
      [
        { rows: 4, ms: 229 },
        { rows: 8, ms: 425 },
      ],
      fours,
    ),
    linearStepTime(10, 1, { ...fours, merges: false }),
  ];
  const anySession = fc.record({
    weight: fc.double({ min: 0.001, max: 1000, noNaN: true }),
    prefillTokens: fc.oneof(fc.constant(0), fc.nat(90)),
    drafts: fc.nat(24),
    acceptance: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('keeps its limits, wastes no row on a full house, and lets somebody wait only in a full step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(anySession, { maxLength: 12 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(...models),
        (steps, maxRows, model) => {
          let state = freshSchedule;
          for (const work of steps) {
            const sessions = work.map((fields, id) => ({ id, ...fields }));
            const plan = scheduleStep(state, sessions, { ...limits, maxRows, usefulRows: maxRows }, model);
            state = plan.state;
            const rows = rowsOf(plan);
            const decoding = sessions.filter(({ prefillTokens }) => prefillTokens === 0);
            for (const [id, count] of rows) expect(count).toBeLessThanOrEqual((sessions[id]?.drafts ?? 0) + 1);
            const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
            expect(total).toBeLessThanOrEqual(maxRows);
            if (rows.size < decoding.length) expect(total).toBe(maxRows);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('the time of keys', () => {
  const core = fitStepTime([1, 2, 3, 4, 6, 8, 12, 16].map((rows) => ({ rows, ms: rows === 1 ? 13 : 4 + 9.5 * rows })));
  const padded = linearStepTime(40, 5, { multiple: 4, least: 4, most: 32, merges: true });
  const apart = linearStepTime(20, 5, { multiple: 1, least: 1, most: 32, merges: false });

  /** Time per token of a reader, over that alone, beside a crowd of another key with an equal share; and the rows of a step. */
  function besideCrowd(model: StepTimeModel, size: number, drafts: number) {
    const plain: StepLimits = { ...limits, maxRows: 32, usefulRows: 32 };
    const reader = session(0, 1, { drafts, key: 'reader' });
    const crowd = Array.from({ length: size }, (_, one) => session(one + 1, 1 / size, { drafts, key: 'crowd' }));
    const run = (works: readonly SessionWork[]) => {
      let state = freshSchedule;
      let ms = 0;
      let own = 0;
      let rows = 0;
      for (let step = 0; step < 200; step += 1) {
        const plan = scheduleStep(state, works, plain, model);
        state = plan.state;
        ms += plan.expectedMs;
        own += rowsOf(plan).get(0) ?? 0;
        rows += [...rowsOf(plan).values()].reduce((sum, count) => sum + count, 0);
      }
      return { msPerRow: ms / own, rows: rows / 200 };
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
      const works = [session(0, 1, { drafts: 0, key: 'reader' })];
      for (let id = 1; id <= small; id += 1) works.push(session(id, 1 / small, { drafts: 0, key: `${id}` }));
      const given = works.map(() => 0);
      let state = freshSchedule;
      let ms = 0;
      let longest = 0;
      for (let step = 0; step < 600; step += 1) {
        const plan = scheduleStep(state, works, { ...limits, maxRows: 64, usefulRows: 64 }, model);
        state = plan.state;
        ms += plan.expectedMs;
        longest = Math.max(longest, plan.expectedMs);
        for (const [id, count] of rowsOf(plan)) given[id] = (given[id] as number) + count;
      }
      // He is owed steps of 80 ms; the last row of a step may end later.
      expect(given[0]).toBe(600);
      expect(ms / 600).toBeLessThanOrEqual(82);
      expect(longest).toBeLessThanOrEqual(110);
      expect(Math.min(...given.slice(1)) / Math.max(...given.slice(1))).toBeGreaterThan(0.8);
    }
  });

  it('gives a key with hardly any share a row now and then, and its prompt a chunk', () => {
    const model = linearStepTime(20, 2);
    for (const weight of [0.001, 1e-6, 1e-17]) {
      const works = [session(0, 1, { drafts: 0, key: 'large' }), session(1, weight, { drafts: 0, key: 'small' })];
      let state = freshSchedule;
      let count = 0;
      for (let step = 0; step < 160; step += 1) {
        const plan = scheduleStep(state, works, { ...limits, maxRows: 1, usefulRows: 1 }, model);
        state = plan.state;
        count += rowsOf(plan).get(1) ?? 0;
      }
      expect(count).toBeGreaterThanOrEqual(3);
      const reading = session(2, 1, { drafts: 0, key: 'small', prefillTokens: 90, isHeldBack: true });
      const both = scheduleStep(
        freshSchedule,
        [works[1] as SessionWork, reading, { ...reading, id: 3, key: 'large' }],
        limits,
        model,
      );
      expect(both.items).toHaveLength(1);
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
    const works = Array.from({ length: 8 }, (_, id) => session(id, 1, { drafts: 0 }));
    expect(scheduleStep(freshSchedule, works, limits, core).items).toHaveLength(8);
  });
});
