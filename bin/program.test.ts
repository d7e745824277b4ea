import type { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../src/cli/program.ts';
import { cloneGroups, createCloneProgram } from './clone-program.ts';
import { createPublishedProgram } from './published-program.ts';

const withSubcommands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap((inner) => withSubcommands(inner)),
];

const clone = await createCloneProgram();
const published = await createPublishedProgram();

const commands = withSubcommands(clone);
const pathOf = (command: Command): string =>
  command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trimStart();

describe('a command line', () => {
  const loaded = (program: Command): string[] =>
    program.commands.filter(({ options, commands }) => options.length + commands.length > 0).map((one) => one.name());

  it('loads the commands that it names, and lists all of them as they describe themselves', async () => {
    expect(loaded(await createProgram(cloneGroups, ['--version']))).toEqual([]);
    expect(loaded(await createProgram(cloneGroups, ['help', 'keys']))).toEqual(['keys']);
    const lazy = await createProgram(cloneGroups, ['draft', 'check', '--help']);
    expect(loaded(lazy)).toEqual(['draft']);
    expect(lazy.helpInformation()).toBe(clone.helpInformation());
  });
});

describe('the help of every command', () => {
  /** The lines below "Example:" or "Examples:", up to an empty one, without those that only explain. */
  function examplesOf(command: Command): readonly string[] {
    const parts: string[] = [];
    command.configureOutput({ writeOut: (text) => parts.push(text) }).outputHelp();
    const blocks = parts.join('').matchAll(/^Examples?:\n((?: {2}.*\n?)+)/gm);
    return [...blocks].flatMap(([, lines = '']) => lines.split('\n')).filter((line) => /^ {2}\S/.test(line));
  }

  /** The words of an example, without what other programs do with it; null: it is of another program alone. */
  function wordsOf(example: string): readonly string[] | null {
    const [, line] = /(?:outrider|npm start --) ([^>|)]*?)(?: {2,}.*|[>|)].*)?$/.exec(`${example} `) ?? [];
    const words = [...(line ?? '').matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
    return line === undefined ? null : example.includes('npm start') ? ['run', ...words] : words;
  }

  it('is that of many', () => {
    expect(commands.length).toBeGreaterThan(25);
  });

  it.each(commands.map((command) => [pathOf(command), command] as const))('of "%s" has an example', (path, command) => {
    expect(command.description()).not.toBe('');
    const lines = examplesOf(command).flatMap((example) => wordsOf(example) ?? []);
    expect(lines.length).toBeGreaterThan(0);
    expect(examplesOf(command).some((example) => wordsOf(example)?.join(' ').startsWith(path))).toBe(true);
  });

  it.each([...new Set(commands.flatMap(examplesOf))])('has options for: %s', async (example) => {
    const words = wordsOf(example) ?? [];
    const program = await createProgram(cloneGroups, words);
    for (const command of withSubcommands(program)) command.action(() => {}).configureOutput({ writeOut: () => {} });
    const said = await program.parseAsync(words, { from: 'user' }).catch((error: unknown) => error);
    if (said !== program) expect(said).toMatchObject({ code: 'commander.helpDisplayed' });
  });
});

describe('a heading of the help', () => {
  /** An edge has it for the controller, and a controller for its fleet. */
  const twoMeanings = ['--advertise'];
  const headingOf = ({ helpGroupHeading = 'Options:' }: Option): string => helpGroupHeading;

  it('is the same for an option of all commands of the product that have several', () => {
    const product = clone.commands.filter(
      (command) => command.helpGroup() === 'Product:' && new Set(command.options.map(headingOf)).size > 1,
    );
    const options = product.flatMap((command) => command.options).filter(({ hidden }) => !hidden);
    const unlike = [...Map.groupBy(options, ({ long }) => long ?? '')].filter(
      ([, same]) => new Set(same.map(headingOf)).size > 1,
    );
    expect(product.length).toBeGreaterThan(4);
    expect(unlike.map(([flag]) => flag)).toEqual(twoMeanings);
  });
});

describe('--gpu', () => {
  it('is an option of every command that opens models of files', () => {
    const having = commands.filter(({ options }) => options.some(({ long }) => long === '--gpu')).map(pathOf);
    expect(having.toSorted()).toEqual([
      'bench drafts',
      'bench engine',
      'bench modes',
      'device',
      'doctor',
      'edge',
      'engine check',
      'engine serve',
      'run',
      'serve',
      'trace record',
      'trial exactness',
    ]);
  });
});

describe('--pair', () => {
  const has = (command: Command, ...flags: string[]): boolean =>
    command.options.some(({ long }) => flags.includes(long ?? ''));
  /** They take one model, and no other goes with it. */
  const single = ['fit', 'lengths', 'context'];
  const opening = commands.filter(
    (command) => has(command, '--model', '--target', '--draft') && !single.includes(command.name()),
  );

  it.each(opening.map((command) => [`${command.parent?.name()} ${command.name()}`, command] as const))(
    '%s has it, and its models have no defaults of their own',
    (_, command) => {
      expect(has(command, '--pair')).toBe(true);
      for (const option of command.options) {
        if (['--model', '--target', '--draft'].includes(option.long ?? '')) expect(option.defaultValue).toBeUndefined();
      }
    },
  );

  it('refuses a pair that does not exist before anything is begun', async () => {
    const program = await createCloneProgram();
    const words = ['run', '--pair', 'qwen', '--prompt', 'hello'];
    await expect(program.parseAsync(words, { from: 'user' })).rejects.toMatchObject({ code: 'model-unknown' });
  });
});

describe('the published program', () => {
  const groupsOf = (program: Command): Map<string, Command[]> =>
    Map.groupBy(program.commands, (command) => command.helpGroup());

  it('has three groups, as that of a clone: the product, the simulator, and what needs a clone', () => {
    const groups = groupsOf(published);
    expect([...groups.keys()]).toEqual(['Product:', 'Simulator:', 'Laboratory (needs a clone):']);
    const said = (groups: Map<string, Command[]>): string[][] =>
      [...groups.values()].map((commands) => commands.map((one) => `${one.name()}: ${one.description()}`));
    expect(said(groups)).toEqual(said(groupsOf(clone)));
  });

  it.each([
    ['bench'],
    ['bench modes --clock virtual'],
    ['trial faults --help'],
    ['reproduce all --json'],
    ['engine check --json'],
  ])('says where "%s" is', async (words) => {
    await expect(published.parseAsync(words.split(' '), { from: 'user' })).rejects.toMatchObject({
      code: 'clone-needed',
      remedy: `in a clone: npm run --silent outrider -- ${words.split(' ').slice(0, 2).join(' ')}`,
    });
  });

  it.each(['bench --key=canary_1', 'trial canary_1', 'bench live --key canary_1'])(
    'repeats no key: %s',
    async (words) => {
      const refused = { message: expect.not.stringContaining('canary'), remedy: expect.not.stringContaining('canary') };
      await expect(published.parseAsync(words.split(' '), { from: 'user' })).rejects.toMatchObject(refused);
    },
  );
});
