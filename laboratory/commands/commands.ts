// The commands of the laboratory. Only a clone has them; the published package refuses them with a message that names the clone
// (bin/published-program.ts).

import type { CommandGroup } from '../../src/cli/program.ts';

const resultsDescription = 'print a kept result of a bench or a trial as tables, in Markdown';
const reproduceDescription =
  "the paper's figures: data, pictures, and a page that says which claims hold here and which do not";

const checkDescription =
  'run every case of the engine contract against an engine, and say which it keeps (needs a clone)';

export const laboratoryCommands: CommandGroup = {
  title: 'Laboratory (needs a clone)',
  commands: [
    {
      name: 'bench',
      description: 'measure, and print ratios side by side',
      load: async () => (await import('./bench.ts')).benchCommand(),
    },
    {
      name: 'trial',
      description: 'conformance and fuzz tests: each tries to break one promise, and counts',
      load: async () => (await import('./trial.ts')).trialCommand(),
    },
    {
      name: 'reproduce',
      description: reproduceDescription,
      load: async () => {
        const { experimentGroup } = await import('../../simulator/runner/run-experiment.ts');
        const { reproductions } = await import('../experiments/paper/reproduce.ts');
        return experimentGroup('reproduce', reproduceDescription, reproductions);
      },
    },
    {
      name: 'results',
      description: resultsDescription,
      load: async () => (await import('./results.ts')).resultsCommand(resultsDescription),
    },
  ],
  subcommands: {
    engine: [
      {
        name: 'check',
        description: checkDescription,
        load: async () => (await import('./engine-check.ts')).engineCheckCommand(),
      },
    ],
  },
};
