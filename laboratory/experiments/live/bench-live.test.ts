import { expect, it } from 'vitest';
import { liveExperiment } from './bench-live.ts';
import type { Block, Gap, LiveFound } from './live-run.ts';

const gap = (overLimit: number, changes: Partial<Gap> = {}): Gap => ({
  overLimit,
  isHandover: true,
  isLost: false,
  ...changes,
});

function block(key: string, round: number, scale: number, changes: Partial<Block> = {}): Block {
  return {
    key,
    round,
    tokensPerSecond: 100 * scale,
    msPerToken: [50 / scale, 60 / scale],
    firstTokensMs: [400 / scale, 500 / scale],
    slotErrors: [-0.1, 0.2],
    paceErrors: [0.4],
    gaps: [gap(0.9), gap(3, { isLost: true }), gap(0.5, { isHandover: false })],
    lostPart: 0.01,
    ...changes,
  };
}

function found(blocks: readonly Block[], changes: Partial<LiveFound> = {}): LiveFound {
  const counts = { texts: 9, identical: 9, failed: 0, handovers: 4, pacedSteps: 1000, lateSteps: 1 };
  return { blocks, ...counts, busyMs: 5000, edgeMs: 10_000, tokens: 500, draftLateMsP95: 1, ...changes };
}

const options = { policies: ['max-sinr', 'max-compute', 'felt'] as const, profile: 'scenario' };
const conclude = (runs: readonly LiveFound[], changes: object = {}) =>
  liveExperiment.conclude(runs, { ...options, ...changes } as unknown as Parameters<typeof liveExperiment.conclude>[1]);

const turns = (scale: number): Block[] =>
  [0, 1].flatMap((round) => [
    block('MaxSinr', round, 1),
    block('MaxCompute', round, 1.5),
    block('Felt', round, scale, { slotErrors: [0.1, -0.3, 0.05] }),
  ]);

it('compares felt with Max-SINR over pairs of turns, in all runs and in each', () => {
  const { summary, rows } = conclude([found(turns(1.2)), found(turns(1.4))]);
  expect(summary['tokensPerSecondFeltOverMaxSinr']).toBeCloseTo(1.3);
  expect(summary['tokensPerSecondFeltOverMaxSinrLow']).toBeCloseTo(1.2);
  expect([summary['tokensPerSecondRun1'], summary['tokensPerSecondRun2']]).toEqual(
    [1.2, 1.4].map((value) => expect.closeTo(value)),
  );
  expect(summary['firstTokenFeltOverMaxSinr']).toBeLessThan(1);
  expect(summary['msPerTokenP95FeltOverMaxSinr']).toBeLessThan(1);
  expect(summary['predictionErrorMedian']).toBeCloseTo(0.1);
  expect(summary['paceErrorMedian']).toBeCloseTo(0.4);
  // Max-compute was quicker.
  expect(summary['msPerTokenFeltOverLeast']).toBeCloseTo((50 / 1.2 + 50 / 1.4) / 2 / (50 / 1.5));
  expect(rows.map(({ policy, blocks }) => [policy, blocks])).toEqual([
    ['max-sinr+equal', 4],
    ['max-compute+equal', 4],
    ['best', 4],
  ]);
});

it('leaves lost links out of stalls, and counts them', () => {
  const { summary, rows } = conclude([found(turns(1.2))]);
  expect([summary['stallOverLimitP95Felt'], summary['stallOverLimitP95'], summary['gapOverLimitP95']]).toEqual([
    0.9, 0.9, 0.5,
  ]);
  expect(rows[2]).toMatchObject({ handovers: 4, handoversOfLostLinks: 2, lostLinkPart: 0.01 });
});

it('is void where the machine was late, and fails for a text that differs', () => {
  const stateOf = (changes: Partial<LiveFound>) => {
    const { summary, passed } = conclude([found(turns(1.2)), found(turns(1.2), changes)]);
    return [summary['isVoid'], passed];
  };
  expect(stateOf({})).toEqual([false, true]);
  expect(stateOf({ lateSteps: 100 })).toEqual([true, true]);
  expect(stateOf({ draftLateMsP95: 6 })).toEqual([true, true]);
  expect(stateOf({ identical: 8 })).toEqual([false, false]);
  expect(stateOf({ failed: 1 })).toEqual([false, false]);
});

it('has goals for a world and for equal edges', () => {
  expect(liveExperiment.goals?.({ profile: 'scenario' })).toMatchObject({
    tokensPerSecondFeltOverMaxSinr: { atLeast: 1.15 },
  });
  expect(liveExperiment.goals?.({ profile: 'edge-70b-a6000' })).toMatchObject({ msPerTokenFeltOverLeast: 1.03 });
  const { summary } = conclude([found([block('Felt', 0, 1)])], { policies: ['felt'], profile: 'edge-70b-a6000' });
  expect(summary).toMatchObject({ msPerTokenFeltOverLeast: 1, joulesPerToken: 3.25 });
  expect('tokensPerSecondFeltOverMaxSinr' in summary).toBe(false);
});
