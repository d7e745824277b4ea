import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { natsServerPath } from '../../../simulator/files/nats-server.ts';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { recordTrial } from './record.ts';

const command = { words: ['trial', 'faults', '--runs', '150', '--digest'], hasDirectory: false };
const isThere = spawnSync(natsServerPath(), ['--version']).status === 0;

describe('trial record', () => {
  it.skipIf(!isThere)('ends with one digest', { timeout: 240_000 }, async () => {
    const { rows, summary, passed } = await runExperiment(recordTrial, { command });
    expect(summary).toMatchObject({ digests: 1, ended: 2, killed: 1, late: 0 });
    expect(summary['units']).toBeGreaterThan(2);
    expect(rows.map(({ digest }) => digest)).toEqual([
      summary['digestAlone'],
      null,
      summary['digestAlone'],
      summary['digestAlone'],
    ]);
    expect(passed).toBe(true);
  });

  const row = (process: string, digest: string | null, measured: number | null = null) => {
    return { process, digest, seconds: 1, measured, units: measured === null ? null : 20 };
  };
  const rows = [row('alone', 'a'), row('1 of 3', null), row('2 of 3', 'a', 9), row('3 of 3', 'a', 8)];
  const found = { rows, wasKilled: true, foundAtKill: 6, foundAtEnd: 20, late: 0 };
  const passedWith = (change: Partial<typeof found>): unknown =>
    recordTrial.conclude({ ...found, ...change }, { of: 'faults', command: null, processes: 3 }).passed;
  const others = (...last: ReturnType<typeof row>[]) => ({ rows: [...rows.slice(0, 2), ...last] });

  it('fails where digests differ, nothing was killed, or a process did not end', () => {
    expect(passedWith({})).toBe(true);
    expect(passedWith(others(row('2 of 3', 'b', 9), row('3 of 3', 'a', 8)))).toBe(false);
    expect(passedWith({ wasKilled: false })).toBe(false);
    expect(passedWith({ late: 1 })).toBe(false);
  });

  it('fails where nothing was shared', () => {
    const none = others(row('2 of 3', 'a', 0), row('3 of 3', 'a', 0));
    expect(passedWith({ foundAtKill: 0, foundAtEnd: 0, ...none })).toBe(false);
    // Each has measured all.
    expect(passedWith(others(row('2 of 3', 'a', 20), row('3 of 3', 'a', 20)))).toBe(false);
    expect(passedWith(others(row('2 of 3', 'a', 20), row('3 of 3', 'a', 2)))).toBe(false);
    // Most were measured twice, or some by none of these.
    expect(passedWith(others(row('2 of 3', 'a', 18), row('3 of 3', 'a', 18)))).toBe(false);
    expect(passedWith(others(row('2 of 3', 'a', 9), row('3 of 3', 'a', 3)))).toBe(false);
    // The store has other units than they say.
    expect(passedWith({ foundAtEnd: 19 })).toBe(false);
  });
});
