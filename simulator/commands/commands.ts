// The commands of the simulator: one file each beside this one, or an experiment in the one shape, loaded when it is asked for.

import type { CommandGroup, ListedCommand } from '../../src/cli/program.ts';
import type { AnyExperiment } from '../runner/experiment.ts';
import { simulatorExamples } from './examples.ts';

/** A command with a subcommand for each experiment. */
function group(name: string, description: string, experiments: () => Promise<readonly AnyExperiment[]>): ListedCommand {
  return {
    name,
    description,
    load: async () => {
      const { experimentGroup } = await import('../runner/run-experiment.ts');
      return experimentGroup(name, description, await experiments());
    },
  };
}

export const simulatorCommands: CommandGroup = {
  title: 'Simulator',
  examples: simulatorExamples,
  commands: [
    {
      name: 'simulate',
      description: 'run a scenario under one policy or several and report the objective, its terms, latency and energy',
      load: async () => {
        const { experimentCommand } = await import('../runner/run-experiment.ts');
        return experimentCommand((await import('./simulate/simulate.ts')).simulateExperiment);
      },
    },
    {
      name: 'allocate',
      description: 'decide the user association and the shares of one slot',
      load: async () => (await import('./allocate.ts')).allocateCommand(),
    },
    {
      name: 'scenario',
      description: 'list, show and check the worlds of the simulator',
      load: async () => (await import('./scenario.ts')).scenarioCommand(),
    },
    {
      name: 'map',
      description: 'radio maps: coverage and pictures',
      load: async () => (await import('./map.ts')).mapCommand(),
    },
    group('trace', 'acceptance traces: with one, sessions are replayed without a model', async () => [
      (await import('./trace/record.ts')).traceRecordExperiment,
      (await import('./trace/statistics.ts')).traceShowExperiment,
    ]),
    group('train', 'train a policy', async () => [
      (await import('./train/train.ts')).trainMasac,
      (await import('./train/sweep.ts')).trainSweep,
    ]),
    {
      name: 'env',
      description: 'the simulator as an environment for learning libraries, over standard input and output',
      load: async () => (await import('./env.ts')).envCommand(),
    },
    {
      name: 'live',
      description: 'a controller, several edges and many devices together here: who reads from where, and how fast',
      load: async () => (await import('./live/live.ts')).liveCommand(),
    },
  ],
};
