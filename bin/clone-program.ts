// The program of a clone: the commands of all three houses.

import type { Command } from 'commander';
import { laboratoryCommands } from '../laboratory/commands/commands.ts';
import { simulatorCommands } from '../simulator/commands/commands.ts';
import { productCommands } from '../src/cli/commands.ts';
import { type CommandGroup, createProgram } from '../src/cli/program.ts';

export const cloneGroups: readonly CommandGroup[] = [productCommands, simulatorCommands, laboratoryCommands];

/** With all commands loaded. */
export function createCloneProgram(): Promise<Command> {
  return createProgram(cloneGroups);
}
