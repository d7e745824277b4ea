import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { noCounts } from '../../../simulator/runner/session-metrics.ts';
import { madeUpHeader } from '../../../simulator/traces/trace.fixture.ts';
import { type Trace, type TraceSession, TraceSessionBuilder } from '../../../simulator/traces/trace.ts';
import { type AblationRow, ablationExperiment, ratioOf } from './ablation.ts';
import { variants } from './variants.ts';

/** An answer that repeats its prompt, or never repeats itself; of `length` drafts every fifth is wrong, with less confidence. */
function session(id: string, task: 'copy' | 'new', runnersUp = true, length = 120): TraceSession {
  const prompt = Array.from({ length: 30 }, (_, index) => 100 + index);
  const answer = Array.from({ length }, (_, index) => (task === 'copy' ? 100 + ((index + 1) % 30) : 200 + index));
  const builder = new TraceSessionBuilder();
  for (const position of answer.keys()) {
    // In every second miss the runner-up is the target's token.
    const runnerUp = { token: position % 10 === 9 ? (answer[position] as number) : 6, units: 30_000 };
    const beside = (depth: number) => (runnersUp && depth === 0 ? runnerUp : null);
    if (position % 5 < 4) builder.addRight(60_000, runnersUp ? { token: 6, units: 2000 } : null);
    else builder.addWrong([7, 8, 9].map((token, depth) => ({ token, units: 9_000, runnerUp: beside(depth) })));
  }
  return builder.build({ id, task, prompt, answer });
}

const trace: Trace = {
  header: madeUpHeader({ hasRunnerUps: true }),
  sessions: [session('a', 'copy'), session('b', 'copy'), session('c', 'new'), session('d', 'new')],
};
const options = {
  traces: [trace],
  roundTripsMs: [10],
  draftMs: 8,
  steps: [
    { name: 'cheap', fixedMs: 40, perRowMs: 0.4 },
    { name: 'expensive', fixedMs: 4, perRowMs: 36 },
  ],
  seeds: 1,
};
const { rows, summary } = await runExperiment(ablationExperiment, options);
const at = (idea: string, task = 'all', edge = 'cheap'): AblationRow =>
  rows.find((row) => row.idea === idea && row.task === task && row.edge === edge) as AblationRow;

describe('variants', () => {
  it('have a row for each task, edge and variant, the same every time', async () => {
    expect(rows.length).toBe(2 * 3 * variants.length);
    expect((await runExperiment(ablationExperiment, options)).rows).toEqual(rows);
    expect(at('none')).toMatchObject({ overPlain: 1, overPlainLow: 1, overPlainHigh: 1, sessions: 4 });
    expect(at('none', 'copy').sessions).toBe(2);
  });

  it('show looking back where a text repeats itself, and nothing where it does not', () => {
    expect(at('look-up, edge', 'copy').overPlainHigh).toBeLessThan(0.95);
    expect(at('look-up, edge', 'new').overPlain).toBe(1);
    expect(at('look-up, edge', 'copy').guessesPerToken).toBeGreaterThan(0.2);
  });

  it('show that choosing rows by worth pays where rows are expensive', () => {
    const [judged, plain] = [at('rows by worth', 'all', 'expensive'), at('none', 'all', 'expensive')];
    expect(judged.rowsPerToken).toBeLessThan(plain.rowsPerToken);
    expect(judged.overPlainHigh).toBeLessThan(0.98);
    expect(plain.overAr).toBeGreaterThan(1);
    expect(judged.overAr).toBeLessThan(1.03);
  });

  it('show that a cut saves drafts, aborting time, and drafts of the edge more', () => {
    expect(at('chain cut').draftsPerToken).toBeLessThan(at('none').draftsPerToken);
    expect(at('abort, modelled').overPlain).toBeLessThan(1);
    expect(at('edge drafts too').overPlainHigh).toBeLessThan(1);
    expect(at('edge alone').draftsPerToken).toBe(0);
  });

  it('show that hedges pay, more where they are sent ahead, and not where rows are dear', () => {
    expect(at('hedge').overPlainHigh).toBeLessThan(0.95);
    expect(at('three hedges').overPlainHigh).toBeLessThan(0.95);
    expect(at('hedge, abort').overPlain).toBeLessThan(at('hedge').overPlain);
    expect(at('hedge, device').overPlain).toBeGreaterThan(at('hedge').overPlain);
    expect(at('hedge, device').payloadBytesPerToken).toBeLessThan(at('hedge').payloadBytesPerToken);
    expect(at('hedge, dear rows').overPlain).toBeGreaterThan(at('hedge').overPlain);
    expect(at('hedge, dear rows').overPlain).toBeLessThan(at('hedge, dear, blind').overPlain + 0.01);
    expect(at('all, hedge').overPlain).toBeLessThan(at('all, stream').overPlain);
  });

  it('have no hedges in a trace without runners-up', async () => {
    const old = { header: madeUpHeader(), sessions: [session('c', 'new', false)] };
    const found = await runExperiment(ablationExperiment, {
      ...options,
      steps: options.steps.slice(0, 1),
      traces: [old],
    });
    expect(found.rows.filter(({ idea }) => /hedge/.test(idea))).toEqual([]);
    expect(found.rows.length).toBe(variants.filter(({ hedges }) => hedges !== true).length);
  });

  it('are summed up for both kinds of edges', () => {
    expect(summary['allStreamOverPlain']).toBe(at('all, stream').overPlain);
    expect(summary['mixOverPlainExpensiveRows']).toBe(at('edge drafts too', 'all', 'expensive').overPlain);
    expect(Object.keys(summary).length).toBe(2 * (variants.length - 1));
  });
});

describe('intervals', () => {
  const counts = (decodeMs: number) => ({ ...noCounts, decodeMs, decodedTokens: 10 });

  it('hold what is drawn in pairs: a ratio that all sessions share has no width', () => {
    const plain = [100, 300, 250, 900].map(counts);
    const half = [50, 150, 125, 450].map(counts);
    expect(ratioOf(half, plain)).toEqual({ value: 0.5, interval: [0.5, 0.5] });
  });

  it('are wide where sessions differ', () => {
    const plain = Array.from({ length: 30 }, () => counts(100));
    const own = plain.map((_, index) => counts(index % 2 === 0 ? 60 : 100));
    const [low, high] = ratioOf(own, plain).interval;
    expect(low).toBeGreaterThan(0.7);
    expect(low).toBeLessThan(0.76);
    expect(high).toBeGreaterThan(0.84);
    expect(high).toBeLessThan(0.9);
  });
});
