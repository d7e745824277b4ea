// `outrider trial exactness`: for a pair, for any model, and for copies of a model in other weight formats.

import { Command } from 'commander';
import { OutriderError } from '../basics/errors.ts';
import { isWeightFormat, type WeightFormatName, weightFormats } from '../gguf/weight-formats.ts';
import { namesOf } from '../laboratory/pair-options.ts';
import { acquireModel } from '../model-files/acquire.ts';
import { fileBytes } from '../model-files/cache.ts';
import { modeNames } from '../protocol/mode.ts';
import { type ExactnessOptions, trialExactness } from '../trials/exactness/exactness.ts';
import { trialFormats } from '../trials/exactness/formats.ts';
import { numberBetween, numberList, wholeBetween } from './flag-parsers.ts';
import { pairOption } from './pair-flags.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface ExactnessFlags {
  readonly pair: string;
  readonly model?: string;
  readonly draft?: string;
  readonly formats?: readonly string[] | true;
  readonly tokens?: number;
  readonly rtt?: readonly number[];
  readonly temperature: readonly number[];
  readonly prompts?: number;
  readonly json?: boolean;
}

/** Formats of which copies are tried where none are named. */
const usualFormats = ['Q8_0', 'Q4_0', 'Q4_K', 'Q5_K', 'Q6_K', 'IQ4_NL', 'F16'];
/** Sizes of calls and contexts, in tokens, of a trial that is shortened. */
const shortSizes = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 24];
const shortContexts = [64, 600];
/** From this size on a model is tried with less, so that a trial takes half an hour and not half a day. */
const largeBytes = 400e6;

const examples = `
Examples:
  outrider trial exactness                              the default pair
  outrider trial exactness --pair qwen2.5-coder         the second pair: K-quants
  outrider trial exactness --model PATH                 any GGUF file; its drafts are its own
  outrider trial exactness --formats                    copies of the target in ${usualFormats.join(', ')}
  outrider trial exactness --formats Q4_K,Q6_K          only these

A target of more than ${largeBytes / 1e6} MB, and each copy that --formats makes, is tried with the 8 shortest prompts, 48 tokens and round trips
of 0 and 60 ms unless flags say otherwise; and with fewer sizes of calls (${shortSizes.join(', ')}) at contexts of ${shortContexts.join(' and ')} tokens.
Formats that can be made: ${Object.keys(weightFormats).join(', ')}. Copies draft for themselves.`;

export function exactnessCommand(): Command {
  return new Command('exactness')
    .description('is every text the one that the target writes by itself? Real models, real sockets')
    .addOption(pairOption())
    .option('--model <name|path>', "instead of the pair's target; without --draft it drafts for itself")
    .option('--draft <name|path>', "instead of the pair's draft")
    .option(
      '--formats [names...]',
      'copies of the target in these weight formats, made for the trial; names with commas or spaces',
    )
    .option('--tokens <count>', 'tokens per text (default: 64)', wholeBetween(1, 1024))
    .option(
      '--rtt <ms,...>',
      'round-trip times of the emulated network (default: 0,20,100)',
      numberList(numberBetween(0, 10_000)),
    )
    .option('--temperature <number,...>', 'temperatures', numberList(numberBetween(0, 10)), [0, 0.8])
    .option('--prompts <count>', 'only the shortest so many prompts', wholeBetween(1, 1000))
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples)
    .action(async (flags: ExactnessFlags) => {
      if (flags.formats !== undefined && flags.draft !== undefined) throw draftWithFormats();
      const formats = flags.formats === undefined ? undefined : formatsOf(flags.formats);
      const progress = createWorkProgress();
      const options = { ...(await optionsOf(flags)), onProgress: progress.update };
      const result = await (formats === undefined ? trialExactness(options) : trialFormats(formats, options));
      progress.stop();
      printResult('trial exactness', result, flags.json === true);
      const { wrong, shapeMismatches } = result.summary;
      if (wrong !== 0 || shapeMismatches !== 0) process.exitCode = 1;
    });
}

async function optionsOf(flags: ExactnessFlags): Promise<ExactnessOptions> {
  const { target, draft } = namesOf({ pair: flags.pair, target: flags.model, draft: flags.draft });
  const hasDraft = flags.formats === undefined && (flags.model === undefined || flags.draft !== undefined);
  const { path } = await acquireModel(target);
  const isLarge = ((await fileBytes(path)) ?? 0) > largeBytes;
  const isShort = isLarge || flags.formats !== undefined;
  const promptCount = flags.prompts ?? (isShort ? 8 : undefined);
  return {
    target,
    ...(hasDraft ? { draft } : {}),
    tokens: flags.tokens ?? (isShort ? 48 : 64),
    roundTripsMs: flags.rtt ?? (isShort ? [0, 60] : [0, 20, 100]),
    temperatures: flags.temperature,
    modes: modeNames,
    ...(isShort ? { callSizes: shortSizes, contextLengths: shortContexts, positions: 24 } : {}),
    ...(promptCount === undefined ? {} : { promptCount, whichPrompts: 'shortest' }),
  };
}

function draftWithFormats(): OutriderError {
  const cause = '--draft and --formats exclude each other: a copy in another format drafts for itself';
  return new OutriderError('bad-argument', cause, 'leave one of them out');
}

/** @throws OutriderError `bad-argument` */
export function formatsOf(formats: readonly string[] | true): WeightFormatName[] {
  const names = formats === true ? usualFormats : formats.flatMap((text) => text.split(',')).filter(Boolean);
  return names.map((name) => {
    const upper = name.toUpperCase();
    if (isWeightFormat(upper)) return upper;
    throw new OutriderError(
      'bad-argument',
      `${name} is not a weight format that can be written here`,
      `Take one of ${Object.keys(weightFormats).join(', ')}.`,
    );
  });
}
