// `outrider engine`: install an engine, and serve llama.cpp to an edge in another process. A clone checks engines, too
// (laboratory/commands/engine-check.ts).

import { Command } from 'commander';
import { engineInstallCommand } from './engine-install.ts';
import { engineServeCommand } from './engine-serve.ts';

export function engineCommand(): Command {
  return new Command('engine')
    .description('install an engine, or serve llama.cpp to an edge in another process')
    .addCommand(engineServeCommand())
    .addCommand(engineInstallCommand());
}
