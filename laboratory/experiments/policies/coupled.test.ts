import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import type { FoundPolicy } from '../../../src/files/policy-file.ts';
import { coupledRow, summariseCoupled } from './cost-rows.ts';
import { coupledExperiment, overridesOf } from './coupled.ts';
import { coupledFigure } from './figures.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-coupled-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const blankRun = {
  coupling: 'all',
  costMsP95: 1,
  latencyMs: 1,
  serialMs: 1,
  energyJ: 1,
  queueMs: 0,
  handoversPer1000Tasks: 0,
  batteryOutShare: 0,
  decisionCpuMs: 0,
};

let asked = 0;
const policies = ['max-sinr', 'best'].map(
  (name): FoundPolicy => ({
    name,
    sha256: null,
    decide(state: Parameters<ReturnType<typeof createPolicy>>[0]) {
      asked++;
      return createPolicy(name)(state);
    },
  }),
);

describe('bench coupled', () => {
  it('compares with the same seeds, keeps its runs, and goes on from them', async () => {
    const record = join(root, 'runs.jsonl');
    const options = { usualPolicies: [], policies, seeds: 2, slots: 3, couplings: ['none', 'stale CSI'] };
    const first = await runExperiment(coupledExperiment, options, { record });
    expect(first.rows.map(({ coupling }) => coupling)).toEqual(['none', 'none', 'stale CSI', 'stale CSI']);
    for (const row of first.rows) {
      expect(row.seeds).toBe(2);
      expect(row.costMsLow).toBeLessThanOrEqual(row.costMs);
      expect(row.costMsHigh).toBeGreaterThanOrEqual(row.costMs);
      expect(row.costMsWorst).toBeGreaterThanOrEqual(row.costMsMean);
      expect(row.costVsBestWorst).toBeGreaterThanOrEqual(row.costVsBestP95);
      if (row.policy === 'best') expect([row.costVsBest, row.costMeanVsBest, row.costVsBestWorst]).toEqual([1, 1, 1]);
      else expect(row.costVsBest).toBeGreaterThan(1);
    }
    expect(first.summary['staleCSIMaxSinrVsBest']).toBeGreaterThan(1);
    expect(first.rows[0]?.costVsLookAhead).toBeNull();
    expect(first.summary).not.toHaveProperty('noneMaxSinrVsLookAhead');
    expect(asked).toBe(2 * 2 * 2 * 3);
    const lines = readFileSync(record, 'utf8').split('\n');
    writeFileSync(record, `${lines.slice(0, 5).join('\n')}\n${lines[5]?.slice(0, 20)}`);
    const again = await runExperiment(coupledExperiment, options, { record });
    expect(asked).toBe(2 * 2 * 2 * 3 * 2 - 4 * 3);
    const withoutTimes = (rows: typeof first.rows): object[] => rows.map((row) => ({ ...row, decisionCpuMs: 0 }));
    expect(withoutTimes(again.rows)).toEqual(withoutTimes(first.rows));
    // Another file of weights is another policy.
    const changed = policies.map((policy) => (policy.name === 'best' ? policy : { ...policy, sha256: 'another' }));
    const before = asked;
    await runExperiment(coupledExperiment, { ...options, policies: changed }, { record });
    expect(asked - before).toBe(2 * 2 * 3);
    const longer = runExperiment(coupledExperiment, { ...options, slots: 4 }, { record });
    await expect(longer).rejects.toThrow('was begun with other settings (slots)');
    expect(JSON.stringify(coupledFigure(first.rows))).toContain('stale CSI alone');
  });

  it('compares with what looks ahead where it is asked for', async () => {
    const both = ['max-sinr', 'look-ahead'].map((name) => ({ name, sha256: null, decide: createPolicy(name) }));
    const { rows, summary } = await runExperiment(coupledExperiment, {
      usualPolicies: [],
      policies: both,
      seeds: 2,
      slots: 2,
      couplings: ['all'],
    });
    expect(rows.map(({ costVsLookAhead }) => costVsLookAhead)).toEqual([expect.any(Number), 1]);
    expect(summary['allMaxSinrVsLookAhead']).toBe(rows[0]?.costVsLookAhead);
    expect(summary['allMaxSinrVsBest']).toBeNaN();
  });

  it('shows a worst seed that the interquartile mean hides', () => {
    const costs = [
      [10, 10, 10, 10, 10, 10, 10, 3000],
      [10, 10, 10, 10, 10, 10, 10, 10],
    ];
    const runs = ['bad', 'best'].flatMap((policy, which) =>
      (costs[which] as number[]).map((costMs, seed) => ({ ...blankRun, policy, seed, costMs })),
    );
    const row = coupledRow(runs, 'bad');
    expect(row.costVsBest).toBe(1);
    expect(row.costMeanVsBest).toBeCloseTo(3070 / 80, 12);
    expect([row.costVsBestWorst, row.costMsWorst]).toEqual([300, 3000]);
    expect(summariseCoupled([row])).toMatchObject({ allBadMeanVsBest: 3070 / 80, allBadVsBestWorst: 300 });
  });

  it('takes away all couplings but one', () => {
    const one = readPreset('coupled', overridesOf('handover'));
    expect(one.handover.kind).toBe('prefill');
    expect([one.queue.law.kind, one.devices.battery.drains, one.knowledge.gainAgeSlots]).toEqual(['none', false, 0]);
    expect(readPreset('coupled', overridesOf('none')).handover.kind).toBe('none');
    expect(readPreset('coupled', overridesOf('all'))).toEqual(readPreset('coupled'));
  });
});
