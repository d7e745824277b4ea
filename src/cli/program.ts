// A program of `outrider`: commands in one group or several (product, simulator, laboratory), and how a command begins and ends. It parses
// nothing itself and imports no command: bin/ combines the groups. What was typed decides which commands are loaded: all of them are some
// thousand modules, and take more than a second.

import { Command } from 'commander';
import { isDocumentPrinted, packageVersion, printDocument } from '../files/document.ts';
import { endWithReader, failureOf, reportFailure } from './terminal/failure.ts';

/** A command as it is listed, and how its module is loaded. A test compares name and description with the command's own. */
export interface ListedCommand {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<Command>;
}

/** Command lines for the help of commands, by their words: "keys add". */
export type Examples = Readonly<Record<string, readonly string[]>>;

/** One group of commands, as `--help` and docs/commands.md list them. */
export interface CommandGroup {
  /** "Product". */
  readonly title: string;
  readonly commands: readonly ListedCommand[];
  /** Further commands of a command of another group, by its name. */
  readonly subcommands?: Readonly<Record<string, readonly ListedCommand[]>>;
  readonly examples?: Examples;
}

/** @param typed words of a command line: only commands that are among them are loaded, the others are listed. Default: all are loaded */
export async function createProgram(groups: readonly CommandGroup[], typed?: readonly string[]): Promise<Command> {
  const program = new Command('outrider')
    .description("A device drafts, an edge verifies, nobody waits; the text is exactly the large model's own.")
    .version(packageVersion())
    // What a command takes is in its own help: here it may not be loaded.
    .configureHelp({ subcommandTerm: (command) => command.name() });
  withExamples(program, ['outrider serve --demo', 'outrider doctor', 'outrider keys --help']);
  for (const { title, commands, subcommands = {}, examples = {} } of groups) {
    program.commandsGroup(`${title}:`);
    for (const { name, description, load } of commands) {
      const isLoaded = typed === undefined || typed.includes(name);
      program.addCommand(isLoaded ? await load() : new Command(name).description(description));
    }
    for (const [parent, added] of Object.entries(subcommands)) {
      if (typed !== undefined && !typed.includes(parent)) continue;
      for (const { load } of added) findCommand(program, [parent])?.addCommand(await load());
    }
    for (const [words, lines] of Object.entries(examples)) withExamples(findCommand(program, words.split(' ')), lines);
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    // reportFailure prints what is wrong, as every other failure.
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}

/** Runs what was typed, and sets the exit status. */
export async function runProgram(groups: readonly CommandGroup[]): Promise<void> {
  endWithReader();
  const words = process.argv.slice(2);
  const program = await createProgram(groups, words);
  // What the script of a shell asks ("outrider completion"): complete -- WORDS.
  if (words[0] === 'complete') return (await import('./completion.ts')).printCompletions(program, words.slice(2));
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = reportFailure(error);
    // A document that the command has printed itself has more detail.
    if (process.exitCode !== 0 && words.includes('--json') && !isDocumentPrinted())
      printDocument(commandWords(program, words), { rows: [], summary: {} }, failureOf(error));
  }
}

/** Shows command lines below the help. */
export function withExamples(command: Command | undefined, lines: readonly string[]): void {
  const title = lines.length === 1 ? 'Example:' : 'Examples:';
  command?.addHelpText('after', ['', title, ...lines.map((line) => `  ${line}`)].join('\n'));
}

/** Undefined: it is not loaded. */
function findCommand(program: Command, words: readonly string[]): Command | undefined {
  const inside = (command: Command | undefined, word: string) => command?.commands.find((one) => one.name() === word);
  return words.reduce<Command | undefined>(inside, program);
}

/** The command that was typed, without its arguments: "draft check". */
export function commandWords(program: Command, typed: readonly string[]): string {
  const count = typed.findIndex((_, index) => findCommand(program, typed.slice(0, index + 1)) === undefined);
  return typed.slice(0, count < 0 ? typed.length : count).join(' ');
}
