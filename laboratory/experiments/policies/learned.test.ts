// The rows of `bench learned` from hand-made runs, and the bench with drawn weights: what it finds, compares and refuses.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resultFile, runFolder, weightsFile } from '../../../simulator/commands/train/recipes.ts';
import { writeActor } from '../../../simulator/policies/learned/actor-file.ts';
import { drawActor } from '../../../simulator/policies/learned/learned-actor.fixture.ts';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { concludeLearned } from './cost-rows.ts';
import { learnedExperiment } from './learned.ts';
import type { CostRun } from './slot-costs.ts';

const blank = {
  coupling: 'coupled',
  costMsP95: 1,
  latencyMs: 1,
  serialMs: 1,
  energyJ: 1,
  queueMs: 0,
  handoversPer1000Tasks: 0,
  batteryOutShare: 0,
  decisionCpuMs: 0,
};

function runsOf(policy: string, table: readonly (readonly number[])[], isTrained = true): CostRun[] {
  return table.flatMap((row, index) =>
    row.map((costMs, seed) => ({ ...blank, policy, trainingSeed: isTrained ? index + 1 : null, seed, costMs })),
  );
}

const best = runsOf('best', [[10, 20, 10, 10]], false);

describe('the rows of bench learned', () => {
  it('hold seeds, mean and tail', () => {
    const device = runsOf('coupled-association-device', [
      [10, 20, 10, 10],
      [20, 40, 20, 2000],
    ]);
    const { rows, summary } = concludeLearned([...best, ...device]);
    expect(rows[0]).toMatchObject({ label: 'best', trainingSeeds: 0, costVsBest: 1, costVsBestWorst: 1 });
    expect(rows[1]).toMatchObject({
      trainingSeeds: 2,
      worlds: 4,
      costVsBest: 1.5,
      costVsBestBySeed: [1, 2],
      costVsBestBestSeed: 1,
      costVsBestWorstSeed: 2,
      costVsBestWorst: 200,
      costMsMean: 266.25,
    });
    expect(rows[1]?.costMeanVsBest).toBeCloseTo(266.25 / 12.5, 9);
    expect(rows[1]?.costVsBestLow).toBe(1);
    expect(summary).toMatchObject({ coupledAssociationDeviceVsBest: 1.5, coupledAssociationDeviceSeeds: 2 });
  });

  it('compare credits by the training seeds that both have', () => {
    const device = runsOf('coupled-association-device', [[10, 20, 10, 10]]);
    const team = runsOf('coupled-association-team', [
      [20, 40, 20, 20],
      [1, 1, 1, 1],
    ]);
    const { summary } = concludeLearned([...best, ...device, ...team]);
    expect(summary).toMatchObject({ coupledAssociationDeviceOverTeam: 0.5, coupledAssociationDeviceOverTeamSeeds: 1 });
  });

  it('compare the training seeds of recipes by their ranks, not those of other roundings', () => {
    const seedsOf = (policy: string, costs: readonly number[]): CostRun[] => {
      const table = costs.map((cost) => [cost, 2 * cost, cost, cost]);
      return runsOf(policy, table);
    };
    const { summary } = concludeLearned([
      ...best,
      ...seedsOf('paper-shares-device', [10, 11, 12]),
      ...seedsOf('paper-shares-device, argmax', [10, 11, 12]),
      ...seedsOf('paper-shares-flat', [13, 14, 15]),
    ]);
    const tests = Object.entries(summary).filter(([key]) => key.endsWith('RankSumP'));
    expect(tests).toEqual([['paperSharesFlatVsPaperSharesDeviceRankSumP', expect.closeTo(0.1, 9)]]);
  });
});

it('compares both latencies with Max-SINR where that was played', () => {
  const timed = (policy: string, latencyMs: number, serialMs: number, isTrained: boolean): CostRun[] =>
    runsOf(policy, [[10, 20, 10, 10]], isTrained).map((run) => ({ ...run, latencyMs, serialMs }));
  const learned = timed('paper-shares-device', 90, 240, true);
  const { rows, summary } = concludeLearned([...best, ...timed('max-sinr+equal', 100, 80, false), ...learned]);
  expect(rows.at(-1)).toMatchObject({ latencyMs: 90, serialMs: 240, latencyVsMaxSinr: 0.9, serialVsMaxSinrHigh: 3 });
  expect(summary).toMatchObject({ paperSharesDeviceLatencyVsMaxSinr: 0.9, paperSharesDeviceSerialVsMaxSinr: 3 });
  const alone = concludeLearned([...best, ...learned]);
  expect(alone.rows.at(-1)?.serialVsMaxSinr).toBeNull();
  expect(alone.summary).not.toHaveProperty('paperSharesDeviceLatencyVsMaxSinr');
});

it('counts the training seeds that cost less than the best simple rule, with a sign test', () => {
  const learned = runsOf('paper-felt-association-device', [
    [11, 22, 11, 11],
    [12, 24, 12, 12],
    [14, 28, 14, 14],
  ]);
  const simple = ['max-sinr+optimal', 'random+optimal'].flatMap((rule, index) =>
    runsOf(rule, [[13 + index, 26 + index, 13 + index, 13 + index]], false),
  );
  const { summary } = concludeLearned([...best, ...learned, ...simple]);
  expect(summary).toMatchObject({
    coupledLeastSimpleVsBest: 1.3,
    paperFeltAssociationDeviceSeedsBelowSimple: 2,
    paperFeltAssociationDeviceSeedsBelowSimpleP: 4 / 8,
  });
  expect(concludeLearned([...best, ...learned]).summary).not.toHaveProperty('coupledLeastSimpleVsBest');
});

describe('bench learned', () => {
  const root = mkdtempSync(join(tmpdir(), 'outrider-learned-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const small = { weights: root, at: 7, worlds: 1, slots: 2 };

  it('refuses a directory without weights of this budget, and unknown recipes', async () => {
    await expect(runExperiment(learnedExperiment, small)).rejects.toThrow('has no weights after 7 slots');
    await expect(runExperiment(learnedExperiment, { ...small, recipes: ['none'] })).rejects.toThrow('no recipe "none"');
  });

  it('runs each training seed with each rounding, beside what was not learned', async () => {
    for (const seed of [1, 2]) {
      const folder = join(root, runFolder('coupled-association-device', seed));
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, weightsFile(7)), writeActor(drawActor('pairs', 'association', seed), {}));
      writeFileSync(join(folder, resultFile(7)), JSON.stringify({ summary: { updates: 1 } }));
    }
    const { rows, summary } = await runExperiment(learnedExperiment, small);
    const labels = rows.map(({ label }) => label);
    expect(labels.slice(0, 4)).toEqual(['best', 'best-margin', 'look-ahead', 'masac-association@coupled']);
    expect(labels.slice(4)).toEqual([
      'SNR, rounded',
      'rate times speed, rounded',
      'coupled-association-device',
      'coupled-association-device, argmax',
      'coupled-association-device, sampled',
    ]);
    expect(rows.at(-1)).toMatchObject({ trainingSeeds: 2, worlds: 1 });
    expect(summary['coupledAssociationDeviceSeeds']).toBe(2);
  }, 60_000);
});
