// `outrider bench`: measures. Ratios come from one run, side by side.

import { Command } from 'commander';
import { ablationExperiment } from '../experiments/ablation/ablation.ts';
import { coupledExperiment } from '../experiments/coupled/coupled.ts';
import { draftsExperiment } from '../experiments/drafts/drafts.ts';
import { benchEngine } from '../experiments/engine/engine.ts';
import { benchLoad } from '../experiments/load/load.ts';
import { modesExperiment } from '../experiments/modes/modes.ts';
import { benchSimulate } from '../experiments/simulator/speed.ts';
import { namesOf } from '../laboratory/pair-options.ts';
import { benchAllocationCommand } from './bench-allocation.ts';
import { wholeBetween } from './flag-parsers.ts';
import { createLawReport } from './law-report.ts';
import { prepareModels } from './model-room.ts';
import { pairOption } from './pair-flags.ts';
import { printResult } from './result-output.ts';
import { experimentCommand } from './run-experiment.ts';
import { createWorkProgress } from './work-progress.ts';

interface EngineFlags {
  readonly pair: string;
  readonly model?: string;
  readonly draft?: string;
  readonly repeats: number;
  readonly fast?: boolean;
  readonly threads?: number;
  readonly json?: boolean;
}

function engineCommand(): Command {
  return new Command('engine')
    .description(
      'what the models cost on this machine, unpaced: steps against rows, prefill, draft, reading a position, exactness',
    )
    .addOption(pairOption())
    .option('--model <name|path>', "target instead of the pair's")
    .option('--draft <name|path>', "draft instead of the pair's")
    .option('--repeats <count>', 'measured steps per case', wholeBetween(3, 1000), 15)
    .option(
      '--fast',
      'all cores but one, no shape law; says how often choices differ, and leaves out what exactness costs',
    )
    .option(
      '--threads <count>',
      'threads of the engine (default: 1; with --fast all cores but one)',
      wholeBetween(1, 1024),
    )
    .option('--json', 'print one JSON document')
    .action(async ({ repeats, fast, threads, json, ...flags }: EngineFlags) => {
      const { target: model, draft } = namesOf({ ...flags, target: flags.model });
      const progress = createWorkProgress();
      const law = createLawReport(model);
      const result = await benchEngine({
        model,
        draft,
        repeats,
        exact: fast !== true,
        threads,
        prepare: prepareModels,
        onLawProgress: law.onLawProgress,
        onProgress: (done, total) => {
          law.stop();
          progress.update('steps', done, total);
        },
      });
      progress.stop();
      printResult('bench engine', result, json === true);
    });
}

interface LoadFlags {
  readonly sessions: number;
  readonly seconds: number;
  readonly maxRows: number;
  readonly json?: boolean;
}

function loadCommand(): Command {
  return new Command('load')
    .description('many devices at one edge process: pace, memory, fairness, exactness. Toy models, real sockets')
    .option('--sessions <count>', 'devices that write at the same time', wholeBetween(2, 1000), 50)
    .option('--seconds <count>', 'how long', wholeBetween(5, 86_400), 20)
    .option('--max-rows <count>', 'tokens of all sessions in one step at most', wholeBetween(1, 1024), 32)
    .option('--json', 'print one JSON document')
    .action(async ({ sessions, seconds, maxRows, json }: LoadFlags) => {
      const progress = createWorkProgress();
      const settings = { sessions, seconds, maxRows, maxAhead: 8, agreement: 0.8 };
      const result = await benchLoad({ ...settings, onProgress: progress.update });
      progress.stop();
      // A row per device is for machines.
      printResult('bench load', json === true ? result : { ...result, rows: [] }, json === true);
      if (!result.summary.promiseHeld) process.exitCode = 1;
    });
}

function simulateCommand(): Command {
  return new Command('simulate')
    .description('how fast the simulator is on one core, slots and tokens, beside mobile-env (Python, fetched once)')
    .option('--repeats <count>', 'the best of so many', wholeBetween(1, 100), 5)
    .option('--repeat-ms <ms>', 'processor time of each', wholeBetween(10, 600_000), 1000)
    .option('--no-mobile-env', 'leave mobile-env out')
    .option('--json', 'print one JSON document')
    .action(async (flags: { repeats: number; repeatMs: number; mobileEnv: boolean; json?: boolean }) => {
      const progress = createWorkProgress();
      const mobileEnvSteps = flags.mobileEnv ? 200 : 0;
      const result = await benchSimulate({ ...flags, mobileEnvSteps, onProgress: progress.update });
      progress.stop();
      printResult('bench simulate', result, flags.json === true);
    });
}

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure, and print ratios side by side')
    .addCommand(engineCommand())
    .addCommand(experimentCommand(modesExperiment))
    .addCommand(experimentCommand(draftsExperiment))
    .addCommand(experimentCommand(ablationExperiment).alias('ideas'))
    .addCommand(loadCommand())
    .addCommand(benchAllocationCommand())
    .addCommand(experimentCommand(coupledExperiment))
    .addCommand(simulateCommand());
}
