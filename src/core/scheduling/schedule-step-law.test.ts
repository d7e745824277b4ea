// Plans for engines that pad calls or keep sequences apart. The staircase was measured on a processor with two cores.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineRows, freeLaw, type ShapeLaw } from '../decoding/shape-law.ts';
import { chainChances } from './draft-value.ts';
import { freshSchedule, type SessionWork, type StepLimits, type StepPlan, scheduleStep } from './schedule-step.ts';
import { unpaddedTokens } from './step-prompt.ts';
import { batchMs, fitStepTime, linearStepTime, type StepTimeModel, stepMs } from './step-time.ts';

const fours: ShapeLaw = { multiple: 4, least: 4, most: 60, merges: true };
const foursApart: ShapeLaw = { ...fours, merges: false };
const notAlone: ShapeLaw = { ...freeLaw, least: 2 };
const threes: ShapeLaw = { ...freeLaw, most: 3 };
const eights: ShapeLaw = { multiple: 8, least: 8, most: 8, merges: false };
const laws = [freeLaw, fours, foursApart, notAlone, threes, eights];

const limits: StepLimits = { maxRows: 64, usefulRows: 64, prefillChunk: 63 };
const stairs = stairsOf(fours);

function stairsOf(law: ShapeLaw): StepTimeModel {
  const measured = [
    { rows: 4, ms: 229 },
    { rows: 8, ms: 425 },
  ];
  return fitStepTime(measured, law);
}

function session(id: number, changes: Partial<SessionWork> = {}): SessionWork {
  return { id, weight: 1, prefillTokens: 0, drafts: 0, acceptance: 0.8, ...changes };
}

function plan(sessions: readonly SessionWork[], model: StepTimeModel, changes: Partial<StepLimits> = {}): StepPlan {
  return scheduleStep(freshSchedule, sessions, { ...limits, ...changes }, model);
}

function draftsOf(step: StepPlan): number[] {
  return step.items.flatMap((item) => (item.kind === 'decode' ? [item.drafts] : []));
}

