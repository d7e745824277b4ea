// The commands of the laboratory. Only a clone has them; the published package refuses them with a message that names the clone
// (bin/published-program.ts).

import { experimentGroup } from '../../simulator/runner/run-experiment.ts';
import type { CommandGroup } from '../../src/cli/program.ts';
import { reproductions } from '../experiments/paper/reproduce.ts';
import { benchCommand } from './bench.ts';
import { trialCommand } from './trial.ts';

const reproduceDescription =
  "the paper's figures: data, pictures, and a page that says which claims hold here and which do not";

export const laboratoryCommands: CommandGroup = {
  title: 'Laboratory (needs a clone)',
  commands: [benchCommand, trialCommand, () => experimentGroup('reproduce', reproduceDescription, reproductions)],
};
