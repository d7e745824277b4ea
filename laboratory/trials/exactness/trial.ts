// `outrider trial exactness`: for a pair, for any model, and for copies of a model in other weight formats.

import type { Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { modelProgress } from '../../../simulator/runner/model-progress.ts';
import { engineOptions } from '../../../src/cli/options/engine-options.ts';
import { gpuOption } from '../../../src/cli/options/gpu-option.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { defined } from '../../../src/core/basics/defined.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { modeNames } from '../../../src/core/protocol/wire/mode.ts';
import type { Result } from '../../../src/files/document.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { fileBytes } from '../../../src/models/files/cache.ts';
import { isWeightFormat, type WeightFormatName, weightFormats } from '../../../src/models/gguf/weight-formats.ts';
import { otherEngine } from '../../measuring/other-engine.ts';
import { type ArchitectureOptions, namedCases, trialArchitectures } from './architectures/architectures.ts';
import { cases } from './architectures/cases.ts';
import { trialExactness } from './exactness.ts';
import { trialFormats } from './formats.ts';
import type { ExactnessOptions } from './trial-models.ts';

/** Formats of which copies are tried where none are named. */
const usualFormats = ['Q8_0', 'Q4_0', 'Q4_K', 'Q5_K', 'Q6_K', 'IQ4_NL', 'F16'];
/** Sizes of calls and contexts, in tokens, of a trial that is shortened. */
const shortSizes = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 24];
const shortContexts = [64, 600];
/** From this size on a model is tried with less, so that a trial takes half an hour and not half a day. */
const largeBytes = 400e6;

const notes = `Examples:
  outrider trial exactness                              the default pair
  outrider trial exactness --pair qwen2.5-coder         the second pair: K-quants
  outrider trial exactness --model PATH                 any GGUF file; its drafts are its own
  outrider trial exactness --pair qwen2.5-coder --engine ik
  outrider trial exactness --formats                    copies of the target in ${usualFormats.join(', ')}
  outrider trial exactness --formats Q4_K,Q6_K          only these
  outrider trial exactness --architectures              small made files of many kinds: exact, or refused in words

A target of more than ${largeBytes / 1e6} MB, and each copy that --formats makes, is tried with the 8 shortest prompts, 48 tokens and round trips
of 0 and 60 ms unless flags say otherwise; and with fewer sizes of calls (${shortSizes.join(', ')}) at contexts of ${shortContexts.join(' and ')} tokens.
Formats that can be made: ${Object.keys(weightFormats).join(', ')}. Copies draft for themselves.
Files of --architectures: ${cases.map(({ name }) => name).join(', ')}.`;

const options = {
  pair: pairOption as typeof pairOption,
  target: { flag: '--model <name|path>', help: "instead of the pair's target; without --draft it drafts for itself" },
  draft: { flag: '--draft <name|path>', help: "instead of the pair's draft" },
  formats: {
    flag: '--formats [names...]',
    help: 'also test copies of the target in these weight formats; names with commas or spaces',
    type: undefined as unknown as readonly string[] | true,
  },
  architectures: {
    flag: '--architectures [names...]',
    help: 'instead of a model: small files made on the spot; each must be exact, or refused for the right reason',
    type: undefined as unknown as readonly string[] | true,
  },
  engine: engineOptions.engine as typeof engineOptions.engine,
  gpu: gpuOption as typeof gpuOption,
  tokens: { flag: '--tokens <count>', help: 'tokens per text (default: 64)', whole: [1, 1024] },
  roundTripsMs: {
    flag: '--rtt <ms,...>',
    help: 'round-trip times of the emulated network (default: 0,20,100)',
    numbers: [0, 10_000],
  },
  temperatures: { flag: '--temperature <number,...>', help: 'temperatures', numbers: [0, 10], default: [0, 0.8] },
  contexts: {
    flag: '--contexts <tokens,...>',
    help: 'lengths of the text at which call shapes are compared (default: 64,600,1500)',
    numbers: [1, 131_072],
  },
  promptCount: { flag: '--prompts <count>', help: 'use only this many prompts, the shortest ones', whole: [1, 1000] },
  full: { flag: '--full', help: 'all prompts of a small target, in place of the 6 shortest' },
} as const;

