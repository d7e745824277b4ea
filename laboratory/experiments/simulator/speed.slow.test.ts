import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { timeMobileEnv } from './mobile-env.ts';
import { simulatorExperiment } from './speed.ts';

it('times both worlds, and says why mobile-env was left out', async () => {
  const { rows, summary } = await runExperiment(simulatorExperiment, {
    repeatMs: 10,
    repeats: 1,
    mobileEnv: false,
  });
  expect(rows).toHaveLength(5);
  expect(summary['tokenRealtimeFactor']).toBeGreaterThan(0);
  expect(summary['tokenRealtimeFactorDuty5']).toBeGreaterThan(summary['tokenRealtimeFactor'] as number);
  expect(summary['slotsPerSecondPaper']).toBeGreaterThan(summary['slotsPerSecondLarge'] as number);
  const none = { mobileEnvStepsPerSecond: null, slotsPaperOverMobileEnv: null, tokenRealtimeFactorScaled: null };
  expect(summary).toMatchObject({ ...none, mobileEnvSkipped: 'it was not asked for' });
});

it('gives slots and tokens beside the steps of mobile-env', () => {
  const token = { realtimeFactor: 4, tokensPerSecond: 100, eventsPerToken: 2, nanosecondsPerEvent: 5000 };
  const mobileEnv = { stepsPerSecond: 50, skipped: '' };
  const found = { paper: 26_000, large: 1000, always: token, seldom: token, mobileEnv };
  const { summary } = simulatorExperiment.conclude(found, { repeats: 1, repeatMs: 10, mobileEnv: true });
  expect(summary).toMatchObject({
    slotsPaperOverMobileEnv: 520,
    tokenRealtimeFactor: 4,
    tokenRealtimeFactorScaled: (4 * 22) / 50,
  });
});

it('goes without mobile-env where there is no Python', async () => {
  const { PATH, OUTRIDER_CACHE } = process.env;
  process.env['PATH'] = '/nowhere';
  process.env['OUTRIDER_CACHE'] = '/nowhere/cache';
  try {
    const result = await timeMobileEnv(1, 1);
    expect(result.stepsPerSecond).toBeNull();
    expect(result.skipped).not.toBe('');
  } finally {
    process.env['PATH'] = PATH;
    if (OUTRIDER_CACHE === undefined) delete process.env['OUTRIDER_CACHE'];
    else process.env['OUTRIDER_CACHE'] = OUTRIDER_CACHE;
  }
});
