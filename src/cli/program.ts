// A program of `outrider`: commands in one group or several (product, simulator, laboratory), and how a command begins and ends. It parses
// nothing itself and imports no command: bin/ combines the groups.

import { Command } from 'commander';
import { isDocumentPrinted, packageVersion, printDocument } from '../files/document.ts';
import { endWithReader, failureOf, reportFailure } from './terminal/failure.ts';

/** One group of commands, as `--help` and docs/commands.md list them. */
export interface CommandGroup {
  /** "Product". */
  readonly title: string;
  readonly commands: readonly (() => Command)[];
}

export function createProgram(groups: readonly CommandGroup[]): Command {
  const program = new Command('outrider')
    .description("A device drafts, an edge verifies, nobody waits; the text is exactly the large model's own.")
    .version(packageVersion());
  for (const { title, commands } of groups) {
    program.commandsGroup(`${title}:`);
    for (const create of commands) program.addCommand(create());
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    // reportFailure prints what is wrong, as every other failure.
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}

/** Runs what was typed, and sets the exit status. */
export async function runProgram(program: Command): Promise<void> {
  endWithReader();
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = reportFailure(error);
    const words = process.argv.slice(2);
    // A document that the command has printed itself has more detail.
    if (process.exitCode !== 0 && words.includes('--json') && !isDocumentPrinted())
      printDocument(commandWords(program, words), { rows: [], summary: {} }, failureOf(error));
  }
}

/** The command that was typed, without its arguments: "draft check". */
export function commandWords(program: Command, typed: readonly string[]): string {
  const words: string[] = [];
  let command: Command | undefined = program;
  for (const word of typed) {
    command = command.commands.find((inner) => inner.name() === word);
    if (command === undefined) break;
    words.push(word);
  }
  return words.join(' ');
}
