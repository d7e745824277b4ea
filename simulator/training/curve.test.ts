// Convergence of training, and the content of the replay buffer.

import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/basics/philox.ts';
import { rewardFactor } from './batch.ts';
import { type CurvePoint, fitSlope, hasPlateau, studentQuantile } from './curve.ts';
import { createReplay, drawRows } from './replay.ts';

const pointsOf = (reward: (at: number) => number): CurvePoint[] =>
  Array.from({ length: 36 }, (_, at) => ({
    slots: 100 * at,
    updates: 50 * at,
    minutes: at,
    reward: reward(at),
    trainingReward: null,
    criticLoss: null,
    alpha: null,
    entropy: null,
  }));

describe('learning curves', () => {
  it('fit a line with its interval', () => {
    // y = 2x + noise; R: summary(lm(y ~ x)) gives slope 1.99 and standard error 0.0351188.
    const found = fitSlope([1, 2, 3, 4, 5], [2.1, 3.9, 6.2, 7.8, 10.1]);
    expect(found?.slope).toBeCloseTo(1.99, 10);
    expect((found?.half ?? 0) / studentQuantile(3)).toBeCloseTo(0.0597215, 5);
  });

  it('count neighbouring points as fewer than independent ones', () => {
    const bump = [0, 1, 2, 3, 3, 2, 1, 0, 0, 0];
    const mixed = [0, 3, 0, 2, 1, 3, 0, 2, 0, 1];
    const x = bump.map((_, at) => at);
    expect(fitSlope(x, bump)?.half).toBeGreaterThan(1.5 * (fitSlope(x, mixed)?.half ?? Number.NaN));
  });

  it('contain the slope in nine intervals of ten where half of each deviation persists', () => {
    const { normal } = createRandom(1);
    const x = Array.from({ length: 12 }, (_, at) => at);
    let held = 0;
    for (let run = 0; run < 2000; run++) {
      let deviation = normal();
      const y = x.map(() => {
        const now = deviation;
        deviation = 0.5 * deviation + Math.sqrt(0.75) * normal();
        return now;
      });
      const { slope, half } = fitSlope(x, y) ?? { slope: Number.NaN, half: Number.NaN };
      if (Math.abs(slope) <= half) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.88);
    expect(held / 2000).toBeLessThan(0.95);
  });

  it("know the quantiles of Student's t", () => {
    for (const [degrees, wanted] of [
      [1, 12.706],
      [2, 4.303],
      [3, 3.182],
      [5, 2.571],
      [10, 2.228],
      [30, 2.042],
    ] as const)
      expect(Math.abs(studentQuantile(degrees) / wanted - 1)).toBeLessThan(0.01);
  });

  it('are level at the end or not', () => {
    const wobble = (at: number): number => (at % 2 === 0 ? 0.01 : -0.01);
    const rising = pointsOf((at) => at + wobble(at));
    const level = pointsOf((at) => Math.min(at, 12) + wobble(at));
    expect(hasPlateau(rising, 35, 0.1)).toBe(false);
    expect(hasPlateau(level, 12, 0.1)).toBe(true);
    expect(hasPlateau(level, 12, 4.1)).toBe(false);
    expect(hasPlateau(level.slice(0, 6), 12, 0.1)).toBe(false);
  });
});

describe('the replay buffer', () => {
  it("has one unit for slots that add up, and each slot's own for others", () => {
    const replay = createReplay(2, 1, 1);
    const [costs, randoms] = [
      [300, 40],
      [1000, 100],
    ] as const;
    replay.arrays.reward.set(costs.map((cost, row) => -cost / (randoms[row] as number)));
    replay.arrays.lnRandom.set(randoms.map(Math.log));
    const rewards = { reward: 0.5, costMs: 200, lnRandomCentre: 0, lnRandomDeviation: 1 };
    const scaled = (addsUp: boolean) =>
      [0, 1].map((row) => (replay.arrays.reward[row] as number) * rewardFactor(replay, row, rewards, addsUp));
    expect(scaled(false).map((one) => Math.round(1e4 * one) / 1e4)).toEqual([-0.6, -0.8]);
    expect(scaled(true).map((one) => Math.round(1e4 * one) / 1e4)).toEqual([-1.5, -0.2]);
  });

  it('draws every row but the newest, in a ring', () => {
    const replay = createReplay(5, 1, 1);
    Object.assign(replay, { count: 3, next: 3 });
    const uniform = createRandom(1).uniform;
    expect(new Set(drawRows(replay, 200, uniform, false))).toEqual(new Set([0, 1]));
    Object.assign(replay, { count: 5, next: 2 });
    expect(new Set(drawRows(replay, 200, uniform, false))).toEqual(new Set([2, 3, 4, 0]));
    replay.arrays.isLast[3] = 1;
    expect(new Set(drawRows(replay, 200, uniform, true))).toEqual(new Set([2, 4, 0]));
  });
});
