// `outrider draft`: checks that a draft fits a target, or makes one.

import { Command } from 'commander';
import { draftCheckCommand } from './draft-check.ts';
import { draftFitCommand } from './draft-fit.ts';

export function draftCommand(): Command {
  return new Command('draft')
    .description('check that a draft fits a target, or make one for it')
    .addCommand(draftCheckCommand())
    .addCommand(draftFitCommand());
}
