// `outrider trace`: records what a draft says along a target's own texts, and shows what a recording holds.

import { statSync } from 'node:fs';
import { Command, Option } from 'commander';
import { neutralSampling, validateSampling } from '../decoding/sampling.ts';
import { openModel } from '../engines/open-model.ts';
import { recordTrace } from '../experiments/traces/record.ts';
import { showTrace, type TraceGrouping } from '../experiments/traces/statistics.ts';
import { modelLabel } from '../files/document.ts';
import { readPromptFiles } from '../files/prompt-files.ts';
import { findTraceFile, shippedTraceNames } from '../files/shipped-traces.ts';
import { demandNewTrace, readTrace } from '../files/trace-files.ts';
import { type ModelNames, namesOf } from '../laboratory/pair-options.ts';
import { findModel } from '../model-files/manifest.ts';
import { createAcquireReport } from './acquire-report.ts';
import { numberBetween, seedFlag, wholeBetween } from './flag-parsers.ts';
import { createLawReport } from './law-report.ts';
import { pairOption } from './pair-flags.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface RecordFlags {
  readonly prompts: readonly string[];
  readonly out: string;
  readonly pair: string;
  readonly target?: string;
  readonly draft?: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly seed: bigint;
  readonly limit?: number;
  readonly otherLimit?: number;
  readonly perCategory?: number;
  readonly answers?: string;
  readonly wrongDepth: number;
  readonly context: number;
  readonly threads: number;
  readonly licence?: string;
  readonly json?: boolean;
}

function recordCommand(): Command {
  return new Command('record')
    .description('let a target write, and note what a draft says at every position; goes on where it was interrupted')
    .requiredOption('--prompts <file...>', 'JSON lines: Spec-Bench, HumanEval, GSM8K, {"prompt"} or {"messages"}')
    .requiredOption('--out <file>', 'the trace; FILE.partial while it grows')
    .addOption(pairOption())
    .option('--target <model>', "instead of the pair's: a name, a path or toy:SEED")
    .option('--draft <model>', "instead of the pair's; also ngram")
    .option('--tokens <count>', 'tokens per answer at most', wholeBetween(1, 4096), 128)
    .option('--temperature <number>', '0: the likeliest token', numberBetween(0, 10), 0)
    .addOption(
      new Option('--seed <number>', 'seed of the noise, above temperature 0').argParser(seedFlag).default(0n, '0'),
    )
    .option(
      '--limit <count>',
      'prompts of the first file, taken in turn from the categories',
      wholeBetween(1, 1_000_000),
    )
    .option('--other-limit <count>', 'the same of each other file', wholeBetween(1, 1_000_000))
    .option('--per-category <count>', 'the first so many of each category', wholeBetween(1, 1_000_000))
    .option(
      '--answers <trace>',
      'take the answers from a trace of the same target, prompts and sampling: half the work',
    )
    .option('--wrong-depth <count>', 'tokens that a wrong chain is followed', wholeBetween(1, 256), 8)
    .option('--context <tokens>', 'longest text', wholeBetween(64, 131_072), 4096)
    .option('--threads <count>', 'threads of each model', wholeBetween(1, 256), 1)
    .option('--licence <text>', 'of the models, for the header; default: as the manifest says')
    .option('--json', 'print one JSON document')
    .action(runRecord);
}

async function runRecord(flags: RecordFlags): Promise<void> {
  demandNewTrace(flags.out);
  const file = readPromptFiles(flags.prompts, { first: flags.limit, others: flags.otherLimit });
  const names = namesOf(flags);
  const report = createAcquireReport();
  const law = createLawReport(names.target);
  const { context: contextLength, threads } = flags;
  const shape = { sequences: 1, contextLength, threads, exact: true, onProgress: report.onProgress };
  await using target = await openModel(names.target, {
    role: 'target',
    ...shape,
    onLawProgress: law.onLawProgress,
  });
  law.stop();
  const { tokenizer } = target;
  const sampling = { ...neutralSampling, temperature: flags.temperature, seed: flags.seed };
  validateSampling(sampling, tokenizer.vocabularySize);
  // Exact as well: positions are read many at a time, and must say what single steps would say.
  const draftLaw = createLawReport(names.draft);
  await using draft = await openModel(names.draft, {
    role: 'draft',
    tokenizer,
    ...shape,
    onLawProgress: draftLaw.onLawProgress,
  });
  draftLaw.stop();
  report.stop();
  const progress = createWorkProgress();
  const { tokens, wrongDepth, out, perCategory } = flags;
  const modelLicence = flags.licence ?? licenceOf(names);
  const settings = { sampling, tokens, wrongDepth, out, perCategory, modelLicence };
  const known = flags.answers === undefined ? undefined : readTrace(flags.answers);
  const { sessions, resumed, ...made } = await recordTrace(target, draft, file, {
    ...settings,
    known,
    onProgress: progress.update,
  });
  progress.stop();
  const fileKilobytes = statSync(out).size / 1000;
  const tokensPerSecond = made.seconds === 0 ? 0 : made.tokens / made.seconds;
  const summary = { sessions, resumed, tokens: made.tokens, seconds: made.seconds, tokensPerSecond, fileKilobytes };
  const named = { target: modelLabel(names.target), draft: modelLabel(names.draft) };
  const params = { ...named, tokens, temperature: flags.temperature, wrongDepth, contextLength, threads };
  printResult('trace record', { rows: [], summary, params, seed: Number(flags.seed) }, flags.json === true);
}

function licenceOf(names: ModelNames): string {
  const licences = [names.target, names.draft].map((name) => findModel(name)?.licence ?? 'unknown');
  return [...new Set(licences)].join(', ');
}

function showCommand(): Command {
  return new Command('show')
    .description('sessions, acceptance by task, and how hits and misses cluster')
    .argument('<name|file>', 'a shipped trace, or a file')
    .addOption(
      new Option('--by <what>', 'rows: by task, or by how many tokens are alike where looking back finds some')
        .choices(['task', 'match'])
        .default('task'),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', () => `\nShipped traces: ${shippedTraceNames().join(', ')}`)
    .action((name: string, { by, json }: { by: TraceGrouping; json?: boolean }) => {
      const path = findTraceFile(name);
      printResult('trace show', showTrace(readTrace(path), statSync(path).size, by), json === true);
    });
}

export function traceCommand(): Command {
  return new Command('trace')
    .description('acceptance traces: with one, sessions are replayed without a model')
    .addCommand(recordCommand())
    .addCommand(showCommand());
}
