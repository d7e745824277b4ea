// The program of the published package: product and simulator. It names the commands of the laboratory, and where they are.

import { Command } from 'commander';
import { simulatorCommands } from '../simulator/commands/commands.ts';
import { productCommands } from '../src/cli/commands.ts';
import { type CommandGroup, createProgram, type ListedCommand } from '../src/cli/program.ts';
import { OutriderError } from '../src/core/basics/errors.ts';

/** @param path words of the command: "engine check" */
function elsewhere(path: string, description: string): ListedCommand {
  const name = path.slice(path.lastIndexOf(' ') + 1);
  const command = new Command(name)
    .description(description)
    .argument('[words...]')
    .helpOption(false)
    .allowUnknownOption()
    .action((words: readonly string[]) => {
      const cause = `"outrider ${path}" is not in the published package`;
      // Only the name of a subcommand is repeated: whatever else was typed may be a key.
      const typed = [path, ...words.slice(0, 1).filter((word) => /^[a-z][a-z0-9]*$/.test(word))].join(' ');
      throw new OutriderError('clone-needed', cause, `in a clone: npm run --silent outrider -- ${typed}`);
    });
  return { name, description, load: async () => command };
}

const laboratoryElsewhere: CommandGroup = {
  title: 'Laboratory (needs a clone)',
  commands: [
    elsewhere('bench', 'measure, and print ratios side by side'),
    elsewhere('trial', 'conformance and fuzz tests: each tries to break one promise, and counts'),
    elsewhere(
      'reproduce',
      "the paper's figures: data, pictures, and a page that says which claims hold here and which do not",
    ),
    elsewhere('results', 'print a kept result of a bench or a trial as tables, in Markdown'),
  ],
  subcommands: {
    engine: [
      elsewhere(
        'engine check',
        'run every case of the engine contract against an engine, and say which it keeps (needs a clone)',
      ),
    ],
  },
};

export const publishedGroups: readonly CommandGroup[] = [productCommands, simulatorCommands, laboratoryElsewhere];

/** With all commands loaded. */
export function createPublishedProgram(): Promise<Command> {
  return createProgram(publishedGroups);
}