function chunkOf(step: StepPlan): number {
  return step.items.reduce((sum, item) => (item.kind === 'prefill' ? item.tokens : sum), 0);
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
    let state = freshSchedule;
    for (let step = 0; step < 50; step += 1) {
      const work = [
        session(1, { weight: 99, drafts: 12, acceptance: 0.97 }),
        session(2, { drafts: 5, acceptance: 0.1 }),
      ];
      const planned = scheduleStep(state, work, { ...limits, maxRows: 12 }, stairs);
      state = planned.state;
      expect(draftsOf(planned)[1]).toBe(3);
    }
  });

  it('are not used for drafts that are never accepted', () => {
    const work = [session(1, { drafts: 5, acceptance: 0 }), session(2, { drafts: 2 })];
    for (const law of [fours, foursApart]) expect(draftsOf(plan(work, stairsOf(law)))).toEqual([0, 2]);
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
        const samples = ms.map((one, index) => ({ rows: Math.min(law.most, 2 * index + 1), ms: one }));
        const sessions = work.map((fields, id) => session(id, fields));
        const free = engineRows(law, 1) - 1;
        for (const [index, drafts] of draftsOf(plan(sessions, fitStepTime(samples, law))).entries()) {
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
    for (const law of [fours, foursApart]) expect(draftsOf(plan(work, stairsOf(law)))).toEqual([3, 7]);
  });

  it('go to all sessions by their weights where room is scarce', () => {
    const served = [0, 0];
    let state = freshSchedule;
    const work = [
      session(0, { weight: 3, drafts: 15, acceptance: 0.99 }),
      session(1, { drafts: 15, acceptance: 0.99 }),
    ];
    for (let step = 0; step < 400; step += 1) {
      const planned = scheduleStep(state, work, { ...limits, maxRows: 16 }, linearStepTime(40, 0.4, fours));
      state = planned.state;
      for (const [index, drafts] of draftsOf(planned).entries()) served[index] = (served[index] ?? 0) + drafts;
    }
    const [first = 0, second = 0] = served;
    expect(first + second).toBe(400 * 14);
    // Three rows of 14 go to session 1 in any case, and its share is 3.5.
    expect(first / (first + second)).toBeCloseTo(0.75, 1);
  });

  it('alternate between equal sessions where only one of them can have them', () => {
    const times = [
      [8, 100],
      [12, 102],
      [16, 200],
    ] as const;
    const model = fitStepTime(
      times.map(([rows, ms]) => ({ rows, ms })),
      fours,
    );
    const served = [0, 0];
    let state = freshSchedule;
    const work = [0, 1].map((id) => session(id, { drafts: 7, acceptance: 0.8 }));
    for (let step = 0; step < 100; step += 1) {
      const planned = scheduleStep(state, work, limits, model);
      state = planned.state;
      expect(draftsOf(planned).toSorted()).toEqual([3, 7]);
      for (const [index, drafts] of draftsOf(planned).entries()) served[index] = (served[index] ?? 0) + drafts;
    }
    expect(served).toEqual([500, 500]);
  });

  it('never leave a session without its free rows for ever, even when those are scarce', () => {
    const work = Array.from({ length: 8 }, (_, id) => session(id, { drafts: 7 }));
    const served = work.map(() => 0);
    let state = freshSchedule;
    for (let step = 0; step < 400; step += 1) {
      const planned = scheduleStep(state, work, { ...limits, maxRows: 12 }, stairs);
      state = planned.state;
      for (const [index, drafts] of draftsOf(planned).entries()) served[index] = (served[index] ?? 0) + drafts;
    }
    for (const drafts of served) expect(drafts).toBeCloseTo(200, -1);
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
    const ms = batchMs(
      model,
      counts.map((count) => count + 1),
    );
    best = Math.max(best, tokens / ms);
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
        const samples = times.map((ms, index) => ({ rows: Math.min(law.most, 2 * index + 1), ms }));
        const model = fitStepTime(samples, law);
        const sessions = work.map((fields, id) => session(id, fields));
        const { expectedTokens, expectedMs } = plan(sessions, model);
        expect(expectedTokens / expectedMs).toBeGreaterThanOrEqual(bestRate(sessions, model) * (1 - 1e-9));
      }),
      { numRuns: 150 },
    );
  });

  it('has every draft that is better than equal ones, which the queue chooses among', () => {
    // The step has room for eight of nine drafts: the third ones of the first two sessions are equal, and worse than that of the last.
    const times = [1, 1, 1, 1, 1, 1, 2];
    const model = fitStepTime(
      times.map((ms, index) => ({ rows: 2 * index + 1, ms })),
      notAlone,
    );
    const sessions = [0.09, 0.09, 0.1].map((acceptance, id) => session(id, { drafts: 3, acceptance }));
    for (const sharesRows of [true, false]) {
      const step = plan(sessions, model, { sharesRows });
      expect(draftsOf(step)[2]).toBe(3);
      expect(step.expectedTokens / step.expectedMs).toBeCloseTo(bestRate(sessions, model), 9);
    }
  });

  it('is near the best where chains span several shared calls', () => {
    const model = fitStepTime(
      [148, 180, 200].map((ms, index) => ({ rows: index + 1, ms })),
      threes,
    );
    for (const acceptance of [0.3, 0.7, 0.9, 0.99]) {
      const sessions = [session(1, { drafts: 9, acceptance }), session(2, { drafts: 9, acceptance: 0.5 })];
      const { expectedTokens, expectedMs } = plan(sessions, model);
      expect(expectedTokens / expectedMs).toBeGreaterThanOrEqual(bestRate(sessions, model) * 0.98);
    }
  });
});

