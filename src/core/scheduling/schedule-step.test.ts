import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshSchedule, type SessionWork, type StepLimits, type StepPlan, scheduleStep } from './schedule-step.ts';
import { fitStepTime, linearStepTime, type StepTimeModel, stepMs } from './step-time.ts';

const gpu = linearStepTime(40, 0.4);
const cpu = linearStepTime(4, 36);
const limits: StepLimits = { maxRows: 64, usefulRows: 64, prefillChunk: 63 };

function session(id: number, changes: Partial<SessionWork> = {}): SessionWork {
  return { id, weight: 1, prefillTokens: 0, drafts: 0, acceptance: 0.8, ...changes };
}

function plan(
  sessions: readonly SessionWork[],
  model: StepTimeModel = gpu,
  changes: Partial<StepLimits> = {},
): StepPlan {
  return scheduleStep(freshSchedule, sessions, { ...limits, ...changes }, model);
}

function draftsOf(step: StepPlan, id: number): number {
  const item = step.items.find((candidate) => candidate.id === id);
  return item?.kind === 'decode' ? item.drafts : 0;
}

/** Plans the same work again and again; sums the service of each session. */
function serve(stepCount: number, work: (step: number) => readonly SessionWork[], stepLimits: StepLimits, model = gpu) {
  const served = new Map<number, { rows: number; drafts: number; prefill: number }>();
  let state = freshSchedule;
  for (let step = 0; step < stepCount; step++) {
    const planned = scheduleStep(state, work(step), stepLimits, model);
    state = planned.state;
    for (const item of planned.items) {
      const sum = served.get(item.id) ?? { rows: 0, drafts: 0, prefill: 0 };
      if (item.kind === 'prefill') sum.prefill += item.tokens;
      else {
        sum.rows += 1;
        sum.drafts += item.drafts;
      }
      served.set(item.id, sum);
    }
  }
  return { served, state };
}

describe('draft rows are admitted by their value', () => {
  it('admits none where a row costs as much as a step', () => {
    for (const acceptance of [0.3, 0.65, 0.88])
      expect(draftsOf(plan([session(1, { drafts: 8, acceptance })], cpu), 1)).toBe(0);
  });

  it('admits a chain until it is hardly ever accepted where rows are nearly free', () => {
    const drafts = draftsOf(plan([session(1, { drafts: 40 })]), 1);
    expect(0.8 ** drafts).toBeGreaterThan(0.04);
    expect(0.8 ** (drafts + 1)).toBeLessThan(0.05);
    expect(draftsOf(plan([session(1, { drafts: 6 })]), 1)).toBe(6);
  });

  it('stops earlier when the other sessions make a step without them better', () => {
    const alone = draftsOf(plan([session(1, { drafts: 40 })]), 1);
    const others = Array.from({ length: 20 }, (_, index) => session(index + 2));
    expect(draftsOf(plan([session(1, { drafts: 40 }), ...others]), 1)).toBeLessThan(alone);
  });

  it('accepts one expensive row when the rows after it are cheap', () => {
    const samples = [
      [1, 9],
      [2, 27],
      [4, 36],
      [8, 49],
      [16, 74],
    ] as const;
    const measured = fitStepTime(samples.map(([rows, ms]) => ({ rows, ms })));
    expect(draftsOf(plan([session(1, { drafts: 1, acceptance: 0.97 })], measured), 1)).toBe(0);
    expect(draftsOf(plan([session(1, { drafts: 12, acceptance: 0.97 })], measured), 1)).toBeGreaterThan(6);
  });

  it('admits none of the drafts that would pay only together, if there is no room for all', () => {
    const expensiveSecondRow = fitStepTime([
      { rows: 1, ms: 9 },
      { rows: 2, ms: 27 },
      { rows: 12, ms: 40 },
    ]);
    const work = [session(1, { drafts: 11, acceptance: 0.99 })];
    expect(draftsOf(plan(work, expensiveSecondRow), 1)).toBe(11);
    expect(draftsOf(plan(work, expensiveSecondRow, { maxRows: 2 }), 1)).toBe(0);
  });

  it('cuts a chain at an unlikely draft, whatever follows it', () => {
    const confidences = [0.9, 0.9, 0.01, 0.99, 0.99];
    expect(draftsOf(plan([session(1, { drafts: 5, confidences })]), 1)).toBe(2);
  });

  it('gives the rows to the session with the accepted drafts', () => {
    const step = plan([session(1, { drafts: 5, acceptance: 0.02 }), session(2, { drafts: 5, acceptance: 0.9 })]);
    expect([draftsOf(step, 1), draftsOf(step, 2)]).toEqual([0, 5]);
  });

  it('clamps chances outside [0, 1]', () => {
    expect(draftsOf(plan([session(1, { drafts: 3, acceptance: 7 })]), 1)).toBe(3);
    expect(draftsOf(plan([session(1, { drafts: 3, acceptance: -1 })]), 1)).toBe(0);
  });

  it('adds no drafts beyond the useful rows', () => {
    const step = plan([session(1, { drafts: 9 }), session(2, { drafts: 9 })], gpu, { usefulRows: 8 });
    expect(draftsOf(step, 1) + draftsOf(step, 2)).toBe(6);
    expect(
      plan(
        [1, 2, 3, 4].map((id) => session(id, { drafts: 2 })),
        gpu,
        { usefulRows: 2 },
      ).items,
    ).toHaveLength(4);
  });
});

