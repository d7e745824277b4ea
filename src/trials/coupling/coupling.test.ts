import { describe, expect, it } from 'vitest';
import { chooseToken } from '../../decoding/choose-token.ts';
import { trialCoupling } from './coupling.ts';
import { chiSquare, combinedP } from './distribution.ts';

const options = { draws: 26_000, seed: 5 };

describe('trialCoupling', () => {
  it('finds the promises kept, in rows of one shape', async () => {
    const steps: [number, number][] = [];
    const { rows, summary } = await trialCoupling({ ...options, progress: (done, total) => steps.push([done, total]) });
    expect(summary.promiseHeld).toBe(true);
    expect(summary.draws).toBe(26_000);
    expect(summary.acceptanceBound).toBeLessThan(summary.acceptanceMean);
    expect(summary.acceptanceMean).toBeLessThan(summary.acceptanceBest);
    expect(new Set(rows.map((row) => Object.keys(row).join())).size).toBe(1);
    expect(rows.find((row) => row.case === 'the same model')?.acceptance).toBe(1);
    expect(steps.map(([done]) => done)).toEqual(steps.map((_, index) => index + 1));
    expect(steps.at(-1)?.[1]).toBe(steps.length);
  });

  it('repeats itself', async () => {
    const small = { draws: 2000, seed: 9 };
    expect(await trialCoupling(small)).toEqual(await trialCoupling(small));
    expect((await trialCoupling({ ...small, seed: 10 })).summary.chiSquareP).not.toBe(
      (await trialCoupling(small)).summary.chiSquareP,
    );
  });

  it('stops when asked to', async () => {
    await expect(trialCoupling({ ...options, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });

  it('catches a choice at another temperature', async () => {
    const { summary } = await trialCoupling(options, (candidates, sampling, counts, position) =>
      chooseToken(candidates, { ...sampling, temperature: sampling.temperature * 1.1 }, counts, position),
    );
    expect(summary.promiseHeld).toBe(false);
  });

  it('catches noise that neighbouring positions share', async () => {
    const { summary } = await trialCoupling(options, (candidates, sampling, counts, position) =>
      chooseToken(candidates, sampling, counts, position >> 1),
    );
    expect(summary.promiseHeld).toBe(false);
  });

  it('catches a choice outside the distribution', async () => {
    const { summary } = await trialCoupling(options, (candidates, sampling, counts, position) =>
      chooseToken(candidates, { ...sampling, topP: 1, topK: 0, minP: 0 }, counts, position),
    );
    expect(summary.chiSquareP).toBe(0);
    expect(summary.promiseHeld).toBe(false);
  });

  it('catches dice that are not shared', async () => {
    let call = 0;
    const { summary } = await trialCoupling(options, (candidates, sampling, counts, position) =>
      chooseToken(candidates, { ...sampling, seed: sampling.seed ^ BigInt(call++ & 1) }, counts, position),
    );
    expect(summary.promiseHeld).toBe(false);
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
