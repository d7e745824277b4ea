// The flags of `outrider bench allocation`.

import { Command } from 'commander';
import { benchAllocation } from '../experiments/allocation/allocation.ts';
import { wholeBetween } from './flag-parsers.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface AllocationFlags {
  readonly seeds: number;
  readonly json?: boolean;
}

export function benchAllocationCommand(): Command {
  return new Command('allocation')
    .description('how fast and how near the optimum decisions are, and what they save; presets paper and munich')
    .option('--seeds <count>', 'paired seeds for each size', wholeBetween(1, 1000), 10)
    .option('--json', 'print one JSON document')
    .action(async ({ seeds, json }: AllocationFlags) => {
      const bar = createWorkProgress();
      const result = await benchAllocation({ seeds, onProgress: bar.update });
      bar.stop();
      // Rows of three kinds make no table.
      const params = { seeds, policy: 'best' };
      printResult('bench allocation', { ...result, rows: json === true ? result.rows : [], params }, json === true);
    });
}
