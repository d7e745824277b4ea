// The commands of the product: one file each in the folders beside this one.

import { Command } from 'commander';
import { configCommand } from './config.ts';
import { controllerCommand } from './controller.ts';
import { deviceCommand } from './device/device.ts';
import { runCommand } from './device/run.ts';
import { serveCommand } from './device/serve.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { edgeCommand } from './edge/edge.ts';
import { keysCommand } from './keys.ts';
import { draftCheckCommand } from './models/draft-check.ts';
import { draftFitCommand } from './models/draft-fit.ts';
import { modelsCommand } from './models/models.ts';
import type { CommandGroup } from './program.ts';
import { replayCommand } from './replay.ts';

function draftCommand(): Command {
  return new Command('draft')
    .description('check that a draft fits a target, or make one for it')
    .addCommand(draftCheckCommand())
    .addCommand(draftFitCommand());
}

/** First those for whoever builds an application, then those for whoever runs an edge. */
export const productCommands: CommandGroup = {
  title: 'Product',
  commands: [
    runCommand,
    deviceCommand,
    serveCommand,
    replayCommand,
    edgeCommand,
    controllerCommand,
    configCommand,
    keysCommand,
    modelsCommand,
    draftCommand,
    doctorCommand,
  ],
};
