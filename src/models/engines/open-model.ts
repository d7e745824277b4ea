// Opens a model by its name or path, or one of the engines that need no file.

import {
  abortSignal,
  type Check,
  type Checks,
  callback,
  checkOptions,
  clock,
  having,
  must,
  oneOf,
  optional,
  text,
  truth,
  whole,
} from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { badArgument, type OutriderError } from '../../core/basics/errors.ts';
import { gpuChoices } from '../../core/basics/gpu-choice.ts';
import { type AcquireProgress, acquireModel } from '../files/acquire.ts';
import { readMappedDraftFile } from '../gguf/model-files.ts';
import { parseEngineSpec } from '../port/engine-spec.ts';
import type { LanguageModel, Tokenizer } from '../port/model.ts';
import { parseModelSpec } from '../port/model-spec.ts';
import { createNgramModel } from '../port/ngram.ts';
import { paceModel } from '../port/paced.ts';
import { findProfile } from '../port/profiles.ts';
import { createToyModel } from '../port/toy.ts';
import { tryFileOnce } from './file-trial.ts';
import { demandSequences, type LlamaOptions, openLlamaModel } from './llama.ts';
import { openMappedDraft } from './mapped-draft.ts';
import { preciseSleep } from './precise-sleep.ts';
import { openRemoteModel } from './remote/open-remote.ts';
import type { EngineEvent } from './remote/remote-model.ts';

type EngineOptions = Pick<
  LlamaOptions,
  'sequences' | 'contextLength' | 'exact' | 'threads' | 'gpu' | 'cacheDirectory' | 'onLawProgress'
>;

/** How a model is opened, whichever engine runs it. */
export interface OpenModelOptions extends EngineOptions {
  readonly role: 'target' | 'draft';
  /** "llama" (default), "ik", "vllm:FOLDER", "unix:PATH" or "tcp:PORT": what runs a target. */
  readonly engine?: string | undefined;
  /** Where the engine runs in another process: a GGUF file of its model, or a name in the manifest; default: the model. */
  readonly tokenizerFile?: string | undefined;
  /** Whether a target that is not exact first counts how often its choices depend on the calls, and reports it; default true. */
  readonly countsChanges?: boolean | undefined;
  /** Called where an engine in another process is lost, awaited, back, or ended for good. */
  readonly onEngine?: ((event: EngineEvent) => void) | undefined;
  /** Name of a latency profile to pace the model to; needs `clock`. */
  readonly profile?: string | undefined;
  readonly clock?: Clock | undefined;
  /** The target's; needed by "ngram" only. */
  readonly tokenizer?: Tokenizer | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: AcquireProgress) => void) | undefined;
}

/** Also for a device, which hands it on. */
export const gpuCheck: Check = must(`Give true, false or one of ${gpuChoices.join(', ')}.`, (value) => {
  return typeof value === 'boolean' || gpuChoices.some((choice) => choice === value);
});

const openChecks: Checks<OpenModelOptions> = {
  role: oneOf(['target', 'draft']),
  engine: optional(text),
  tokenizerFile: optional(text),
  onEngine: optional(callback),
  countsChanges: optional(truth),
  sequences: whole(1),
  contextLength: whole(1),
  exact: truth,
  threads: optional(whole(0)),
  gpu: optional(gpuCheck),
  profile: optional(text),
  clock: optional(clock),
  tokenizer: optional(having('a tokenizer', 'hash', 'vocabularySize', 'encode', 'bytes')),
  cacheDirectory: optional(text),
  signal: optional(abortSignal),
  onProgress: optional(callback),
  onLawProgress: optional(callback),
};

/**
 * A file that the manifest does not know is opened in a child process first, once on a machine: an abort of the engine ends that one.
 * @param spec see ModelSpec; "none" is no model
 * @throws OutriderError `bad-argument`, and what acquireModel and openLlamaModel throw
 */
export async function openModel(spec: string, options: OpenModelOptions): Promise<LanguageModel> {
  text('openModel: the model', spec);
  checkOptions('openModel', options, openChecks);
  const { profile: profileName, clock } = options;
  if (profileName === undefined) return openUnpaced(spec, options);
  const profile = findProfile(profileName);
  if (clock === undefined) {
    throw badArgument(`latency profile ${profileName} needs a clock`, 'Pass the clock of the process.');
  }
  return paceModel(await openUnpaced(spec, options), profile, { clock, sleepUntil: preciseSleep(clock) });
}

async function openUnpaced(spec: string, options: OpenModelOptions): Promise<LanguageModel> {
  const { role, sequences, contextLength, cacheDirectory, signal, onProgress } = options;
  const engine = parseEngineSpec(options.engine ?? 'llama');
  if (engine.kind !== 'llama') {
    if (role === 'draft') throw badArgument('a draft runs in this process', 'Give an engine for the target only.');
    return openRemoteModel(engine, { ...options, model: spec });
  }
  const asked = parseModelSpec(spec);
  if (asked.kind === 'toy') return createToyModel({ ...asked, role, sequences, contextLength });
  if (asked.kind === 'ngram') {
    return createNgramModel({ tokenizer: requireTokenizer(options.tokenizer), sequences, contextLength });
  }
  demandSequences(sequences);
  const { path, entry, sha256 } = await acquireModel(spec, { cacheDirectory, signal, onProgress });
  const mapped = await readMappedDraftFile(path);
  if (mapped !== undefined && role === 'target') throw notATarget(spec);
  const countsChanges = role === 'target' && !options.exact && options.countsChanges !== false;
  const { exact, threads, gpu, onLawProgress } = options;
  const file = {
    path,
    name: entry?.name,
    sha256,
    cacheDirectory,
    sequences,
    contextLength,
    exact,
    threads,
    gpu,
    onLawProgress,
    countsChanges,
  };
  if (entry === undefined) await tryFileOnce({ ...file, signal, encodes: mapped === undefined });
  const open = (): Promise<LanguageModel> => openLlamaModel(file);
  return mapped === undefined ? open() : openMappedDraft(mapped, open);
}

function notATarget(spec: string): OutriderError {
  return badArgument(
    `${spec} is a draft for a target with a larger vocabulary, and can't be a target`,
    'Name it as a draft (--draft; role "draft" in code), and its target as the target.',
  );
}

function requireTokenizer(tokenizer: Tokenizer | undefined): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw badArgument('n-gram look-up has no tokenizer of its own', "Open the target's tokenizer first and pass it.");
}
