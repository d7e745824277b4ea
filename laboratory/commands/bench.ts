// `outrider bench`: measures. Ratios come from one run, side by side.

import type { Command } from 'commander';
import type { AnyExperiment } from '../../simulator/runner/experiment.ts';
import { experimentGroup } from '../../simulator/runner/run-experiment.ts';
import { capacityExperiment } from '../experiments/capacity/capacity.ts';
import { controllerExperiment } from '../experiments/controller/controller.ts';
import { draftsExperiment } from '../experiments/drafts/drafts.ts';
import { engineExperiment } from '../experiments/engine/engine.ts';
import { liveExperiment } from '../experiments/live/bench-live.ts';
import { autoExperiment } from '../experiments/modes/auto.ts';
import { modesExperiment } from '../experiments/modes/modes.ts';
import { allocationExperiment } from '../experiments/policies/allocation.ts';
import { coupledExperiment } from '../experiments/policies/coupled.ts';
import { feltExperiment } from '../experiments/policies/felt.ts';
import { learnedExperiment } from '../experiments/policies/learned.ts';
import { serveExperiment } from '../experiments/serve/serve.ts';

export const benches: readonly AnyExperiment[] = [
  engineExperiment,
  modesExperiment,
  autoExperiment,
  draftsExperiment,
  capacityExperiment,
  allocationExperiment,
  coupledExperiment,
  learnedExperiment,
  feltExperiment,
  liveExperiment,
  serveExperiment,
  controllerExperiment,
];

export function benchCommand(): Command {
  return experimentGroup('bench', 'measure, and print ratios side by side', benches);
}
