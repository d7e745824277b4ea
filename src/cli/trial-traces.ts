// `outrider trial traces`: its flags, its models, its exit status.

import { Command } from 'commander';
import { openModel } from '../engines/open-model.ts';
import { requirePair } from '../model-files/manifest.ts';
import { trialTraces } from '../trials/traces/traces.ts';
import { createAcquireReport } from './acquire-report.ts';
import { numberBetween, numberList, wholeBetween } from './flag-parsers.ts';
import { createLawReport } from './law-report.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface TracesFlags {
  readonly pair: string;
  readonly target?: string;
  readonly draft?: string;
  readonly prompts: number;
  readonly tokens: number;
  readonly temperature: readonly number[];
  readonly rtt: readonly number[];
  readonly confidence: readonly number[];
  readonly ahead: number;
  readonly wrongDepth?: number;
  readonly json?: boolean;
}

export function tracesCommand(): Command {
  return new Command('traces')
    .description('is a replayed trace the session that the models would have decoded? Real models, virtual time')
    .option('--pair <name>', 'target and draft, from "outrider models list"', 'default')
    .option('--target <model>', "instead of the pair's: a name, a path or toy:SEED")
    .option('--draft <model>', "instead of the pair's; also ngram")
    .option('--prompts <count>', 'only the first so many prompts', wholeBetween(1, 1000), 4)
    .option('--tokens <count>', 'tokens per text', wholeBetween(1, 1024), 48)
    .option('--temperature <number,...>', 'temperatures', numberList(numberBetween(0, 10)), [0, 0.8])
    .option('--rtt <ms,...>', 'round-trip times', numberList(numberBetween(0, 10_000)), [0, 10, 60])
    .option('--confidence <share,...>', 'chains are cut below this', numberList(numberBetween(0, 1)), [0, 0.3])
    .option('--ahead <count>', 'drafts beyond the committed text', wholeBetween(1, 256), 24)
    .option('--wrong-depth <count>', 'tokens of a recorded wrong chain; default: as --ahead', wholeBetween(1, 256))
    .option('--json', 'print one JSON document')
    .action(run);
}

async function run(flags: TracesFlags): Promise<void> {
  const { tokens, ahead: maxAhead } = flags;
  const pair = flags.target === undefined || flags.draft === undefined ? requirePair(flags.pair) : undefined;
  const report = createAcquireReport();
  const { onProgress } = report;
  const law = createLawReport(flags.pair);
  const { onLawProgress } = law;
  // The draft as well: what it says must not depend on how far it was read before.
  const shape = { sequences: 2, contextLength: 2048, exact: true, onProgress, onLawProgress };
  await using target = await openModel(flags.target ?? pair?.target ?? '', { role: 'target', ...shape });
  const { tokenizer } = target;
  await using draft = await openModel(flags.draft ?? pair?.draft ?? '', { role: 'draft', tokenizer, ...shape });
  report.stop();
  law.stop();
  const progress = createWorkProgress();
  const result = await trialTraces(target, draft, {
    tokens,
    promptCount: flags.prompts,
    temperatures: flags.temperature,
    roundTripsMs: flags.rtt,
    minChainConfidences: flags.confidence,
    wrongDepth: flags.wrongDepth ?? maxAhead,
    maxAhead,
    onProgress: progress.update,
  });
  progress.stop();
  for (const difference of result.differences.slice(0, 5)) process.stderr.write(`${difference}\n`);
  printResult('trial traces', result, flags.json === true);
  if (result.differences.length > 0) process.exitCode = 1;
}
