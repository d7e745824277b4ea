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
    expect(summary).toMatchObject({ digests: 1, ended: 2, killed: 1 });
    expect(rows.map(({ digest }) => digest)).toEqual([
      summary['digestAlone'],
      null,
      summary['digestAlone'],
      summary['digestAlone'],
    ]);
    expect(passed).toBe(true);
  });

  it('fails where digests differ, or nothing was killed', () => {
    const row = (process: string, digest: string | null) => ({ process, digest, seconds: 1 });
    const passedWith = (digest: string, wasKilled = true): unknown =>
      recordTrial.conclude(
        { rows: [row('alone', 'a'), row('1 of 2', null), row('2 of 2', digest)], wasKilled },
        { of: 'faults', command: null, processes: 2 },
      ).passed;
    expect([passedWith('a'), passedWith('b'), passedWith('a', false)]).toEqual([true, false, false]);
  });
});
