// For tests of plans: sessions, step times, and the plans of many steps.

import fc from 'fast-check';
import type { ShapeLaw } from '../decoding/shape-law.ts';
import { fours } from '../decoding/shape-laws.fixture.ts';
import { freshSchedule, type SessionWork, type StepLimits, type StepPlan, scheduleStep } from './schedule-step.ts';
import { fitStepTime, type StepTimeModel } from './step-time.ts';

/** A session that decodes without drafts, unless `changes` says otherwise. */
export function session(id: number, changes: Partial<SessionWork> = {}): SessionWork {
  return { id, weight: 1, prefillTokens: 0, drafts: 0, acceptance: 0.8, ...changes };
}

/** Any of the fields of a session. */
export const anySession: fc.Arbitrary<Omit<SessionWork, 'id'>> = fc.record({
  weight: fc.double({ min: 0.001, max: 1000, noNaN: true }),
  prefillTokens: fc.oneof(fc.constant(0), fc.nat(200)),
  drafts: fc.nat(24),
  acceptance: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** The sessions of some steps, numbered in each of them. */
export const anySteps: fc.Arbitrary<SessionWork[][]> = fc
  .array(fc.array(anySession, { maxLength: 12 }), { maxLength: 6 })
  .map((steps) => steps.map((sessions) => sessions.map((fields, id) => session(id, fields))));

/** The times of steps, ms, by their rows. */
export function stepTimes(times: Readonly<Record<number, number>>, law?: ShapeLaw): StepTimeModel {
  const samples = Object.entries(times).map(([rows, ms]) => ({ rows: Number(rows), ms }));
  return fitStepTime(samples, law);
}

/** Measured on a processor with two cores, calls padded to multiples of four rows. */
export const stairs: StepTimeModel = stepTimes({ 4: 229, 8: 425 }, fours);

/** What there is to do in each step. */
export type StepWork = readonly SessionWork[] | ((step: number) => readonly SessionWork[]);

/** The plans of many steps, each with the queues that the one before has left. */
export function plansOf(count: number, work: StepWork, limits: StepLimits, model: StepTimeModel): StepPlan[] {
  let state = freshSchedule;
  return Array.from({ length: count }, (_, step) => {
    const plan = scheduleStep(state, typeof work === 'function' ? work(step) : work, limits, model);
    state = plan.state;
    return plan;
  });
}

/** The drafts of each decoding session, by its id. */
export function draftsIn({ items }: StepPlan): Map<number, number> {
  return new Map(items.flatMap((item) => (item.kind === 'decode' ? [[item.id, item.drafts] as const] : [])));
}

/** The rows of each decoding session, by its id. */
export function rowsIn(plan: StepPlan): Map<number, number> {
  return new Map([...draftsIn(plan)].map(([id, drafts]) => [id, drafts + 1]));
}

export function tokensRead({ items }: StepPlan): number {
  return items.reduce((sum, item) => (item.kind === 'prefill' ? item.tokens : sum), 0);
}

/** What each session has in all, by its id. */
export function served(
  plans: readonly StepPlan[],
  countsIn: (plan: StepPlan) => ReadonlyMap<number, number>,
): number[] {
  const sums: number[] = [];
  for (const plan of plans) for (const [id, count] of countsIn(plan)) sums[id] = (sums[id] ?? 0) + count;
  return sums;
}
