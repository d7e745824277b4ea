import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { couplingTrial } from './coupling.ts';
import { type Choose, chiSquare, combinedP } from './distribution.ts';

const options = { draws: 26_000, seed: 5 };
const trial = (choose?: Choose) => runExperiment(couplingTrial, { ...options, choose });

describe('trialCoupling', () => {
  it('finds the promises kept, in rows of one shape', async () => {
    const steps: [string, number, number][] = [];
    const { rows, summary, passed } = await runExperiment(couplingTrial, options, {
      onProgress: (...step) => steps.push(step),
    });
    expect(passed).toBe(true);
    expect(summary.draws).toBe(26_000);
    expect(summary.acceptanceBound).toBeLessThan(summary.acceptanceMean);
    expect(summary.acceptanceMean).toBeLessThan(summary.acceptanceBest);
    expect(new Set(rows.map((row) => Object.keys(row).join())).size).toBe(1);
    expect(rows.find((row) => row.case === 'the same model')?.acceptance).toBe(1);
    for (const part of ['distributions', 'acceptance']) {
      const ofPart = steps.filter(([stage]) => stage === part);
      expect(ofPart.map(([, done]) => done)).toEqual(ofPart.map((_, index) => index));
      expect(ofPart.at(-1)?.[2]).toBe(ofPart.length - 1);
    }
  });

  it('repeats itself', async () => {
    const small = { draws: 2000, seed: 9 };
    const first = await runExperiment(couplingTrial, small);
    expect(await runExperiment(couplingTrial, small)).toEqual(first);
    const other = await runExperiment(couplingTrial, { ...small, seed: 10 });
    expect(other.summary.chiSquareP).not.toBe(first.summary.chiSquareP);
  });

  it('stops when asked to', async () => {
    const stopped = runExperiment(couplingTrial, options, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('catches a choice at another temperature', async () => {
    const { passed } = await trial((candidates, sampling, counts, position) =>
      chooseToken(candidates, { ...sampling, temperature: sampling.temperature * 1.1 }, counts, position),
    );
    expect(passed).toBe(false);
  });

  it('catches noise that neighbouring positions share', async () => {
    const { passed } = await trial((candidates, sampling, counts, position) =>
      chooseToken(candidates, sampling, counts, position >> 1),
    );
    expect(passed).toBe(false);
  });

  it('catches a choice outside the distribution', async () => {
    const { summary, passed } = await trial((candidates, sampling, counts, position) =>
      chooseToken(candidates, { ...sampling, topP: 1, topK: 0, minP: 0 }, counts, position),
    );
    expect(summary.chiSquareP).toBe(0);
    expect(passed).toBe(false);
  });

  it('catches dice that are not shared', async () => {
    let call = 0;
    const { summary, passed } = await trial((candidates, sampling, counts, position) =>
      chooseToken(candidates, { ...sampling, seed: sampling.seed ^ BigInt(call++ & 1) }, counts, position),
    );
    expect(passed).toBe(false);
    expect(summary.acceptanceMean).toBeLessThan(summary.acceptanceBound);
  });
});

describe('chiSquare', () => {
  const expected = new Map([
    ['a', 0.5],
    ['b', 0.49],
    ['c', 0.005],
    ['d', 0.005],
  ]);

  it('counts rare cells as one', () => {
    const observed = new Map([
      ['a', 510],
      ['b', 480],
      ['c', 10],
    ]);
    const { statistic, degreesOfFreedom } = chiSquare(observed, expected, 1000);
    expect(statistic).toBeCloseTo(100 / 500 + 100 / 490, 12);
    expect(degreesOfFreedom).toBe(2);
  });

  it('is infinite for a draw that may not happen', () => {
    const result = chiSquare(new Map([['e', 1]]), expected, 1);
    expect(result.statistic).toBe(Number.POSITIVE_INFINITY);
    expect(combinedP([result, { statistic: 1, degreesOfFreedom: 1 }])).toBe(0);
  });
});
