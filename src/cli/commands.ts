// The commands of the product: one file each in the folders beside this one, loaded when it is asked for.

import { Command } from 'commander';
import { productExamples } from './examples.ts';
import type { CommandGroup } from './program.ts';

const draftDescription = 'check that a draft fits a target, or make one for it';

async function draftCommand(): Promise<Command> {
  const [{ draftCheckCommand }, { draftFitCommand }] = await Promise.all([
    import('./models/draft-check.ts'),
    import('./models/draft-fit.ts'),
  ]);
  return new Command('draft')
    .description(draftDescription)
    .addCommand(draftCheckCommand())
    .addCommand(draftFitCommand());
}

/** First those for whoever builds an application, then those for whoever runs an edge. */
export const productCommands: CommandGroup = {
  title: 'Product',
  examples: productExamples,
  commands: [
    {
      name: 'run',
      description: 'answer with an edge and a device as two processes here, over an emulated network',
      load: async () => (await import('./device/run.ts')).runCommand(),
    },
    {
      name: 'device',
      description: 'answer with a draft model on this machine and an edge that verifies',
      load: async () => (await import('./device/device.ts')).deviceCommand(),
    },
    {
      name: 'serve',
      description: 'an OpenAI-compatible endpoint on this machine: drafts here, an edge verifies',
      load: async () => (await import('./device/serve.ts')).serveCommand(),
    },
    {
      name: 'edge',
      description: 'serve a target model to devices',
      load: async () => (await import('./edge/edge.ts')).edgeCommand(),
    },
    {
      name: 'engine',
      description: 'install an engine, or serve llama.cpp to an edge in another process',
      load: async () => (await import('./engine/engine.ts')).engineCommand(),
    },
    {
      name: 'controller',
      description: 'decide which edge serves which device, and how each edge is shared',
      load: async () => (await import('./controller.ts')).controllerCommand(),
    },
    {
      name: 'config',
      description: 'the configuration file of edge, serve and controller',
      load: async () => (await import('./config.ts')).configCommand(),
    },
    {
      name: 'keys',
      description: 'who may use an edge: add, list, revoke and rotate keys',
      load: async () => (await import('./keys.ts')).keysCommand(),
    },
    {
      name: 'models',
      description: 'list, get, verify, prepare and remove model files',
      load: async () => (await import('./models/models.ts')).modelsCommand(),
    },
    {
      name: 'draft',
      description: draftDescription,
      load: draftCommand,
    },
    {
      name: 'doctor',
      description: 'check that everything is there, and measure what exact text costs on this machine',
      load: async () => (await import('./doctor/doctor.ts')).doctorCommand(),
    },
    {
      name: 'completion',
      description: 'print a script by which a shell completes commands, options and their values',
      load: async () => (await import('./completion.ts')).completionCommand(),
    },
  ],
};
