import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import { findPolicy } from '../../../src/files/policy-file.ts';
import { findRadioMap } from '../../files/shipped-maps.ts';
import { createPolicy } from '../../policies/policies.ts';
import { runExperiment } from '../../runner/run.ts';
import { readPreset } from '../../scenario/presets.ts';
import { parseOverride } from '../../scenario/read-scenario.ts';
import { runSimulation, type SimulationOptions } from './run.ts';
import { simulateExperiment } from './simulate.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-simulate-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const maxSinr = { name: 'max-sinr', decide: createPolicy('max-sinr'), sha256: null };
let made = 0;
const freshDirectory = (): string => join(root, `run-${made++}`);

function options(directory: string, changes: Partial<SimulationOptions> = {}): SimulationOptions {
  const scenario = readPreset('modern', [parseOverride('devices.count=12')]);
  return { scenario, policy: maxSinr, slots: 120, seed: 5, directory, ...changes };
}

function filesOf(directory: string): Record<string, string> {
  const names = readdirSync(directory).toSorted();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name)).toString('base64')]));
}

async function faultOf(work: Promise<unknown>): Promise<{ code: string; cause: string; remedy: string }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isOutriderError(error)) throw new Error(`refused nothing, or not by us: ${String(error)}`);
  return { code: error.code, cause: error.message, remedy: error.remedy };
}

async function table(directory: string, name: string): Promise<Record<string, number>[]> {
  const { buffer, byteOffset, byteLength } = readFileSync(join(directory, name));
  const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  return (await parquetReadObjects({ file })) as Record<string, number>[];
}