type Options = OptionsOf<typeof options>;

export const exactnessTrial: Experiment<typeof options, Result> = {
  name: 'trial exactness',
  lasts: '4 minutes',
  fullLasts: '9',
  description: 'check that every text equals the text of the target alone: real models, real sockets, any GGUF file',
  notes,
  options,
  async measure(given, run) {
    if (given.architectures !== undefined) return trialArchitectures(architecturesOf(given, run));
    if (given.formats !== undefined && given.draft !== undefined) {
      const cause = '--draft and --formats exclude each other: a copy in another format drafts for itself';
      throw badArgument(cause, 'leave one of them out');
    }
    const formats = given.formats === undefined ? undefined : formatsOf(given.formats);
    const settings = { ...(await settingsOf(given, run)), onProgress: run.onProgress, signal: run.signal };
    return formats === undefined ? trialExactness(settings) : trialFormats(formats, settings);
  },
  conclude(found) {
    const { wrong, shapeMismatches } = found.summary;
    return { ...found, passed: wrong === 0 && shapeMismatches === 0 };
  },
};

/** @throws OutriderError `bad-argument` */
function architecturesOf(given: Options, { onProgress, signal }: Run): ArchitectureOptions {
  const named = { ...given, engine: otherEngine(given) };
  const other = (['target', 'draft', 'formats', 'engine'] as const).find((name) => named[name] !== undefined);
  if (other !== undefined)
    throw badArgument(`--architectures and ${flagOf(other)} exclude each other`, 'leave one of them out');
  const only = namedCases(given.architectures as readonly string[] | true);
  return { onProgress, signal, ...defined({ only }) };
}

const flagOf = (name: 'target' | 'draft' | 'formats' | 'engine'): string => options[name].flag.split(' ')[0] ?? '';

async function settingsOf(given: Options, run: Run): Promise<ExactnessOptions> {
  const { target, draft } = namesOf(given);
  const hasDraft = given.formats === undefined && (given.target === undefined || given.draft !== undefined);
  const { path } = await acquireModel(target, modelProgress(run, target));
  const isLarge = ((await fileBytes(path)) ?? 0) > largeBytes;
  const isShort = isLarge || given.formats !== undefined;
  const promptCount = given.promptCount ?? (isShort ? 8 : given.full ? undefined : 6);
  return {
    target,
    ...(hasDraft ? { draft } : {}),
    tokens: given.tokens ?? (isShort ? 48 : 64),
    roundTripsMs: given.roundTripsMs ?? (isShort ? [0, 60] : [0, 20, 100]),
    temperatures: given.temperatures,
    modes: modeNames,
    ...defined({ engine: otherEngine(given) }),
    ...(given.gpu === 'off' ? {} : { gpu: given.gpu }),
    ...(isShort ? { callSizes: shortSizes, contextLengths: shortContexts, positions: 24 } : {}),
    ...(given.contexts === undefined ? {} : { contextLengths: given.contexts }),
    ...(promptCount === undefined ? {} : { promptCount, whichPrompts: 'shortest' }),
  };
}

/** @throws OutriderError `bad-argument` */
export function formatsOf(formats: readonly string[] | true): WeightFormatName[] {
  const names = formats === true ? usualFormats : formats.flatMap((text) => text.split(',')).filter(Boolean);
  return names.map((name) => {
    const upper = name.toUpperCase();
    if (isWeightFormat(upper)) return upper;
    const remedy = `Take one of ${Object.keys(weightFormats).join(', ')}.`;
    throw badArgument(`${name} is not a weight format that can be written here`, remedy);
  });
}
