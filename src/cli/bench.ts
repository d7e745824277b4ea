// `outrider bench`: measures. Ratios come from one run, side by side.

import { Command } from 'commander';
import { benchEngine } from './bench-engine.ts';
import { wholeBetween } from './numbers.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface EngineFlags {
  readonly model: string;
  readonly draft: string;
  readonly repeats: number;
  readonly fast?: boolean;
  readonly threads?: number;
  readonly json?: boolean;
}

function engineCommand(): Command {
  return new Command('engine')
    .description(
      'what the models cost on this machine, unpaced: steps against rows, prefill, draft, reading a position',
    )
    .option('--model <name|path>', 'target', 'smollm2-135m')
    .option('--draft <name|path>', 'draft', 'smollm2-135m-short')
    .option('--repeats <count>', 'measured steps per case', wholeBetween(3, 1000), 15)
    .option('--fast', 'all cores, not bound to exact shapes')
    .option('--threads <count>', 'threads of the engine', wholeBetween(1, 1024))
    .option('--json', 'print one JSON document')
    .action(async ({ model, draft, repeats, fast, threads, json }: EngineFlags) => {
      const progress = createWorkProgress();
      const onProgress = (done: number, total: number): void => progress.update('steps', done, total);
      const result = await benchEngine({ model, draft, repeats, exact: fast !== true, threads, onProgress });
      progress.stop();
      printResult('bench engine', result, json === true);
    });
}

export function benchCommand(): Command {
  return new Command('bench').description('measure, and print ratios side by side').addCommand(engineCommand());
}