describe('the directory of a run', () => {
  it('holds config, tables and summary, the same bytes each time', async () => {
    const [first, second] = [freshDirectory(), freshDirectory()];
    const { slotsRun, ...result } = await runSimulation(options(first));
    expect(slotsRun).toBe(120);
    await runSimulation(options(second));
    expect(filesOf(second)).toEqual(filesOf(first));
    expect(readdirSync(first).toSorted()).toEqual([
      'config.json',
      'servers.parquet',
      'slots.parquet',
      'summary.json',
      'tasks.parquet',
    ]);
    const config = JSON.parse(readFileSync(join(first, 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({
      policy: 'max-sinr',
      slots: 120,
      seed: 5,
      scenario: { devices: { count: 12, vehicleShare: 0.2 } },
    });
    const summary = JSON.parse(readFileSync(join(first, 'summary.json'), 'utf8')) as object;
    expect(summary).toEqual({ isWhole: true, ...result });
  });

  it('has tables that agree with each other and with the summary', async () => {
    const directory = freshDirectory();
    const { summary } = await runSimulation(options(directory));
    const [slots, tasks, servers] = (await Promise.all(
      ['slots.parquet', 'tasks.parquet', 'servers.parquet'].map((name) => table(directory, name)),
    )) as [Record<string, number>[], Record<string, number>[], Record<string, number>[]];
    expect(slots.map((row) => row['slot'])).toEqual(Array.from({ length: 120 }, (_, slot) => slot));
    expect(tasks).toHaveLength(summary.tasks as number);
    expect(servers).toHaveLength(120 * 16);
    const sum = (rows: Record<string, number>[], column: string): number =>
      rows.reduce((total, row) => total + (row[column] as number), 0);
    expect(sum(slots, 'objectiveMs') / 120).toBeCloseTo(summary.objective as number, 6);
    expect(sum(tasks, 'costMs')).toBeCloseTo(sum(slots, 'objectiveMs'), 4);
    expect(sum(tasks, 'latencyMs') / tasks.length).toBeCloseTo(summary.latencyMsMean as number, 6);
    expect(sum(servers, 'tasks') + sum(slots, 'unserved')).toBe(summary.tasks);
    for (const row of servers) expect(row['bandwidthShare']).toBeLessThanOrEqual(1 + 1e-9);
    expect(sum(servers, 'bandwidthShare')).toBeCloseTo(sum(tasks, 'bandwidthShare'), 6);
  });

  it('is refused when it holds something, or no run to go on with', async () => {
    const directory = freshDirectory();
    await runSimulation(options(directory, { slots: 3 }));
    expect(await faultOf(runSimulation(options(directory, { slots: 3 })))).toMatchObject({
      code: 'bad-argument',
      cause: `${directory} is not empty`,
    });
    const nowhere = freshDirectory();
    expect((await faultOf(runSimulation(options(nowhere, { resume: true })))).cause).toBe(`${nowhere} holds no run`);
    const other = await faultOf(runSimulation(options(directory, { slots: 4, seed: 6, resume: true })));
    expect(other.cause).toBe(`the run in ${directory} was begun with other settings (slots, seed)`);
  });
});

describe('an interrupted run', () => {
  /** Interrupts itself when it comes to a slot. */
  function interruptedAt(slot: number): Partial<SimulationOptions> {
    const controller = new AbortController();
    const decide: SimulationOptions['policy']['decide'] = (state) => {
      if (state.slot >= slot && !controller.signal.aborted) {
        controller.abort();
        // Longer than a run continues before it checks for signals.
        const end = performance.now() + 120;
        while (performance.now() < end);
      }
      return maxSinr.decide(state);
    };
    return { policy: { ...maxSinr, decide }, signal: controller.signal };
  }

  it('keeps what it has, and is run again to the same bytes', async () => {
    const [whole, broken] = [freshDirectory(), freshDirectory()];
    const expected = await runSimulation(options(whole));
    const fault = await faultOf(runSimulation(options(broken, interruptedAt(50))));
    expect(fault).toMatchObject({ code: 'interrupted', remedy: 'Add --resume to run them again.' });
    const kept = Number(/stopped after (\d+) of 120 slots/.exec(fault.cause)?.[1]);
    expect(kept).toBeGreaterThan(50);
    expect(kept).toBeLessThan(120);
    expect(await table(broken, 'slots.parquet')).toHaveLength(kept);
    expect(JSON.parse(readFileSync(join(broken, 'summary.json'), 'utf8'))).toMatchObject({
      isWhole: false,
      summary: { slots: kept },
    });
    const asked: number[] = [];
    const policy = {
      ...maxSinr,
      decide: (state: Parameters<typeof maxSinr.decide>[0]) => {
        asked.push(state.slot);
        return maxSinr.decide(state);
      },
    };
    expect(await runSimulation(options(broken, { policy, resume: true }))).toEqual(expected);
    expect(filesOf(broken)).toEqual(filesOf(whole));
    // Whole by now: nothing is run again.
    asked.length = 0;
    expect(await runSimulation(options(broken, { policy, resume: true }))).toEqual({ ...expected, slotsRun: 0 });
    expect(asked).toEqual([]);
  });

  it('keeps what was run when its policy fails', async () => {
    const directory = freshDirectory();
    const decide: SimulationOptions['policy']['decide'] = (state) => {
      if (state.slot > 30) throw new Error('lost');
      return maxSinr.decide(state);
    };
    const fault = await faultOf(runSimulation(options(directory, { policy: { ...maxSinr, decide } })));
    expect(fault.cause).toMatch(/^policy max-sinr, slot \d+ threw Error: lost; \d+ slots are kept in /);
    expect((await table(directory, 'slots.parquet')).length).toBeGreaterThan(30);
  });
});

describe('policies', () => {
  const write = (name: string, text: string): string => {
    const path = join(root, name);
    writeFileSync(path, text);
    return path;
  };

  it('are found by name and in files, as default or by name', async () => {
    expect((await findPolicy('max-sinr')).sha256).toBeNull();
    const asDefault = await findPolicy(write('default.mjs', 'export default () => 1;'));
    expect(asDefault.sha256).toMatch(/^[0-9a-f]{64}$/);
    const typed = write('named.ts', 'export const policy = (state: { slot: number }): number => state.slot;');
    expect((await findPolicy(typed)).decide({ slot: 7 } as never)).toBe(7);
  });

  it.each([
    ['object.mjs', 'export default { decide() {} };', 'exports an object as its policy (it exports default)'],
    ['other.mjs', 'export const polcy = () => 1;', 'exports no policy (it exports polcy)'],
    ['nothing.mjs', 'const x = 1;', 'exports no policy (it exports nothing)'],
    ['broken.mjs', 'export const = 3;', "broken.mjs can't be loaded: "],
    ['throws.mjs', 'throw new Error("no disk");', "can't be loaded: Error: no disk"],
  ])('are refused with the cause: %s', async (name, text, cause) => {
    const fault = await faultOf(findPolicy(write(name, text)));
    expect(fault.code).toBe('bad-argument');
    expect(fault.cause).toContain(cause);
    expect(fault.remedy).toContain('examples/my-policy.ts');
  });

  it('in TypeScript can not run below node_modules, and the remedy says so', async () => {
    // Node's own error: test/package.night.test.ts has it from Node, where nothing else strips types.
    const error = 'Object.assign(new Error("types"), { code: "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING" })';
    const path = write('typed.mjs', `throw ${error};`);
    expect((await faultOf(findPolicy(path))).remedy).toBe(
      'Copy it out of node_modules: Node runs no TypeScript there.',
    );
  });

  it('are refused when there are none', async () => {
    expect((await findPolicy('./nowhere.ts').catch((error: Error) => error.message)) as string).toContain(
      "can't be read: ENOENT",
    );
    expect((await findPolicy('max-sinner').catch((error: Error) => error.message)) as string).toContain('"max-sinner"');
  });
});

it('runs on the shipped street canyon', async () => {
  const scenario = readPreset('street-canyon');
  const map = await findRadioMap('street-canyon');
  const { summary } = await runSimulation({ scenario, policy: maxSinr, slots: 10, seed: 1, map });
  expect(summary.tasks).toBe(80);
  expect(summary.unservedShare).toBeLessThan(0.2);
});

it.each(['slot', 'token'] as const)('plays a world without any link, and says so: %s', async (fidelity) => {
  const remarksWith = async (set: readonly string[]) => {
    const asked = { scenario: 'paper', policy: ['best'], objective: 'felt' as const, slots: 3, fidelity };
    const { remarks = [], summary } = await runExperiment(simulateExperiment, { ...asked, set });
    expect(Object.values(summary)).not.toContain(Number.NaN);
    return remarks;
  };
  const said = expect.stringContaining('best, seed 1: no device had both a task and a server');
  const deaf = ['radio.minimumSnrDb=50', 'radio.noiseFigureDb=30', 'devices.count=5'];
  expect(await remarksWith(deaf)).toContainEqual(said);
  expect(await remarksWith(['devices.count=5'])).not.toContainEqual(said);
});

describe('distance from the optimum', () => {
  it('is in every slot: the pool always, the dual when asked', async () => {
    const [plain, certified] = [freshDirectory(), freshDirectory()];
    const policy = { name: 'best', decide: createPolicy('best'), sha256: null };
    const { summary } = await runSimulation(options(plain, { policy, slots: 6 }));
    const sharper = (await runSimulation(options(certified, { policy, slots: 6, certify: true }))).summary;
    expect(summary.dualGapMean).toBeUndefined();
    expect(sharper.poolGapMean).toBe(summary.poolGapMean);
    expect(sharper.dualGapMean).toBeLessThanOrEqual(sharper.poolGapMean as number);
    for (const slot of await table(certified, 'slots.parquet')) {
      if (slot['tasks'] === 0) continue;
      expect(slot['poolGap']).toBeGreaterThanOrEqual(slot['dualGap'] as number);
      // The bound may be the optimum itself, up to rounding.
      expect(slot['dualGap']).toBeGreaterThan(-1e-12);
    }
  });

  it('has no value where no term asks for bandwidth', async () => {
    const scenario = readPreset('paper', [parseOverride('objective.lambda=0'), parseOverride('devices.count=4')]);
    const { summary } = await runSimulation({ scenario, policy: maxSinr, slots: 2, seed: 1, certify: true });
    expect(summary.poolGapMean).toBeUndefined();
  });
});
