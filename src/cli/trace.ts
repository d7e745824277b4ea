// `outrider trace`: records what a draft says along a target's own texts, and shows what a recording holds.

import { Command } from 'commander';
import { traceRecordExperiment } from '../experiments/traces/record.ts';
import { traceShowExperiment } from '../experiments/traces/statistics.ts';
import { experimentCommand } from './run-experiment.ts';

export function traceCommand(): Command {
  return new Command('trace')
    .description('acceptance traces: with one, sessions are replayed without a model')
    .addCommand(experimentCommand(traceRecordExperiment))
    .addCommand(experimentCommand(traceShowExperiment));
}
