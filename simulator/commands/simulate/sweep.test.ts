import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { runExperiment } from '../../runner/run.ts';
import { experimentCommand } from '../../runner/run-experiment.ts';
import type { SimulationSummary } from '../../simulation/simulate.ts';
import { simulateExperiment } from './simulate.ts';
import { type SweepRow, sweepRecords, sweepRows, sweepSummary, sweepTable } from './sweep.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-sweep-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (policy: string, seed: number, figures: object) => ({
  policy,
  seed,
  summary: figures as unknown as SimulationSummary,
});

describe('a sweep', () => {
  it('gives means over seeds, and ratios of the same seeds to the first policy', () => {
    const rows = sweepRows([
      run('a', 1, { objective: 10, energyJMean: 0, latencyMsP95: null }),
      run('a', 2, { objective: 30, energyJMean: 0, latencyMsP95: 4 }),
      run('b', 1, { objective: 5, energyJMean: 1, latencyMsP95: 8 }),
      run('b', 2, { objective: 15, energyJMean: 1, latencyMsP95: 2 }),
    ]);
    const of = (policy: string, figure: string): SweepRow | undefined =>
      rows.find((row) => row.policy === policy && row.figure === figure);
    expect(of('a', 'objective')).toMatchObject({ mean: 20, meanLow: 10, meanHigh: 30, vsFirst: 1, seeds: 2 });
    // Half in every seed: paired seeds leave the ratio no width, though the means have one.
    expect(of('b', 'objective')).toMatchObject({ mean: 10, vsFirst: 0.5, vsFirstLow: 0.5, vsFirstHigh: 0.5 });
    expect(of('b', 'energyJMean')).toMatchObject({ mean: 1, vsFirst: null });
    // Only seed 2 has both.
    expect(of('b', 'latencyMsP95')).toMatchObject({ mean: 5, seeds: 2, vsFirst: 0.5 });
    expect(sweepSummary(rows, 2)).toMatchObject({ first: 'a', policies: 2, seeds: 2, bObjectiveVsFirst: 0.5 });
    expect(sweepRecords([run('a', 1, { objective: 10 }), run('b', 1, { tokens: 3 })])).toEqual([
      { policy: 'a', seed: 1, objective: 10, tokens: null },
      { policy: 'b', seed: 1, objective: null, tokens: 3 },
    ]);
  });

  it('ends in a table for people, which compares a single policy with what they have without a controller', async () => {
    const small = { scenario: 'street-canyon', set: ['devices.count=3'], slots: 4, seed: 7, policy: ['best'] };
    const { table, summary } = await runExperiment(simulateExperiment, { ...small, hasBaseline: true });
    expect(summary).toEqual((await runExperiment(simulateExperiment, small)).summary);
    expect(table?.few.length).toBeGreaterThan(5);
    expect(table?.few.length).toBeLessThan(15);
    expect(Object.keys(table?.few[0] ?? {})).toEqual(['figure', 'unit', 'max-sinr (baseline)', 'best', 'best is']);
    const headings = async (given: object) => {
      const whole = await runExperiment(simulateExperiment, { ...small, hasBaseline: true, ...given });
      return Object.keys(whole.table?.few[0] ?? {}).slice(2);
    };
    expect(await headings({ policy: [] })).toEqual(['greedy (baseline)', 'max-sinr', 'max-sinr is']);
    const token = await headings({ policy: ['max-sinr'], fidelity: 'token' });
    expect(token).toEqual(['max-sinr, edge alone (baseline)', 'max-sinr', 'max-sinr is']);
  });

  it('prints the table, with every line only on request', async () => {
    const words = ['--scenario', 'street-canyon', '--set', 'devices.count=3', '--slots', '2', '--policy', 'best'];
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const printed = async (...more: string[]): Promise<string> => {
      stdout.mockClear();
      await experimentCommand(simulateExperiment).parseAsync([...words, ...more], { from: 'user' });
      return stdout.mock.calls.map(([text]) => String(text)).join('');
    };
    const short = await printed();
    expect(short).toMatch(/^figure +unit +max-sinr \(baseline\) +best +best is\n/);
    expect(short).toMatch(/\ntime for each token, predicted +ms +[\d.]+ +[\d.]+ +(the same|better|worse)/);
    expect(short).toMatch(/\n\n\d+ more with --all; keys and exact values with --json\n$/);
    expect(short).not.toContain('MsMean');
    const long = await printed('--all');
    expect(long.split('\n').length).toBeGreaterThan(short.split('\n').length + 8);
    const lines = long.split('\n').slice(2, -2);
    expect(lines.filter((line) => /^\S+$/.test(line.split('  ')[0] ?? ''))).toEqual([expect.stringMatching(/^slots /)]);
    expect(JSON.parse(await printed('--json'))).toMatchObject({ summary: { slots: 2 }, params: { policy: 'best' } });
    vi.restoreAllMocks();
  });

  it('leaves the terms of the paper out of the short table where no policy minimises them', () => {
    const figures = { objective: 10, latencyMsMean: 21_650, mismatchMsMean: 7_617_000 };
    const words = (more: object): unknown[] =>
      sweepTable(sweepRows([run('a', 1, { ...figures, ...more })])).few.map((line) => Object.values(line)[0]);
    const latency = "latency of a task by the paper's equations";
    const penalty = 'penalty, lambda (D^MD - d/R)^2, of a task';
    expect(words({})).toEqual(['objective that policies minimise, for a slot', latency, penalty]);
    expect(words({ predictedMsPerTokenMean: 9 })).not.toContain(latency);
  });

  it('of simulate has the figures of its single runs, paired, writes a CSV, and is resumed by run', async () => {
    const [out, csv] = [join(root, 'sweep'), join(root, 'sweep.csv')];
    const sweep = {
      scenario: 'street-canyon',
      set: ['devices.count=3'],
      slots: 4,
      seed: 7,
      seeds: 2,
      policy: ['max-sinr', 'best', 'max-sinr'],
    };
    const whole = await runExperiment(simulateExperiment, { ...sweep, out, csv });
    const alone = await runExperiment(simulateExperiment, { ...sweep, policy: ['best'], seeds: 1, seed: 8 });
    const lines = readFileSync(csv, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    expect(lines.map(([policy, seed]) => [policy, seed])).toEqual([
      ['policy', 'seed'],
      ['max-sinr', '7'],
      ['max-sinr', '8'],
      ['best', '7'],
      ['best', '8'],
    ]);
    const column = lines[0]?.indexOf('objective') ?? -1;
    expect(Number(lines[4]?.[column])).toBe(alone.summary['objective']);
    expect(whole.summary).toMatchObject({ first: 'max-sinr', policies: 2, seeds: 2 });
    expect(whole.summary['bestObjectiveVsFirst']).toBeLessThan(1);
    expect(readdirSync(out).toSorted()).toEqual(['best-seed-7', 'best-seed-8', 'max-sinr-seed-7', 'max-sinr-seed-8']);
    // One run is lost: only that one is run again.
    rmSync(join(out, 'best-seed-8'), { recursive: true });
    const again = await runExperiment(simulateExperiment, { ...sweep, out, resume: true });
    expect(again.rows).toEqual(whole.rows);
    expect(again.remarks?.[0]).toMatch(/^4 slots in/);
    expect(existsSync(join(out, 'best-seed-8', 'summary.json'))).toBe(true);
    const other = runExperiment(simulateExperiment, { ...sweep, out, slots: 5, resume: true });
    await expect(other).rejects.toThrow('was begun with other settings (slots)');
  });
});
