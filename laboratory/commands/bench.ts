// `outrider bench`: measures. Ratios come from one run, side by side.

import { type Command, Help } from 'commander';
import type { AnyExperiment } from '../../simulator/runner/experiment.ts';
import { experimentGroup } from '../../simulator/runner/run-experiment.ts';
import { ablationExperiment } from '../experiments/ablation/ablation.ts';
import { capacityExperiment } from '../experiments/capacity/capacity.ts';
import { contextExperiment } from '../experiments/context/context.ts';
import { controllerExperiment } from '../experiments/controller/controller.ts';
import { draftsExperiment } from '../experiments/drafts/drafts.ts';
import { engineExperiment } from '../experiments/engine/engine.ts';
import { fleetExperiment } from '../experiments/fleet/fleet.ts';
import { liveExperiment } from '../experiments/live/bench-live.ts';
import { loadExperiment } from '../experiments/load/load.ts';
import { autoExperiment } from '../experiments/modes/auto.ts';
import { modesExperiment } from '../experiments/modes/modes.ts';
import { allocationExperiment } from '../experiments/policies/allocation.ts';
import { coupledExperiment } from '../experiments/policies/coupled.ts';
import { feltExperiment } from '../experiments/policies/felt.ts';
import { learnedExperiment } from '../experiments/policies/learned.ts';
import { predictionExperiment } from '../experiments/prediction/prediction.ts';
import { serveExperiment } from '../experiments/serve/serve.ts';
import { simulatorExperiment } from '../experiments/simulator/speed.ts';
import { tabExperiment } from '../experiments/tab/bench-tab.ts';

export const benches: readonly AnyExperiment[] = [
  engineExperiment,
  modesExperiment,
  autoExperiment,
  draftsExperiment,
  ablationExperiment,
  loadExperiment,
  capacityExperiment,
  contextExperiment,
  allocationExperiment,
  coupledExperiment,
  learnedExperiment,
  feltExperiment,
  liveExperiment,
  predictionExperiment,
  serveExperiment,
  tabExperiment,
  controllerExperiment,
  fleetExperiment,
  simulatorExperiment,
];

export function benchCommand(): Command {
  const group = experimentGroup('bench', 'measure, and print ratios side by side', benches);
  group.commands.find((command) => command.name() === 'ablation')?.alias('ideas');
  // That old name still works, but the list does not show it.
  return group.configureHelp({ subcommandTerm: (command) => new Help().subcommandTerm(command).replace('|ideas', '') });
}
