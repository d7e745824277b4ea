import { describe, expect, it } from 'vitest';
import { type CaseFound, linkBitsPerSecond, type ShareCase, shareCases } from './cases.ts';
import { sharesTrial } from './shares.ts';

const seconds = 1;

function found(amounts: readonly number[], changes: Partial<CaseFound> & { readonly rows?: number } = {}): CaseFound {
  const { rows = 1600, ...rest } = changes;
  const devices = amounts.map((amount) => ({ tokens: amount, downBytes: amount, upBytes: amount }));
  return { window: { ms: 1000, devices, steps: 100, rows }, wrongTexts: 0, lateSteps: 1, steps: 100, ...rest };
}

const compute: ShareCase = { name: 'two', resource: 'compute', shares: [3, 1], maxRows: 16 };
const up: ShareCase = { name: 'two', resource: 'uplink', shares: [1, 1], maxRows: 16 };
const idle: ShareCase = { name: 'idle', resource: 'downlink', shares: [3, 1], maxRows: 16, firstIsIdle: true };

const crowd: ShareCase = { ...compute, name: 'crowd', shares: [1, 1], crowd: { stepMs: 4, rowMs: 0.35 } };

describe('trial shares', () => {
  it('has cases for each resource, with two and five sessions, changes in flight and idle shares', () => {
    for (const resource of ['compute', 'downlink', 'uplink'] as const) {
      const own = shareCases.filter((one) => one.resource === resource && one.crowd === undefined);
      expect(new Set(own.map(({ shares }) => shares.length))).toEqual(new Set([2, 5]));
      expect(own.filter(({ before }) => before !== undefined)).toHaveLength(1);
      expect(own.filter(({ firstIsIdle }) => firstIsIdle)).toHaveLength(1);
    }
    expect(new Set(shareCases.map(({ resource, name }) => `${resource}: ${name}`)).size).toBe(shareCases.length);
  });

  it('compares parts with shares, and what is used with the whole', () => {
    const whole = linkBitsPerSecond / 8;
    const { rows, summary, passed } = sharesTrial.conclude(
      [found([1200, 400]), found([(whole / 2) * 1.02, (whole / 2) * 0.98]), found([0.01 * whole, 0.96 * whole])],
      { cases: [compute, up, idle], seconds },
    );
    expect(rows.map(({ part }) => Math.round(part * 100))).toEqual([75, 25, 51, 49, 1, 99]);
    expect(summary).toMatchObject({ computeShareError: 0, wrongTexts: 0, latePacedSteps: 0.01 });
    expect(summary.bandwidthShareError).toBeCloseTo(0.02);
    expect(summary.idleShareLost).toBeCloseTo(0.03);
    expect(passed).toBe(true);
    expect(new Set(rows.map((row) => Object.keys(row).join())).size).toBe(1);
  });

  it.each<[string, ShareCase, CaseFound]>([
    ['a share of the engine that is 6 % off', compute, found([1200 * 1.02, 400 * 0.94])],
    ['a share of a link that is 6 % off', up, found([1060, 940])],
    ['an idle share that no one gets', idle, found([0, linkBitsPerSecond / 8 / 4])],
    ['a reader whom a crowd slows to a third', crowd, found([30, 70], { firstAlone: 90 })],
    ['a crowd that does not get what a reader leaves', crowd, found([45, 55], { firstAlone: 90, rows: 1400 })],
    ["a text that is not the target's", compute, found([1200, 400], { wrongTexts: 1 })],
    ['nothing at all', compute, found([0, 0])],
  ])('does not pass %s', (_, one, what) => {
    expect(sharesTrial.conclude([what], { cases: [one], seconds }).passed).toBe(false);
  });

  it('compares a reader beside a crowd with the same alone, and the time of steps with all time', () => {
    const measured = found([45, 55], { firstAlone: 90, rows: 1700 });
    const { rows, summary, passed } = sharesTrial.conclude([measured], { cases: [crowd], seconds });
    expect(rows.map(({ timesAlone, error }) => [timesAlone, error])).toEqual([
      [2, null],
      [null, null],
    ]);
    expect(summary).toMatchObject({ besideCrowdWorst: 2, computeShareError: 0 });
    expect(summary.idleShareLost).toBeCloseTo(1 - 0.4 - 0.595);
    expect(passed).toBe(true);
  });

  it('counts rows that an idle share of the engine leaves unused', () => {
    const one: ShareCase = { ...compute, firstIsIdle: true };
    const { summary } = sharesTrial.conclude([found([100, 1300], { rows: 1400 })], { cases: [one], seconds });
    expect(summary.idleShareLost).toBeCloseTo(1 - 1400 / 1600);
    expect(summary.computeShareError).toBe(0);
  });
});
