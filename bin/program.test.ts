import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from './program.ts';

const withSubcommands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap((inner) => withSubcommands(inner)),
];

describe('every command', () => {
  const commands = withSubcommands(createProgram());

  it('is among those looked at', () => {
    expect(commands.length).toBeGreaterThan(25);
  });

  it.each(commands.map((command) => [command.name(), command] as const))('%s can print its help', (name, command) => {
    expect(command.helpInformation()).toContain(`Usage: `);
    expect(command.description(), name).not.toBe('');
  });
});

describe('--gpu', () => {
  const commands = withSubcommands(createProgram());
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
