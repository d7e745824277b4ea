// The program of a clone: the commands of all three houses.

import type { Command } from 'commander';
import { laboratoryCommands } from '../laboratory/commands/commands.ts';
import { simulatorCommands } from '../simulator/commands/commands.ts';
import { productCommands } from '../src/cli/commands.ts';
import { createProgram } from '../src/cli/program.ts';

export function createCloneProgram(): Command {
  return createProgram([productCommands, simulatorCommands, laboratoryCommands]);
}
