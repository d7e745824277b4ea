import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { presetNames } from '../../../simulator/scenario/presets.ts';
import type { SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import type { SessionRecord } from '../../../simulator/simulation/token-device.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { associateByMaxSinr } from '../../../src/allocation/policies/simple-association.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { createDeviceTimes } from './device-times.ts';
import { feltExperiment } from './felt.ts';
import { bestFelt, feltModes, fillShares, isPlayed, payloadLaws, simpleRules } from './felt-cells.ts';
import { policyRows, rankRows, summariseFelt } from './felt-rows.ts';
import type { FeltRun } from './felt-run.ts';
import { feltFigure } from './figures.ts';
import { feltGaps, isBound, solveSmallSlot } from './gaps.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-felt-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function runOf(policy: string, seed: number, figures: Partial<FeltRun>): FeltRun {
  return {
    preset: 'paper',
    law: null,
    policy,
    mode: 'stream',
    seed,
    tokensPerSecond: 100,
    msPerToken: 10,
    msPerTokenP95: 20,
    firstTokenMs: 50,
    tokenlessDevices: 0,
    paperCostMs: { q16: 1, ids: 1 },
    feltCostMs: 1,
    predictedMsPerToken: 10,
    errors: [0.1, -0.3],
    gaps: [],
    unservedShare: 0,
    joulesPerToken: 1,
    draftsPerToken: 2,
    ...figures,
  };
}

const inPaper = payloadLaws.map((law) => ({ preset: 'paper', law }));
const world = { devices: Int32Array.of(0, 1) };

function slot(index: number): SlotOutcome {
  return { state: { slot: index, deviceCount: 2 } as SlotState, world } as unknown as SlotOutcome;
}

describe('what a device feels', () => {
  const answer = (startMs: number, firstTokenMs: number, endMs: number, answerTokens: number): SessionRecord =>
    ({ device: 0, startMs, firstTokenMs, endMs, answerTokens }) as SessionRecord;

  it('counts time without tokens: of a device that waits, and of an answer that the run cuts off', () => {
    const times = createDeviceTimes(2, 500, true, 0);
    // Predicted: a token in 10 ms in the first slot, in 20 ms in the second.
    times.addSlot(slot(0), Float64Array.of(50, 0));
    times.addFirstToken(0, 40);
    times.addSession(answer(0, 40, 300, 20));
    times.addSlot(slot(1), Float64Array.of(25, 0));
    times.addFirstToken(0, 400);
    times.addSession(answer(300, 400, 800, 25));
    const figures = times.end([50, 0]);
    expect(figures.sessions).toEqual([
      { predictedMs: 10, feltMs: 15 },
      // 200 ms at 10 and 300 ms at 20 are 35 tokens.
      { predictedMs: 500 / 35, feltMs: 20 },
    ]);
    // 50 tokens in 1,000 ms; the other device waited 1,000 ms for none.
    expect(figures.msPerToken).toBe((20 + 1000) / 2);
    // Predicted: 75 tokens in 1,000 ms, and none.
    expect(figures.predictedMsPerToken).toBe((1000 / 75 + 1000) / 2);
    expect(figures.tokenlessDevices).toBe(1);
    expect(figures.tokensPerSecond).toBe(50);
    // 40, 100, and 1,000 so far; the answer that was cut off has had its first token.
    expect(figures.firstTokenMs).toBe(100);
  });

  it('of a device whose tasks come and go does not count the time between them', () => {
    const times = createDeviceTimes(2, 500, false, 0);
    times.addSlot(slot(0), Float64Array.of(50, 50));
    times.addSession(answer(0, 40, 200, 20));
    const idle = { ...slot(1), state: { slot: 1, deviceCount: 0 } } as unknown as SlotOutcome;
    times.addSlot(idle, new Float64Array(0));
    expect(times.end([20, 10]).msPerToken).toBe((10 + 100) / 2);
  });

  it('counts the first token of an answer that goes on at the end', () => {
    const times = createDeviceTimes(2, 500, true, 0);
    times.addSlot(slot(0), Float64Array.of(50, 50));
    times.addFirstToken(0, 70);
    times.addFirstToken(1, 90);
    expect(times.end([5, 3]).firstTokenMs).toBe(80);
  });

  it('without an answer has no time to the first token', () => {
    expect(createDeviceTimes(1, 500, false, 0).end([0]).firstTokenMs).toBeNull();
  });
});

