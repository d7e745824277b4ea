// Flags of `outrider trial allocation`.

import { Command } from 'commander';
import { trialAllocation } from '../trials/allocation/allocation.ts';
import { wholeBetween } from './flag-parsers.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface AllocationFlags {
  readonly instances: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function trialAllocationCommand(): Command {
  return new Command('allocation')
    .description('is any bound above an exact optimum, and how far is the best policy from it? Random slots')
    .option('--instances <count>', 'random slots; a thirtieth as many larger ones beside', wholeBetween(12, 1e6), 120)
    .option('--seed <number>', 'seed of the trial', wholeBetween(0, 2 ** 48), 1)
    .option('--json', 'print one JSON document')
    .action(async ({ instances, seed, json }: AllocationFlags) => {
      const bar = createWorkProgress();
      const result = await trialAllocation({ instances, seed, onProgress: bar.update });
      bar.stop();
      printResult('trial allocation', { ...result, params: { instances }, seed }, json === true);
      if (!result.summary.promiseHeld) process.exitCode = 1;
    });
}
