// `outrider bench`: measures. Ratios come from one run, side by side.

import { Command, Help } from 'commander';
import { experimentCommand } from '../../simulator/runner/run-experiment.ts';
import { ablationExperiment } from '../experiments/ablation/ablation.ts';
import { autoExperiment } from '../experiments/modes/auto.ts';
import { capacityExperiment } from '../experiments/capacity/capacity.ts';
import { contextExperiment } from '../experiments/context/context.ts';
import { controllerExperiment } from '../experiments/controller/controller.ts';
import { draftsExperiment } from '../experiments/drafts/drafts.ts';
import { engineExperiment } from '../experiments/engine/engine.ts';
import { liveExperiment } from '../experiments/live/bench-live.ts';
import { loadExperiment } from '../experiments/load/load.ts';
import { modesExperiment } from '../experiments/modes/modes.ts';
import { allocationExperiment } from '../experiments/policies/allocation.ts';
import { coupledExperiment } from '../experiments/policies/coupled.ts';
import { feltExperiment } from '../experiments/policies/felt.ts';
import { learnedExperiment } from '../experiments/policies/learned.ts';
import { predictionExperiment } from '../experiments/prediction/prediction.ts';
import { serveExperiment } from '../experiments/serve/serve.ts';
import { simulatorExperiment } from '../experiments/simulator/speed.ts';

export function benchCommand(): Command {
  return (
    new Command('bench')
      .description('measure, and print ratios side by side')
      // The old name of `ablation` still works, but the list does not show it.
      .configureHelp({ subcommandTerm: (command) => new Help().subcommandTerm(command).replace('|ideas', '') })
      .addCommand(experimentCommand(engineExperiment))
      .addCommand(experimentCommand(modesExperiment))
      .addCommand(experimentCommand(autoExperiment))
      .addCommand(experimentCommand(draftsExperiment))
      .addCommand(experimentCommand(ablationExperiment).alias('ideas'))
      .addCommand(experimentCommand(loadExperiment))
      .addCommand(experimentCommand(capacityExperiment))
      .addCommand(experimentCommand(contextExperiment))
      .addCommand(experimentCommand(allocationExperiment))
      .addCommand(experimentCommand(coupledExperiment))
      .addCommand(experimentCommand(learnedExperiment))
      .addCommand(experimentCommand(feltExperiment))
      .addCommand(experimentCommand(liveExperiment))
      .addCommand(experimentCommand(predictionExperiment))
      .addCommand(experimentCommand(serveExperiment))
      .addCommand(experimentCommand(controllerExperiment))
      .addCommand(experimentCommand(simulatorExperiment))
  );
}
