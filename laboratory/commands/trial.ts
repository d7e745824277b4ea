// `outrider trial`: conformance and fuzz tests. Each tries to break one promise, and counts. Exit status 1: the promise is broken.

import type { Command } from 'commander';
import type { AnyExperiment } from '../../simulator/runner/experiment.ts';
import { experimentGroup } from '../../simulator/runner/run-experiment.ts';
import { abuseTrial } from '../trials/abuse/abuse.ts';
import { accessTrial } from '../trials/access/access.ts';
import { accuracyTrial } from '../trials/accuracy/accuracy.ts';
import { allocationTrial } from '../trials/allocation/allocation.ts';
import { apiTrial } from '../trials/api/api.ts';
import { chaosTrial } from '../trials/chaos/chaos.ts';
import { couplingTrial } from '../trials/coupling/coupling.ts';
import { exactnessTrial } from '../trials/exactness/trial.ts';
import { faultsTrial } from '../trials/faults/faults.ts';
import { framesTrial } from '../trials/frames/frames.ts';
import { pageTrial } from '../trials/page/page.ts';
import { sharesTrial } from '../trials/shares/shares.ts';
import { soakTrial } from '../trials/soak/soak.ts';

export const trials: readonly AnyExperiment[] = [
  exactnessTrial,
  accuracyTrial,
  couplingTrial,
  framesTrial,
  faultsTrial,
  abuseTrial,
  accessTrial,
  apiTrial,
  pageTrial,
  chaosTrial,
  allocationTrial,
  sharesTrial,
  soakTrial,
];

export function trialCommand(): Command {
  return experimentGroup('trial', 'conformance and fuzz tests: each tries to break one promise, and counts', trials);
}
