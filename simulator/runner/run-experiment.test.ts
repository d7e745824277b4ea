import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Experiment } from './experiment.ts';
import { experimentCommand } from './run-experiment.ts';

let folder: string;
let printed = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-command-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const options = {
  roundTripsMs: { flag: '--rtt <ms,...>', help: 'round trips', numbers: [0, 100], default: [0, 10] },
  seed: { flag: '--seed <number>', help: 'the first seed', whole: [0, 9], default: 1 },
  names: { flag: '--name <text>', help: 'may be given several times', texts: true, default: [] },
  files: { flag: '--files <file...>', help: 'several', texts: true },
  quick: { flag: '--quick', help: 'less of it' },
  extra: { default: 7 as number },
  trace: { argument: '<name>', help: 'which one' },
} as const;

const experiment: Experiment<typeof options, number> = {
  name: 'trial counting',
  description: 'counts',
  notes: 'Examples are here.',
  isResumable: true,
  options,
  measure: ({ extra }, run) => run.one({ key: 'all', measure: () => extra }),
  conclude: (found, { roundTripsMs, quick, names, files = [], trace }) => ({
    rows: [{ found, roundTrips: roundTripsMs.length, names: names.join(), files: files.join(), trace }],
    forPeople: [{ brief: found }],
    summary: { found },
    passed: !quick,
  }),
  page: ({ command, rows }) => `# ${command}: ${rows.length}\n`,
};

const run = (...words: string[]): Promise<Command> =>
  new Command().addCommand(experimentCommand(experiment)).parseAsync(['counting', 'this', ...words], { from: 'user' });

describe('the command of an experiment', () => {
  it('hands over what was typed by the names of the table, and prints one document', async () => {
    await run('--rtt', '1,2,3', '--name', 'a', '--name', 'b', '--files', 'x', 'y', '--json');
    expect(JSON.parse(printed)).toMatchObject({
      command: 'trial counting',
      seed: 1,
      summary: { found: 7, passed: true },
      params: { roundTripsMs: [1, 2, 3], names: ['a', 'b'], files: ['x', 'y'] },
      rows: [{ found: 7, roundTrips: 3, names: 'a,b', files: 'x,y', trace: 'this' }],
    });
    expect(process.exitCode).toBeUndefined();
  });

  it('shows people the short rows', async () => {
    await run();
    expect(printed).toContain('brief');
    expect(printed).not.toContain('roundTrips');
  });

  it('ends in a table where it has one, and sets what only the table needs only then', async () => {
    const { figure: _figure, page: _page, ...plain } = experiment;
    const tabled: typeof experiment = {
      ...plain,
      tableOptions: { extra: 8 },
      measure: ({ extra }) => extra,
      conclude: (found) => {
        const lines = [{ figure: 'rows', value: found }];
        return { rows: [], summary: { found }, table: { few: lines, all: [...lines, { figure: 'more', value: 1 }] } };
      },
    };
    const saysOf = async (...words: string[]): Promise<string> => {
      printed = '';
      await experimentCommand(tabled).parseAsync(['this', ...words], { from: 'user' });
      return printed;
    };
    const short = 'figure  value\n------  -----\nrows        8\n';
    expect(await saysOf()).toBe(`${short}\n1 more with --all; keys and exact values with --json\n`);
    expect(await saysOf('--all')).toBe(`${short}more        1\n\n`);
    expect(JSON.parse(await saysOf('--json'))).toMatchObject({ summary: { found: 7 } });
  });

  it('ends with 1 where a trial was not passed', async () => {
    await run('--quick');
    expect(process.exitCode).toBe(1);
  });

  it('keeps a record and writes a page where it is asked to', async () => {
    const [record, page] = [join(folder, 'record.jsonl'), join(folder, 'page.md')];
    await run('--resume', record, '--page', page);
    expect(await readFile(record, 'utf8')).toContain('{"key":"all","found":7}');
    const text = await readFile(page, 'utf8');
    for (const part of ['# outrider trial counting', '# trial counting: 1', '| `found` | 7 |'])
      expect(text).toContain(part);
  });

  it('says how long it takes, and takes the published size with --full, but for what was typed', async () => {
    const sized: Experiment<{ seed: object; lines: object }, object> = {
      name: 'trial sizing',
      description: 'sizes',
      lasts: '2 minutes',
      fullLasts: '20',
      options: {
        seed: { flag: '--seed <number>', whole: [0, 9], default: 1, full: 5 },
        lines: { flag: '--lines <count>', whole: [0, 999], default: 10, full: 100 },
      },
      measure: () => ({}),
      conclude: () => ({ rows: [], summary: {} }),
    };
    const paramsOf = async (...words: string[]): Promise<unknown> => {
      printed = '';
      await experimentCommand(sized).parseAsync([...words, '--json'], { from: 'user' });
      return (JSON.parse(printed) as { params: unknown }).params;
    };
    expect(await paramsOf()).toEqual({ seed: 1, lines: 10 });
    expect(await paramsOf('--full')).toEqual({ seed: 5, lines: 100 });
    expect(await paramsOf('--lines', '10', '--full')).toEqual({ seed: 5, lines: 10 });
    expect(process.stderr.write).toHaveBeenCalledWith(
      'trial sizing: about 2 minutes with its defaults, on two cores; with --full 20.\n',
    );
    expect(experimentCommand(sized).helpInformation()).toContain('the published size: --seed 5, --lines 100');
  });

  it('has flags of its own only where the experiment can do it', () => {
    const { figure: _figure, page: _page, isResumable: _isResumable, ...plain } = experiment;
    const flags = experimentCommand(plain).options.map(({ long }) => long);
    expect(flags).toEqual(['--rtt', '--seed', '--name', '--files', '--quick', '--json']);
  });

  it('shares a run that has a directory of its own, without --resume', () => {
    const { isResumable: _, ...rest } = experiment;
    const flags = experimentCommand({ ...rest, isShareable: true }).options.map(({ long }) => long);
    expect(flags).toContain('--record');
    expect(flags).not.toContain('--resume');
  });

  it('does not share a run that measures the speed of a machine', async () => {
    const timed = { ...experiment, isTimed: ({ quick = false }: { readonly quick?: boolean }) => quick };
    const parse = (...words: string[]): Promise<unknown> =>
      experimentCommand(timed).parseAsync(['this', ...words, '--record', 'http://x'], { from: 'user' });
    await expect(parse('--quick')).rejects.toThrow('trial counting measures the speed of one machine');
    await expect(parse()).rejects.toThrow('no address of a store');
  });

  it('refuses a bad value with a sentence', async () => {
    const command = experimentCommand(experiment).exitOverride();
    const parsed = command.parseAsync(['this', '--rtt', '1,x'], { from: 'user' });
    await expect(parsed).rejects.toThrow('Give a number from 0 to 100.');
  });
});