describe('weights', () => {
  const scarce = { ...limits, maxRows: 10 };

  it('splits contended draft rows by weight', () => {
    const { served } = serve(
      2000,
      () => [session(1, { weight: 70, drafts: 12 }), session(2, { weight: 30, drafts: 12 })],
      scarce,
    );
    const [first, second] = [served.get(1)?.drafts ?? 0, served.get(2)?.drafts ?? 0];
    expect(first + second).toBe(2000 * 8);
    expect(first / (first + second)).toBeCloseTo(0.7, 2);
  });

  it('splits mandatory rows by weight when there are more sessions than rows, and no session starves', () => {
    const sessions = Array.from({ length: 7 }, (_, index) => session(index, { weight: index === 0 ? 4 : 1 }));
    const { served } = serve(1000, () => sessions, { ...limits, maxRows: 2 });
    // 2,000 rows over weights of 10 in sum; one row a step is the most that a session can take.
    expect(served.get(0)?.rows).toBeGreaterThan(780);
    for (let id = 1; id < 7; id++) expect(served.get(id)?.rows).toBeGreaterThan(190);
  });

  it('gives the rows that one session does not want to the other', () => {
    const step = plan([session(1, { weight: 99 }), session(2, { weight: 1, drafts: 4 })], gpu, { maxRows: 6 });
    expect(draftsOf(step, 2)).toBe(4);
  });

  it('gives no credit for idling, nor for asking for little', () => {
    for (const quietDrafts of [0, 1]) {
      const work = (step: number) => [
        session(1, { drafts: 12 }),
        session(2, { drafts: step < 500 ? quietDrafts : 12 }),
      ];
      const before = serve(500, work, scarce);
      const after = serve(520, work, scarce);
      const gained = (id: number) => (after.served.get(id)?.drafts ?? 0) - (before.served.get(id)?.drafts ?? 0);
      expect(Math.abs(gained(1) - gained(2))).toBeLessThanOrEqual(12);
    }
  });

  it('remembers the service of a session that leaves and returns', () => {
    const work = (step: number) => [
      ...(step % 2 === 0 ? [session(1, { weight: 1, drafts: 12 })] : []),
      session(2, { weight: 99, drafts: 12 }),
    ];
    // 8,000 draft rows, a hundredth of which is the share of session 1; a row at each return would be 500.
    expect(serve(1000, work, scarce).served.get(1)?.drafts).toBeLessThan(100);
  });

  it('keeps no finish tags of sessions that are gone', () => {
    const { state } = serve(300, (step) => [session(step, { drafts: 3 }), session(step + 1, { drafts: 3 })], limits);
    expect(state.rows.finishTags.size + state.drafts.finishTags.size + state.prefill.finishTags.size).toBeLessThan(6);
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
    const { served } = serve(40, () => [1, 2].map((id) => session(id, { prefillTokens: 100_000 })), limits);
    expect(served.get(1)?.prefill).toBe(20 * 63);
    expect(served.get(2)?.prefill).toBe(20 * 63);
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
          const step = scheduleStep(
            state,
            [session(1, { prefillTokens: left }), ...decoding],
            limits,
            linearStepTime(10, 1),
          );
          const item = chunk(step);
          const tokens = item?.kind === 'prefill' ? item.tokens : 0;
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
  const anySession = fc.record({
    weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
    prefillTokens: fc.oneof(fc.constant(0), fc.nat(200)),
    drafts: fc.nat(24),
    acceptance: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const anyModel = fc
    .array(fc.double({ min: 0.1, max: 30, noNaN: true }), { minLength: 1, maxLength: 12 })
    .map((slopes) => {
      let ms = 0;
      const samples = slopes.map((slope, index) => {
        ms += slope;
        return { rows: index * 2 + 1, ms };
      });
      return fitStepTime(samples);
    });
  const anyLimits = fc.record({
    maxRows: fc.integer({ min: 1, max: 40 }),
    usefulRows: fc.integer({ min: 1, max: 40 }),
    prefillChunk: fc.integer({ min: 2, max: 63 }),
  });

  it('keeps its limits, serves each session at most once, and expects no less per ms than a step without drafts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(anySession, { maxLength: 12 }), { maxLength: 6 }),
        anyModel,
        anyLimits,
        (steps, model, bounds) => {
          let state = freshSchedule;
          for (const work of steps) {
            const sessions = work.map((fields, index) => ({ id: index, ...fields }));
            const step = scheduleStep(state, sessions, bounds, model);
            checkPlan(step, sessions, bounds, model);
            state = step.state;
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  function checkPlan(step: StepPlan, sessions: readonly SessionWork[], bounds: StepLimits, model: StepTimeModel): void {
    expect(new Set(step.items.map(({ id }) => id)).size).toBe(step.items.length);
    const decoding = sessions.filter(({ prefillTokens }) => prefillTokens === 0);
    let sessionCount = 0;
    let draftCount = 0;
    for (const item of step.items) {
      const work = sessions[item.id];
      if (item.kind === 'prefill') {
        expect(item.tokens).toBeGreaterThan(0);
        expect(item.tokens).toBeLessThanOrEqual(Math.min(bounds.prefillChunk, work?.prefillTokens ?? 0));
      } else {
        expect(work?.prefillTokens).toBe(0);
        expect(item.drafts).toBeLessThanOrEqual(work?.drafts ?? 0);
        sessionCount += 1;
        draftCount += item.drafts;
      }
    }
    expect(sessionCount).toBe(Math.min(decoding.length, bounds.maxRows));
    expect(sessionCount + draftCount).toBeLessThanOrEqual(bounds.maxRows);
    expect(step.items.filter(({ kind }) => kind === 'prefill')).toHaveLength(decoding.length < sessions.length ? 1 : 0);
    if (sessionCount === 0) return;
    const plain = sessionCount / stepMs(model, sessionCount);
    expect(step.expectedTokens / stepMs(model, sessionCount + draftCount)).toBeGreaterThanOrEqual(plain * (1 - 1e-12));
  }
});
