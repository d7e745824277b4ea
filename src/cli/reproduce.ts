// `outrider reproduce`: a command for each figure of the paper, and one for all.

import { Command } from 'commander';
import { reproductions } from '../experiments/paper/reproduce.ts';
import { experimentCommand } from './run-experiment.ts';

export function reproduceCommand(): Command {
  const command = new Command('reproduce').description(
    "the paper's figures: data, pictures, and a page that says which claims hold here and which do not",
  );
  for (const one of reproductions) command.addCommand(experimentCommand(one));
  return command;
}
