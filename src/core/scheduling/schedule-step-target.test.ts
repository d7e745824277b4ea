// Plans for sessions with targets: who is late comes first, within the limits of rows and shares, and nothing changes without a target.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeLaw, type ShapeLaw } from '../decoding/shape-law.ts';
import { freshSchedule, type SessionWork, type StepLimits, type StepPlan, scheduleStep } from './schedule-step.ts';
import { linearStepTime } from './step-time.ts';
import { tokensDue } from './target-pace.ts';

const wide: StepLimits = { maxRows: 4096, usefulRows: 4096, prefillChunk: 512 };
const gpu = linearStepTime(60, 2);
const fours: ShapeLaw = { multiple: 4, least: 4, most: 60, merges: true };
const models = [
  gpu,
  linearStepTime(4, 36),
  linearStepTime(10, 1, fours),
  linearStepTime(10, 3, { ...fours, merges: false }),
  linearStepTime(40, 0.4, { ...freeLaw, least: 2 }),
];

function session(id: number, tokensLate: number | null, changes: Partial<SessionWork> = {}): SessionWork {
  const target = tokensLate === null ? {} : { target: { msPerToken: 100, lateMs: 97 * tokensLate } };
  return { id, weight: 1, prefillTokens: 0, drafts: 0, acceptance: 0.8, ...target, ...changes };
}

function draftsOf({ items }: StepPlan): Map<number, number> {
  return new Map(items.flatMap((item) => (item.kind === 'decode' ? [[item.id, item.drafts] as const] : [])));
}

function plan(sessions: readonly SessionWork[], limits: StepLimits = wide, model = gpu): Map<number, number> {
  return draftsOf(scheduleStep(freshSchedule, sessions, limits, model));
}

describe.each([{ sharesRows: true }, { sharesRows: false }])('a step of sessions with targets, %o', (sharing) => {
  const limits = { ...wide, ...sharing };

  it('has drafts of a late session that are not worth their rows', () => {
    const dear = linearStepTime(4, 36);
    const plain = session(1, null, { drafts: 6 });
    expect(plan([plain, session(2, null)], limits, dear).get(1)).toBe(0);
    // Of chances of 0.8, 0.64, 0.51 and 0.41; the next one is 0.33.
    expect(plan([session(1, 15, { drafts: 6 }), session(2, null)], limits, dear).get(1)).toBe(4);
  });

  it('has no draft by which a session becomes late, and those that pay where none does', () => {
    const easy = Array.from({ length: 8 }, (_, id) => session(id, -9, { drafts: 8, acceptance: 0.99 }));
    const draftsOfAll = (work: readonly SessionWork[]): number =>
      [...plan(work, limits).values()].reduce((sum, one) => sum + one, 0);
    expect(draftsOfAll(easy)).toBe(64);
    // With a token, less the reserve, and a part of the token that it is ahead, the last one may have a step of 106.7 ms: 23 rows.
    expect(draftsOfAll([...easy.slice(1), session(9, -1)])).toBe(15);
    // It is late with its row alone.
    expect(draftsOfAll([...easy.slice(1), session(9, 2)])).toBe(0);
  });

  it('holds no session back that has no target', () => {
    const work = [session(1, null, { drafts: 8, acceptance: 0.99 }), session(2, 3)];
    expect(plan(work, limits).get(1)).toBe(8);
  });

  it('leaves a late session what it would have without a target', () => {
    expect(plan([session(1, 2, { drafts: 8, acceptance: 0.95 }), session(2, null)], limits).get(1)).toBe(8);
  });
});

interface AnySession extends Pick<SessionWork, 'weight' | 'prefillTokens' | 'drafts' | 'acceptance'> {
  readonly tokensLate: number | null;
}

const anySession: fc.Arbitrary<AnySession> = fc.record({
  weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
  prefillTokens: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(90)),
  drafts: fc.nat(16),
  acceptance: fc.double({ min: 0, max: 1, noNaN: true }),
  tokensLate: fc.oneof(fc.constant(null), fc.double({ min: -20, max: 19, noNaN: true })),
});
const anyWork = fc.array(anySession, { maxLength: 12 });

function sessionsOf(work: readonly AnySession[]): SessionWork[] {
  return work.map(({ tokensLate, ...fields }, id) => session(id, tokensLate, fields));
}

describe('any step of sessions with targets', () => {
  const someLimits = { maxRows: fc.integer({ min: 1, max: 40 }), sharesRows: fc.boolean() };

  it('keeps the limit of rows, and gives no session more drafts than it has', () => {
    const law = fc.property(
      fc.array(anyWork, { maxLength: 5 }),
      fc.record(someLimits),
      fc.constantFrom(...models),
      (steps, { maxRows, sharesRows }, model) => {
        let state = freshSchedule;
        for (const work of steps) {
          const sessions = sessionsOf(work);
          const limits = { maxRows, usefulRows: maxRows, prefillChunk: 63, sharesRows };
          const planned = scheduleStep(state, sessions, limits, model);
          state = planned.state;
          const drafts = draftsOf(planned);
          const total = [...drafts.values()].reduce((sum, count) => sum + count + 1, 0);
          expect(total).toBeLessThanOrEqual(maxRows);
          for (const [id, count] of drafts) expect(count).toBeLessThanOrEqual(sessions[id]?.drafts ?? 0);
        }
      },
    );
    fc.assert(law, { numRuns: 300 });
  });

  it('leaves no late session a probable draft while one that is on time has more than it needs', () => {
    const law = fc.property(
      anyWork,
      fc.boolean(),
      fc.constantFrom(...models.slice(0, 2)),
      (work, sharesRows, model) => {
        const sessions = sessionsOf(work).filter(({ prefillTokens }) => prefillTokens === 0);
        const planned = scheduleStep(freshSchedule, sessions, { ...wide, sharesRows }, model);
        const drafts = draftsOf(planned);
        const tokensOf = ({ id, acceptance }: SessionWork): number =>
          Array.from({ length: drafts.get(id) ?? 0 }, (_, index) => acceptance ** (index + 1)).reduce(
            (sum, one) => sum + one,
            1,
          );
        for (const one of sessions) {
          const { target, acceptance } = one;
          const next = (drafts.get(one.id) ?? 0) + 1;
          if (target === undefined || one.drafts < next || acceptance ** next < 0.4) continue;
          // Whoever has probable drafts left is on time.
          expect(tokensOf(one)).toBeGreaterThanOrEqual(tokensDue(target, planned.expectedMs) - 1e-9);
        }
      },
    );
    fc.assert(law, { numRuns: 500 });
  });

  it('serves late sessions by their shares in full steps', () => {
    for (const weights of [
      [3, 1],
      [5, 4, 3, 2, 1],
    ]) {
      let state = freshSchedule;
      const served = weights.map(() => 0);
      for (let step = 0; step < 500; step += 1) {
        // The session with the smallest share is the latest.
        const work = weights.map((weight, id) => session(id, 12 + id, { weight, drafts: 15, acceptance: 0.99 }));
        const limits = { maxRows: 16, usefulRows: 16, prefillChunk: 63, sharesRows: true };
        const planned = scheduleStep(state, work, limits, linearStepTime(40, 0.4));
        state = planned.state;
        for (const [id, count] of draftsOf(planned)) served[id] = (served[id] as number) + count + 1;
      }
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [id, weight] of weights.entries())
        expect(Math.abs((served[id] as number) - (8000 * weight) / total)).toBeLessThanOrEqual(16);
    }
  });
});
