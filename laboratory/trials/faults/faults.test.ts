import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { faultsTrial } from './faults.ts';
import { plantedBugs } from './planted-bugs.fixture.ts';

// On a busy machine their runs may take a minute.
describe('trial faults', { timeout: 120_000 }, () => {
  it('counts runs, sessions and faults for each mode', async () => {
    let told = 0;
    const onProgress = (_stage: string, done: number): void => {
      told += done;
    };
    const found = await runExperiment(faultsTrial, { runs: 30, seed: 5 }, { onProgress });
    const { rows, summary, broken, passed } = found;
    expect(summary).toMatchObject({ runs: 30, wrongTexts: 0, hung: 0, invariantViolations: 0 });
    expect(passed).toBe(true);
    expect(summary['replay']).toBe('');
    expect(broken).toEqual([]);
    expect(rows.reduce((sum, { runs }) => sum + runs, 0)).toBe(30);
    expect(rows.reduce((sum, { faults }) => sum + faults, 0)).toBe(summary['faultsInjected']);
    expect(summary['faultsInjected']).toBeGreaterThanOrEqual(90);
    expect(told).toBeGreaterThan(0);
  });

  it('keeps what a step evaluates with the place in which the step began', async () => {
    const { summary } = await runExperiment(faultsTrial, { runs: 1, seed: 9340 });
    expect(summary).toMatchObject({ runs: 1, invariantViolations: 0 });
  });

  it('gives the command that repeats the first run that violated an invariant', async () => {
    const bug = plantedBugs['noise is keyed by the step'];
    if (bug === undefined) throw new Error('no such bug');
    const { summary, broken, passed } = await runExperiment(faultsTrial, { runs: 20, seed: 7, bug });
    expect(passed).toBe(false);
    expect(summary['wrongTexts']).toBeGreaterThan(0);
    const first = broken[0];
    expect(summary['replay']).toBe(`outrider trial faults --runs 1 --seed ${first?.seed} --verbose`);
    const again = await runExperiment(faultsTrial, { runs: 1, seed: first?.seed ?? 0, bug });
    expect(again.broken).toEqual([first]);
  });

  it('gives one digest of events and results for the same runs, and another for other ones', async () => {
    const digestOf = async (options: object) =>
      (await runExperiment(faultsTrial, { seed: 14, ...options })).summary['digest'];
    const digests = [];
    for (const options of [{ runs: 1 }, { runs: 1 }, { runs: 3 }, { runs: 1, seed: 16 }])
      digests.push(await digestOf({ digest: true, ...options }));
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(digests[1]).toBe(digests[0]);
    expect(new Set(digests).size).toBe(3);
    expect(await digestOf({ runs: 1 })).toBe('');
  });
});
