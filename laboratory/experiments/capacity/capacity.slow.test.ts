import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { madeUpHeader } from '../../../simulator/traces/trace.fixture.ts';
import { TraceSessionBuilder } from '../../../simulator/traces/trace.ts';
import { writeTrace } from '../../../simulator/traces/trace-file.ts';
import { capacityExperiment } from './capacity.ts';
import { type CapacityMode, capacityModes } from './cell.ts';
import { edgesRow } from './edges.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrider-capacity-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Eight answers of 40 tokens: every fifth draft is wrong, and unsure. */
function writeTraceFile(path: string): void {
  const answer = Array.from({ length: 40 }, (_, index) => 100 + index);
  const sessions = Array.from({ length: 8 }, (_, number) => {
    const builder = new TraceSessionBuilder();
    for (const position of answer.keys()) {
      if (position % 5 < 4) builder.addRight(64_000);
      else builder.addWrong([7, 6, 5].map((token) => ({ token, units: 20_000 })));
    }
    return builder.build({ id: `${number}`, task: 'a', prompt: [5, 6], answer });
  });
  writeFileSync(path, writeTrace({ header: madeUpHeader({ answerTokens: 40 }), sessions }));
}

const trace = join(folder, 'made-up.trace');

describe('bench capacity in virtual time', () => {
  it('finds more sessions with drafts, at every target, and goes on from its record', async () => {
    writeTraceFile(trace);
    const record = join(folder, 'units.jsonl');
    const small = { profiles: ['edge-70b-a6000'], seeds: 1, drafts: trace, workers: 1, mostSessions: 30 };
    const given = { clock: 'virtual', ...small } as const;
    const first = await runExperiment(capacityExperiment, given, { record });
    const sessions = (mode: CapacityMode, target: string): number => {
      const row = first.rows.find((one) => one.what === 'sessions' && one.mode === mode && one.target === target);
      return row?.what === 'sessions' ? row.sessions : Number.NaN;
    };
    // The edge alone: 63.4 + 2.46 n <= 1.5 * 65.86, apart from the jitter of the steps and free places between answers.
    expect(sessions('ar', '1.5 steps')).toBeGreaterThanOrEqual(13);
    expect(sessions('ar', '1.5 steps')).toBeLessThanOrEqual(15);
    expect(sessions('ar', '40 ms')).toBe(0);
    for (const target of ['1.25 steps', '1.5 steps'])
      expect(sessions('stream', target)).toBeGreaterThan(sessions('ar', target));
    expect(first.summary['sessionsStreamOverAr']).toBeCloseTo(
      sessions('stream', '1.5 steps') / sessions('ar', '1.5 steps'),
    );
    expect(first.summary['joulesStreamOverAr']).toBeLessThan(1);
    expect(first.summary).not.toHaveProperty('wallOverVirtual');
    const lines = readFileSync(record, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(1 + capacityModes.length);
    const again = await runExperiment(capacityExperiment, given, { record });
    expect(again.rows).toEqual(first.rows);
    await expect(runExperiment(capacityExperiment, { ...given, draftMs: 20 }, { record })).rejects.toThrow('draftMs');
    const spec = JSON.stringify(capacityExperiment.figure?.(first.rows, {}));
    expect(spec).toContain('edge-70b-a6000');
  });

  it('refuses answers that are all too short', async () => {
    const short = join(folder, 'short.trace');
    const builder = new TraceSessionBuilder();
    builder.addRight(64_000);
    const session = builder.build({ id: 'a', task: 'a', prompt: [5], answer: [2] });
    writeFileSync(short, writeTrace({ header: madeUpHeader(), sessions: [session] }));
    const asked = runExperiment(capacityExperiment, { clock: 'virtual', drafts: short, workers: 1 });
    await expect(asked).rejects.toThrow(/16 tokens/);
  });
});

describe('several edges', () => {
  it('hold all their places evenly spread, and fewer devices by the strongest signal', async () => {
    const [even, strongest] = [await edgesRow('ar', 10, 4, 'even'), await edgesRow('ar', 10, 4, 'max-sinr')];
    expect(even).toMatchObject({ devices: 40, used: 1 });
    expect(strongest.devices).toBeLessThan(40);
    expect(strongest.devices).toBeGreaterThan(10);
    expect((await edgesRow('ar', 10, 1, 'max-sinr')).devices).toBe(10);
  });
});