describe('a chunk of a prompt', () => {
  it('is cut where nothing is padded, and the end of the prompt has any length', () => {
    expect(chunkOf(plan([session(1, { prefillTokens: 500 })], stairs))).toBe(60);
    expect(chunkOf(plan([session(1, { prefillTokens: 61 })], stairs))).toBe(61);
    expect(chunkOf(plan([session(1, { prefillTokens: 7 })], stairs))).toBe(7);
    expect(chunkOf(plan([session(1, { prefillTokens: 65 })], stairs))).toBe(60);
    expect(chunkOf(plan([session(1, { prefillTokens: 500 })], linearStepTime(9, 1, eights)))).toBe(56);
  });

  it('grows while it is free and others decode', () => {
    // Decoding: a call of 4 rows, 44 ms; 88 ms pay for 48 rows, of which 44 are left.
    const work = [session(1), session(2, { prefillTokens: 500 })];
    expect(chunkOf(plan(work, linearStepTime(40, 1, fours)))).toBe(44);
    expect(chunkOf(plan(work, linearStepTime(1, 9, eights)))).toBe(8);
    expect(chunkOf(plan(work, linearStepTime(1, 9, { ...fours, multiple: 16, least: 16, most: 48 })))).toBe(16);
  });

  it('leaves no rest that is padded for lack of a few tokens', () => {
    const least = { ...freeLaw, least: 5 };
    expect(chunkOf(plan([session(1, { prefillTokens: 65 })], linearStepTime(9, 1, least)))).toBe(60);
    expect(chunkOf(plan([session(1, { prefillTokens: 64 })], linearStepTime(9, 1, notAlone)))).toBe(62);
    // With multiples the end is padded in any case.
    expect(chunkOf(plan([session(1, { prefillTokens: 61 })], stairs, { prefillChunk: 60 }))).toBe(60);
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
          const tokens = chunkOf(planned);
          expect(tokens).toBeGreaterThan(0);
          if (tokens < left) expect(engineRows(law, tokens)).toBe(tokens);
          [left, state] = [left - tokens, planned.state];
        }
        expect(left).toBe(0);
      }),
    );
  });

  it('knows the largest size without padding', () => {
    expect(laws.map((law) => unpaddedTokens(law, 63))).toEqual([63, 60, 60, 63, 63, 56]);
    expect(unpaddedTokens(fours, 3)).toBe(3);
  });
});

it('expects the time of its batch from any plan, under any law', () => {
  const anySession = fc.record({
    weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
    prefillTokens: fc.oneof(fc.constant(0), fc.nat(200)),
    drafts: fc.nat(24),
    acceptance: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const anyLimits = fc.record({
    maxRows: fc.integer({ min: 1, max: 40 }),
    usefulRows: fc.integer({ min: 1, max: 40 }),
    prefillChunk: fc.integer({ min: 2, max: 63 }),
  });
  const work = fc.array(fc.array(anySession, { maxLength: 10 }), { maxLength: 5 });
  fc.assert(
    fc.property(work, fc.constantFrom(...laws), anyLimits, (steps, law, bounds) => {
      const model = linearStepTime(10, 3, law);
      let state = freshSchedule;
      for (const one of steps) {
        const sessions = one.map((fields, id) => session(id, fields));
        const step = scheduleStep(state, sessions, bounds, model);
        state = step.state;
        const rows = step.items.map((item) => (item.kind === 'decode' ? item.drafts + 1 : item.tokens));
        expect(step.expectedMs).toBe(batchMs(model, rows));
        const decoding = draftsOf(step);
        const decodeRows = decoding.reduce((sum, drafts) => sum + drafts + 1, 0);
        expect(decodeRows).toBeLessThanOrEqual(Math.max(bounds.maxRows, decoding.length));
        if (decoding.length === 0) continue;
        // Never worse than without drafts.
        const plain = batchMs(
          model,
          decoding.map(() => 1),
        );
        const drafted = batchMs(
          model,
          decoding.map((drafts) => drafts + 1),
        );
        expect(step.expectedTokens / drafted).toBeGreaterThanOrEqual((decoding.length / plain) * (1 - 1e-12));
      }
    }),
    { numRuns: 300 },
  );
});

it('steps of one session cost what stepMs says', () => {
  expect(plan([session(1, { drafts: 12, acceptance: 0.01 })], stairs).expectedMs).toBe(stepMs(stairs, 4));
});