describe('bench felt', () => {
  it('compares means of paired seeds, and the least of presets and laws', () => {
    const runs = [1, 2].flatMap((seed) => [
      runOf('max-sinr', seed, { tokensPerSecond: 100 * seed }),
      runOf('best', seed, { law: 'q16', tokensPerSecond: 150 * seed }),
      runOf('best', seed, { law: 'ids', tokensPerSecond: 50 * seed }),
      runOf('best, felt', seed, { tokensPerSecond: 120 * seed, msPerToken: 8, msPerTokenP95: 25, firstTokenMs: 60 }),
    ]);
    const names = ['max-sinr', 'best', 'best, felt'];
    const policies = policyRows(runs, inPaper, names);
    const felt = policies.find(({ policy, law }) => policy === 'best, felt' && law === 'q16');
    expect(felt).toMatchObject({
      tokensPerSecondOverMaxSinr: 1.2,
      tokensPerSecondOverMaxSinrLow: 1.2,
      msPerTokenOverMaxSinr: 0.8,
      predictionError: 0.2,
      answers: 4,
    });
    const summary = summariseFelt([...policies, ...rankRows(runs, inPaper, names)], runs, []);
    expect(summary['tokensPerSecondFeltOverMaxSinr']).toBe(1.2);
    expect(summary['tokensPerSecondFeltOverBestPaper']).toBeCloseTo(0.8, 12);
    expect(summary['msPerTokenFeltOverMaxSinrMean']).toBe(0.8);
    expect(summary['msPerTokenFeltOverMaxSinrP95']).toBe(1.25);
    expect(felt?.firstTokenMsOverMaxSinr).toBe(1.2);
    expect(summary['rankCorrelationProposals']).toBeNull();
    expect(summary['predictionErrorMedian']).toBe(0.2);
  });

  it('ranks policies by what an objective predicts, and takes the worst law', () => {
    const names = ['a', 'b', 'c'];
    const runs = names.map((name, index) =>
      runOf(name, 1, {
        msPerToken: 10 + index,
        predictedMsPerToken: index ** 2,
        feltCostMs: -index,
        paperCostMs: { q16: index, ids: -index },
      }),
    );
    const ranks = rankRows(runs, inPaper, names);
    const correlations = ranks.map((row) => [row.law, row.rankCorrelationPaper, row.rankCorrelationFelt]);
    expect(correlations).toEqual([
      ['q16', 1, 1],
      ['ids', -1, 1],
    ]);
    expect(ranks.map((row) => row.rankCorrelationFeltCost)).toEqual([-1, -1]);
    expect(ranks.map((row) => row.rankCorrelationHalves)).toEqual([null, null]);
    const second = names.map((name, index) => runOf(name, 2, { msPerToken: index === 0 ? 11.5 : 10 + index }));
    expect(rankRows([...runs, ...second], inPaper, names)[0]?.rankCorrelationHalves).toBe(0.5);
  });

  it('measures both fidelities of every policy, keeps its runs, and continues from them', async () => {
    const record = join(root, 'runs.jsonl');
    const policies = ['max-sinr', 'best', 'best, felt'];
    const options = {
      presets: ['street-canyon'],
      policies,
      seeds: 1,
      seconds: 1,
      smallSlots: 0,
      rankSlots: 0,
      workers: 1,
    };
    const first = await runExperiment(feltExperiment, options, { record });
    const rows = first.rows.filter((row) => row.what === 'policy');
    expect(rows.map(({ law, policy }) => `${law} ${policy}`)).toEqual(
      ['q16', 'ids'].flatMap((law) => policies.map((policy) => `${law} ${policy}`)),
    );
    for (const row of rows) expect(row.feltCostMs).toBeGreaterThan(0);
    // Under `felt` both laws are one run; under the paper's objective the band stays idle with ids.
    const of = (law: string, policy: string) => rows.find((row) => row.law === law && row.policy === policy);
    expect(of('q16', 'best, felt')?.tokensPerSecond).toBe(of('ids', 'best, felt')?.tokensPerSecond);
    expect(of('ids', 'best')?.tokensPerSecondOverMaxSinr).toBeLessThan(0.5);
    expect(JSON.stringify(feltFigure(first.rows))).toContain('best, felt');
    const [mode] = first.rows.filter((row) => row.what === 'mode');
    expect(mode).toMatchObject({
      preset: 'street-canyon',
      policy: 'max-sinr',
      seeds: 1,
      joulesPerTokenAr: expect.any(Number),
    });
    expect(mode?.draftsPerTokenStream).toBeGreaterThan(0);
    const lines = readFileSync(record, 'utf8').trimEnd().split('\n');
    // Two policies in all modes, and `best` under both laws.
    expect(lines).toHaveLength(1 + 2 * 3 + 2);
    writeFileSync(record, `${lines.slice(0, 3).join('\n')}\n`);
    const again = await runExperiment(feltExperiment, options, { record });
    expect(again.rows).toEqual(first.rows);
    const other = runExperiment(feltExperiment, { ...options, seconds: options.seconds + 1 }, { record });
    await expect(other).rejects.toThrow('simulatedSeconds');
  });

  it('plays simple rules in `auto`, too, and others in `stream` alone', () => {
    const modesOf = (policy: string) => feltModes.filter((mode) => isPlayed(policy, mode));
    expect(modesOf(bestFelt)).toEqual(['stream', 'ar', 'auto']);
    expect(modesOf(simpleRules[0] as string)).toEqual(['stream', 'auto']);
    expect(modesOf('tma')).toEqual(['stream']);
  });

  it('has goals for all presets and for drawn worlds, and none for some presets', () => {
    expect(feltExperiment.goals?.({ presets: presetNames })).toHaveProperty('firstTokenFeltOverMaxSinr', 1.05);
    expect(feltExperiment.goals?.({ presets: ['random-1-1'], count: 20 })).toHaveProperty('worldsAutoNoLess');
    expect(feltExperiment.goals?.({ presets: ['paper'] })).toEqual({});
  });

  it('bounds the cost of a decision in the slot that the policy saw, and apart in the slot as it was', () => {
    const objective = { kind: 'felt' } as const;
    const seen = syntheticSlot({ deviceCount: 8, serverCount: 3, seed: 1, objective });
    // Links have changed places since: the decision is good in the slot that it was made for alone.
    const { snr, gain } = syntheticSlot({ deviceCount: 8, serverCount: 3, seed: 2, objective });
    const assignment = shareOptimally(seen, associateByMaxSinr(seen));
    const same = feltGaps({ seen, state: seen, assignment });
    expect(same.actualGap).toBe(same.gap);
    const eligible = { ...seen, snr: snr.map((one) => Math.max(one, 0.4)), gain };
    const old = feltGaps({ seen, state: eligible, assignment });
    expect(old.gap).toBe(same.gap);
    expect(old.actualGap).not.toBe(old.gap);
  });

  it('gives out what shares leave, and solves small slots', () => {
    const server = Int32Array.of(0, 0, 1, -1);
    const shares = { bandwidthShare: Float64Array.of(0.1, 0.3, 0, 0), computeShare: Float64Array.of(0.5, 0.5, 0.2, 0) };
    const filled = fillShares({ deviceCount: 4, serverCount: 2 } as SlotState, { server, ...shares });
    expect([...filled.bandwidthShare]).toEqual([0.25, 0.75, 1, 0].map((share) => expect.closeTo(share, 12)));
    expect([...filled.computeShare]).toEqual([0.5, 0.5, 1, 0]);
    const solved = solveSmallSlot(4, 2, 1);
    expect(solved.bestMs).toBeGreaterThanOrEqual(solved.optimumMs * (1 - 1e-9));
    expect(isBound({ ...solved, boundMs: solved.optimumMs * 1.001 })).toBe(false);
    expect(isBound({ ...solved, boundMs: solved.optimumMs })).toBe(true);
  });
});
