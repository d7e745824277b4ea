import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import { StalledError, stallLimitMs, watchEngine, withinTime } from './engine-watch.ts';

describe('the time after which a step counts as stalled', () => {
  it('is fifty times what it should take, and never less than the setting', () => {
    expect(stallLimitMs(10, 60_000)).toBe(60_000);
    expect(stallLimitMs(2000, 60_000)).toBe(100_000);
    expect(stallLimitMs(Number.POSITIVE_INFINITY, 60_000)).toBe(60_000);
    expect(stallLimitMs(Number.NaN, 60_000)).toBe(60_000);
  });
});

describe('a watched step', () => {
  it('is reported once, when the time is over', () => {
    const clock = createManualClock();
    let reports = 0;
    watchEngine(clock, 1000, () => reports++);
    clock.moveTo(990);
    expect(reports).toBe(0);
    clock.moveTo(1000);
    expect(reports).toBe(1);
    clock.moveTo(5000);
    expect([reports, clock.pendingCount]).toEqual([1, 0]);
  });

  it('leaves no timer when it returns in time', () => {
    const clock = createManualClock();
    const stop = watchEngine(clock, 1000, () => expect.unreachable());
    clock.moveTo(650);
    stop();
    expect(clock.pendingCount).toBe(0);
  });
});

describe('work within a time', () => {
  it('gives its value, or its error', async () => {
    const clock = createManualClock();
    expect(await withinTime(clock, 1000, Promise.resolve(7), 'it')).toBe(7);
    await expect(withinTime(clock, 1000, Promise.reject(new Error('no')), 'it')).rejects.toThrow('no');
    await Promise.resolve();
    expect(clock.pendingCount).toBe(0);
  });

  it('is given up after the time', async () => {
    const clock = createManualClock();
    const late = withinTime(clock, 1000, new Promise(() => {}), 'the engine');
    clock.moveTo(1000);
    await expect(late).rejects.toThrow(StalledError);
    await expect(late).rejects.toThrow('the engine has not returned in 1000 ms');
  });
});
