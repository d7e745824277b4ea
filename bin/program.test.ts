import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createCloneProgram } from './clone-program.ts';
import { createPublishedProgram } from './published-program.ts';

const withSubcommands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap((inner) => withSubcommands(inner)),
];

describe('every command', () => {
  const commands = withSubcommands(createCloneProgram());

  it('is among those looked at', () => {
    expect(commands.length).toBeGreaterThan(25);
  });

  it.each(commands.map((command) => [command.name(), command] as const))('%s can print its help', (name, command) => {
    expect(command.helpInformation()).toContain(`Usage: `);
    expect(command.description(), name).not.toBe('');
  });
});

describe('--gpu', () => {
  const commands = withSubcommands(createCloneProgram());
  const pathOf = (command: Command): string =>
    command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trim();

  it('is an option of every command that opens models of files', () => {
    const having = commands.filter(({ options }) => options.some(({ long }) => long === '--gpu')).map(pathOf);
    expect(having.toSorted()).toEqual([
      'bench drafts',
      'bench engine',
      'bench modes',
      'device',
      'doctor',
      'edge',
      'run',
      'serve',
      'trace record',
      'trial exactness',
      'trial traces',
    ]);
  });
});

describe('--pair', () => {
  const has = (command: Command, ...flags: string[]): boolean =>
    command.options.some(({ long }) => flags.includes(long ?? ''));
  /** They take one model, and no other goes with it. */
  const single = ['fit', 'lengths'];
  const commands = withSubcommands(createCloneProgram()).filter(
    (command) => has(command, '--model', '--target', '--draft') && !single.includes(command.name()),
  );

  it.each(commands.map((command) => [`${command.parent?.name()} ${command.name()}`, command] as const))(
    '%s has it, and its models have no defaults of their own',
    (_, command) => {
      expect(has(command, '--pair')).toBe(true);
      for (const option of command.options) {
        if (['--model', '--target', '--draft'].includes(option.long ?? '')) expect(option.defaultValue).toBeUndefined();
      }
    },
  );

  it('refuses a pair that does not exist before anything is begun', async () => {
    const program = createCloneProgram();
    const words = ['run', '--pair', 'qwen', '--prompt', 'hello'];
    await expect(program.parseAsync(words, { from: 'user' })).rejects.toMatchObject({ code: 'model-unknown' });
  });
});

describe('the published program', () => {
  const groupsOf = (program: Command): Map<string, Command[]> =>
    Map.groupBy(program.commands, (command) => command.helpGroup());

  it('has three groups, as that of a clone: the product, the simulator, and what needs a clone', () => {
    const [published, cloned] = [groupsOf(createPublishedProgram()), groupsOf(createCloneProgram())];
    expect([...published.keys()]).toEqual(['Product:', 'Simulator:', 'Laboratory (needs a clone):']);
    const said = (groups: Map<string, Command[]>): string[][] =>
      [...groups.values()].map((commands) => commands.map((one) => `${one.name()}: ${one.description()}`));
    expect(said(published)).toEqual(said(cloned));
  });

  it.each([['bench'], ['bench modes --clock virtual'], ['trial faults --help'], ['reproduce all --json']])(
    'says where "%s" is',
    async (words) => {
      await expect(createPublishedProgram().parseAsync(words.split(' '), { from: 'user' })).rejects.toMatchObject({
        code: 'clone-needed',
        remedy: `in a clone: npm run --silent outrider -- ${words.split(' ').slice(0, 2).join(' ')}`,
      });
    },
  );

  it.each(['bench --key=canary_1', 'trial canary_1', 'bench live --key canary_1'])(
    'repeats no key: %s',
    async (words) => {
      await expect(createPublishedProgram().parseAsync(words.split(' '), { from: 'user' })).rejects.toMatchObject({
        message: expect.not.stringContaining('canary'),
        remedy: expect.not.stringContaining('canary'),
      });
    },
  );
});
