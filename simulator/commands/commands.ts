// The commands of the simulator: one file each beside this one, or an experiment in the one shape.

import type { CommandGroup } from '../../src/cli/program.ts';
import { experimentCommand, experimentGroup } from '../runner/run-experiment.ts';
import { allocateCommand } from './allocate.ts';
import { envCommand } from './env.ts';
import { liveCommand } from './live/live.ts';
import { mapCommand } from './map.ts';
import { scenarioCommand } from './scenario.ts';
import { simulateExperiment } from './simulate/simulate.ts';
import { traceRecordExperiment } from './trace/record.ts';
import { traceShowExperiment } from './trace/statistics.ts';
import { trainSweep } from './train/sweep.ts';
import { trainMasac } from './train/train.ts';

const traceDescription = 'acceptance traces: with one, sessions are replayed without a model';

export const simulatorCommands: CommandGroup = {
  title: 'Simulator',
  commands: [
    () => experimentCommand(simulateExperiment),
    allocateCommand,
    scenarioCommand,
    mapCommand,
    () => experimentGroup('trace', traceDescription, [traceRecordExperiment, traceShowExperiment]),
    () => experimentGroup('train', 'train a policy', [trainMasac, trainSweep]),
    envCommand,
    liveCommand,
  ],
};
