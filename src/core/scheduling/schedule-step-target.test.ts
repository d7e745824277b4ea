// Plans for sessions with targets: who is late comes first, within the limits of rows and shares, and nothing changes without a target.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fours, foursApart, notAlone } from '../decoding/shape-laws.fixture.ts';
import { draftsIn, plansOf, rowsIn, served, session } from './plans.fixture.ts';
import { freshSchedule, type SessionWork, type StepLimits, scheduleStep } from './schedule-step.ts';
import { linearStepTime } from './step-time.ts';
import { tokensDue } from './target-pace.ts';

const wide: StepLimits = { maxRows: 4096, usefulRows: 4096, prefillChunk: 512 };
const gpu = linearStepTime(60, 2);
const models = [
  gpu,
  linearStepTime(4, 36),
  linearStepTime(10, 1, fours),
  linearStepTime(10, 3, foursApart),
  linearStepTime(40, 0.4, notAlone),
];

function paced(id: number, tokensLate: number | null, changes: Partial<SessionWork> = {}): SessionWork {
  const target = tokensLate === null ? {} : { target: { msPerToken: 100, lateMs: 97 * tokensLate } };
  return session(id, { ...target, ...changes });
}

function plan(sessions: readonly SessionWork[], limits: StepLimits = wide, model = gpu): Map<number, number> {
  return draftsIn(scheduleStep(freshSchedule, sessions, limits, model));
}

describe.each([{ sharesRows: true }, { sharesRows: false }])('a step of sessions with targets, %o', (sharing) => {
  const limits = { ...wide, ...sharing };

  it('has drafts of a late session that are not worth their rows', () => {
    const dear = linearStepTime(4, 36);
    const plain = paced(1, null, { drafts: 6 });
    expect(plan([plain, paced(2, null)], limits, dear).get(1)).toBe(0);
    // Of chances of 0.8, 0.64, 0.51 and 0.41; the next one is 0.33.
    expect(plan([paced(1, 15, { drafts: 6 }), paced(2, null)], limits, dear).get(1)).toBe(4);
  });

  it('has no draft by which a session becomes late, and those that pay where none does', () => {
    const easy = Array.from({ length: 8 }, (_, id) => paced(id, -9, { drafts: 8, acceptance: 0.99 }));
    const draftsOfAll = (work: readonly SessionWork[]): number =>
      [...plan(work, limits).values()].reduce((sum, one) => sum + one, 0);
    expect(draftsOfAll(easy)).toBe(64);
    // With a token, less the reserve, and a part of the token that it is ahead, the last one may have a step of 106.7 ms: 23 rows.
    expect(draftsOfAll([...easy.slice(1), paced(9, -1)])).toBe(15);
    // It is late with its row alone.
    expect(draftsOfAll([...easy.slice(1), paced(9, 2)])).toBe(0);
  });

  it('holds no session back that has no target', () => {
    const work = [paced(1, null, { drafts: 8, acceptance: 0.99 }), paced(2, 3)];
    expect(plan(work, limits).get(1)).toBe(8);
  });

  it('leaves a late session what it would have without a target', () => {
    expect(plan([paced(1, 2, { drafts: 8, acceptance: 0.95 }), paced(2, null)], limits).get(1)).toBe(8);
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
  return work.map(({ tokensLate, ...fields }, id) => paced(id, tokensLate, fields));
}

describe('any step of sessions with targets', () => {
  const someLimits = { maxRows: fc.integer({ min: 1, max: 40 }), sharesRows: fc.boolean() };

  it('keeps the limit of rows, and gives no session more drafts than it has', () => {
    const law = fc.property(
      fc.array(anyWork, { maxLength: 5 }),
      fc.record(someLimits),
      fc.constantFrom(...models),
      (steps, { maxRows, sharesRows }, model) => {
        const limits = { maxRows, usefulRows: maxRows, prefillChunk: 63, sharesRows };
        const plans = plansOf(steps.length, (step) => sessionsOf(steps[step] ?? []), limits, model);
        for (const [step, planned] of plans.entries()) {
          const rows = rowsIn(planned);
          expect([...rows.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(maxRows);
          for (const [id, count] of rows) expect(count).toBeLessThanOrEqual((steps[step]?.[id]?.drafts ?? 0) + 1);
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
        const drafts = draftsIn(planned);
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
      // The session with the smallest share is the latest.
      const work = weights.map((weight, id) => paced(id, 12 + id, { weight, drafts: 15, acceptance: 0.99 }));
      const limits = { maxRows: 16, usefulRows: 16, prefillChunk: 63, sharesRows: true };
      const rows = served(plansOf(500, work, limits, linearStepTime(40, 0.4)), rowsIn);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [id, weight] of weights.entries())
        expect(Math.abs((rows[id] as number) - (8000 * weight) / total)).toBeLessThanOrEqual(16);
    }
  });
});
