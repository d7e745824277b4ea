// The flags of `outrider bench drafts`.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { OutriderError } from '../basics/errors.ts';
import { benchDrafts, type DraftsResult } from '../experiments/drafts/drafts.ts';
import { draftsFigure } from '../experiments/drafts/figure.ts';
import { readTraces } from '../experiments/drafts/traces.ts';
import { readPromptFiles } from '../files/prompt-files.ts';
import { checkFigure, writeFigure } from '../files/render-figure.ts';
import { findTraceFile, shippedTraceFilesOf } from '../files/shipped-traces.ts';
import { namesOf } from '../laboratory/pair-options.ts';
import { defaultCacheDirectory } from '../model-files/cache.ts';
import { numberBetween, numberList, wholeBetween } from './flag-parsers.ts';
import { pairOption } from './pair-flags.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface DraftsFlags {
  readonly pair: string;
  readonly target?: string;
  readonly drafts?: string;
  readonly prompts?: readonly string[];
  readonly traces?: readonly string[];
  readonly limit: number;
  readonly otherLimit: number;
  readonly tokens: number;
  readonly rtt: readonly number[];
  readonly deviceStep: number;
  readonly repeats: number;
  readonly resume?: string;
  readonly figure?: string;
  readonly json?: boolean;
}

const notes = `
Acceptance and ms per token come from acceptance traces: the shipped ones, or those that --traces names. With --prompts they are recorded
first, once for each draft, and kept in the cache; an interrupted recording goes on. ms per token is virtual time; only the cost ratio is
measured here. The summary is of one draft, which its "shipped" names: the pair's, or the first where that one is not among them.

Examples:
  outrider bench drafts
  outrider bench drafts --drafts drafts/out --prompts spec-bench.jsonl humaneval.jsonl gsm8k.jsonl --figure front.svg`;

export function draftsCommand(): Command {
  return new Command('drafts')
    .description('what drafts are worth: acceptance, cost, and ms per token of each mode from traces')
    .addOption(pairOption())
    .option('--target <name|path>', "what they draft for, if not the pair's target")
    .option(
      '--drafts <directory>',
      "with --prompts: every .gguf file in it, beside the pair's draft; with --traces: where their drafts are",
    )
    .option('--prompts <file...>', 'prompts to record: JSON lines, see docs/traces.md')
    .option(
      '--traces <name|file...>',
      'of each draft one at temperature 0, and for acceptance one above, all over the same prompts (default: the shipped ones)',
    )
    .option('--limit <count>', 'prompts of the first file, in turn from its tasks', wholeBetween(1, 100_000), 80)
    .option('--other-limit <count>', 'prompts of each other file', wholeBetween(1, 100_000), 20)
    .option('--tokens <count>', 'tokens of an answer at most', wholeBetween(8, 4096), 128)
    .option('--rtt <ms,...>', 'round-trip times', numberList(numberBetween(0, 10_000)), [0, 10, 30, 60])
    .option(
      '--device-step <ms>',
      'a step of the target on the device; a draft takes its cost ratio of it',
      numberBetween(0.001, 10_000),
      13.9,
    )
    .option('--repeats <count>', 'steps of each model that are timed', wholeBetween(3, 10_000), 60)
    .option('--resume <file>', 'keep what is found here, and go on from it')
    .option('--figure <file.svg>', 'draw the front, as SVG and beside it as PNG')
    .option('--json', 'print one JSON document')
    .addHelpText('after', notes)
    .action(runDrafts);
}

async function runDrafts(flags: DraftsFlags): Promise<void> {
  if (flags.figure !== undefined) await checkFigure(flags.figure);
  const { prompts: promptFiles = [], traces: traceFiles = [] } = flags;
  if (promptFiles.length > 0 && traceFiles.length > 0) {
    throw new OutriderError('bad-argument', 'the bench reads prompts or traces', 'give --prompts or --traces');
  }
  const counts = { first: flags.limit, others: flags.otherLimit };
  const progress = createWorkProgress();
  const { target, draft } = namesOf(flags);
  const named = traceFiles.length > 0 || promptFiles.length > 0 ? traceFiles : shippedTraceFilesOf(target);
  const result = await benchDrafts({
    target,
    draft,
    drafts: draftsIn(flags.drafts),
    prompts: promptFiles.length === 0 ? null : readPromptFiles(promptFiles, counts),
    traces: readTraces(named.map(findTraceFile)),
    traceDirectory: join(defaultCacheDirectory(), 'traces'),
    tokens: flags.tokens,
    roundTripsMs: flags.rtt,
    deviceStepMs: flags.deviceStep,
    repeats: flags.repeats,
    resume: flags.resume ?? null,
    onProgress: progress.update,
  });
  progress.stop();
  const shown = flags.json === true ? result : { ...result, rows: result.rows.map(briefly) };
  printResult('bench drafts', shown, flags.json === true);
  if (flags.figure !== undefined) await writeFigure(draftsFigure(result.rows), flags.figure);
}

/** @throws OutriderError `bad-argument` */
function draftsIn(directory: string | undefined): string[] {
  if (directory === undefined) return [];
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.gguf')) : [];
  if (names.length > 0) return names.toSorted().map((name) => join(directory, name));
  throw new OutriderError('bad-argument', `${directory} holds no .gguf file`, 'give the --out of "outrider draft fit"');
}

/** All keys side by side would not fit a terminal. */
function briefly(row: DraftsResult['rows'][number]): object {
  const { draft, layers, task, profile, roundTripMs, mode, window, lookUp, msPerToken, overAr, acceptance } = row;
  return { draft, layers, task, profile, rttMs: roundTripMs, mode, window, lookUp, msPerToken, overAr, acceptance };
}
