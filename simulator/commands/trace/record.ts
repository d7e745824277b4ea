// The work of `outrider trace record`: prompts in, a trace out, interruptible between sessions.

import { statSync } from 'node:fs';
import { gpuOption } from '../../../src/cli/options/gpu-option.ts';
import { type ModelNames, namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { badArgument, OutriderError } from '../../../src/core/basics/errors.ts';
import { neutralSampling, type Sampling, validateSampling } from '../../../src/core/decoding/sampling.ts';
import { parseSeed } from '../../../src/core/options/options.ts';
import { modelLabel } from '../../../src/files/document.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { findModel } from '../../../src/models/files/manifest.ts';
import type { LanguageModel, Tokenizer } from '../../../src/models/port/model.ts';
import { type PromptFile, type PromptLine, readPromptFiles, takeOfEach } from '../../files/prompt-files.ts';
import { demandNewTrace, openRecording, readTrace } from '../../files/trace-files.ts';
import type { Experiment } from '../../runner/experiment.ts';
import { modelProgress } from '../../runner/model-progress.ts';
import type { Trace, TraceHeader } from '../../traces/trace.ts';
import { type TracePrompt, TraceRecorder } from '../../traces/trace-recorder.ts';

export interface RecordOptions {
  readonly out: string;
  readonly sampling: Sampling;
  readonly tokens: number;
  readonly wrongDepth: number;
  /** A trace of the same target and sampling: its answers are not written again. */
  readonly known?: Trace | undefined;
  readonly perCategory?: number | undefined;
  /** Licence of the models, added to that of the prompts. */
  readonly modelLicence: string;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

export interface RecordResult {
  readonly sessions: number;
  /** Sessions that an earlier run finished. */
  readonly resumed: number;
  /** Answer tokens that this run wrote. */
  readonly tokens: number;
  readonly seconds: number;
}

const options = {
  prompts: {
    flag: '--prompts <file...>',
    help: 'JSON lines: Spec-Bench, HumanEval, GSM8K, {"prompt"} or {"messages"}',
    texts: true,
    isRequired: true,
  },
  out: { flag: '--out <file>', help: 'the trace; FILE.partial while it grows', isRequired: true },
  pair: pairOption as typeof pairOption,
  target: { flag: '--target <model>', help: "instead of the pair's: a name, a path or toy:SEED" },
  draft: { flag: '--draft <model>', help: "instead of the pair's; also ngram" },
  tokens: { flag: '--tokens <count>', help: 'most tokens of an answer', whole: [1, 4096], default: 128 },
  temperature: { flag: '--temperature <number>', help: '0: the most likely token', number: [0, 10], default: 0 },
  seed: {
    flag: '--seed <number>',
    help: 'seed of the sampling noise, above temperature 0',
    parse: parseSeed as (text: string) => bigint,
    default: 0n as bigint,
    defaultLabel: '0',
  },
  limit: {
    flag: '--limit <count>',
    help: 'prompts of the first file, taken in turn from the categories',
    whole: [1, 1_000_000],
  },
  otherLimit: { flag: '--other-limit <count>', help: 'the same for each other file', whole: [1, 1_000_000] },
  perCategory: {
    flag: '--per-category <count>',
    help: 'prompts of each category at most, the first ones',
    whole: [1, 1_000_000],
  },
  answers: {
    flag: '--answers <trace>',
    help: 'take the answers from a trace of the same target, prompts and sampling: half the work',
  },
  wrongDepth: { flag: '--wrong-depth <count>', help: 'recorded tokens of a wrong chain', whole: [1, 256], default: 8 },
  contextLength: {
    flag: '--context <tokens>',
    help: 'tokens that prompt and answer may have together',
    whole: [64, 131_072],
    default: 4096,
  },
  gpu: gpuOption as typeof gpuOption,
  threads: { flag: '--threads <count>', help: 'threads of each model', whole: [1, 256], default: 1 },
  licence: { flag: '--licence <text>', help: 'of the models, for the header; default: as the manifest says' },
} as const;

interface Recorded {
  readonly made: RecordResult;
  readonly fileKilobytes: number;
}

export const traceRecordExperiment: Experiment<typeof options, Recorded> = {
  name: 'trace record',
  examples: ['outrider trace record --prompts prompts.jsonl --out my.trace'],
  description:
    "record what a draft says at every position of the target's own texts; continues where it was interrupted",
  options,
  async measure(asked, run) {
    demandNewTrace(asked.out);
    const file = readPromptFiles(asked.prompts, { first: asked.limit, others: asked.otherLimit });
    const names = namesOf(asked);
    const { contextLength, threads, gpu, tokens, wrongDepth, out, perCategory } = asked;
    const { onProgress } = run;
    const shape = { sequences: 1, contextLength, threads, gpu, exact: true };
    const targetShape = { role: 'target', ...shape, ...modelProgress(run, names.target) } as const;
    await using target = await openModel(names.target, targetShape);
    const { tokenizer } = target;
    const sampling = { ...neutralSampling, temperature: asked.temperature, seed: asked.seed };
    validateSampling(sampling, tokenizer.vocabularySize);
    // The draft is exact too: a call reads many positions, and must give the results of single steps.
    const draftShape = { role: 'draft', tokenizer, ...shape, ...modelProgress(run, names.draft) } as const;
    await using draft = await openModel(names.draft, draftShape);
    const modelLicence = asked.licence ?? licenceOf(names);
    const known = asked.answers === undefined ? undefined : readTrace(asked.answers);
    const settings = { sampling, tokens, wrongDepth, out, perCategory, modelLicence, known, onProgress };
    return { made: await recordTrace(target, draft, file, settings), fileKilobytes: statSync(out).size / 1000 };
  },
  conclude({ made, fileKilobytes }, asked) {
    const { tokens, seconds } = made;
    const tokensPerSecond = seconds === 0 ? 0 : tokens / seconds;
    const { target, draft } = namesOf(asked);
    const { temperature, wrongDepth, contextLength, threads, gpu } = asked;
    const named = { target: modelLabel(target), draft: modelLabel(draft) };
    return {
      rows: [],
      summary: { ...made, tokensPerSecond, fileKilobytes },
      params: { ...named, tokens: asked.tokens, temperature, wrongDepth, contextLength, threads, gpu },
      seed: Number(asked.seed),
    };
  },
};

function licenceOf(names: ModelNames): string {
  const licences = [names.target, names.draft].map((name) => findModel(name)?.licence ?? 'unknown');
  return [...new Set(licences)].join(', ');
}

/** @throws OutriderError `bad-argument`, `context-full`, `tokenizer-mismatch` before anything is evaluated */
export async function recordTrace(
  target: LanguageModel,
  draft: LanguageModel,
  file: PromptFile,
  options: RecordOptions,
): Promise<RecordResult> {
  const { sampling, tokens: answerTokens, wrongDepth, onProgress } = options;
  demandNewTrace(options.out);
  await using recorder = new TraceRecorder(target, draft, { sampling, answerTokens, wrongDepth });
  const chosen = options.perCategory === undefined ? file.prompts : takeOfEach(file.prompts, options.perCategory);
  const prompts = chosen.map((line) => encode(target.tokenizer, line));
  demandRoom(prompts, recorder.longestPrompt);
  const licence = `prompts: ${file.licence}; models: ${options.modelLicence}`;
  const made = { ...recorder.header, source: file.source, licence };
  const answers = knownAnswers(options.known, made);
  // The fingerprint is that of the machine on which the target wrote.
  const header = { ...made, target: options.known?.header.target ?? made.target };
  if (header.target.fingerprint !== made.target.fingerprint) demandAnswers(prompts, answers);
  const planned = prompts.map(({ id, ids }) => ({ id, prompt: ids }));
  const recording = openRecording(options.out, header, planned);
  const resumed = recording.finished.length;
  const startMs = performance.now();
  let tokens = 0;
  for (const [index, prompt] of prompts.entries()) {
    if (index < resumed) continue;
    const before = (index - resumed) * answerTokens;
    const total = (prompts.length - resumed) * answerTokens;
    const onToken = (count: number): void => onProgress?.('tokens at most', before + count, total);
    const session = await recorder.record(prompt, { onToken, answer: answers.get(prompt.ids.join()) });
    recording.add(session);
    tokens += session.answer.length;
  }
  recording.finish();
  return { sessions: prompts.length, resumed, tokens, seconds: (performance.now() - startMs) / 1000 };
}

/** Answers by prompt. @throws OutriderError `bad-argument` when they belong to another recording */
function knownAnswers(known: Trace | undefined, header: TraceHeader): ReadonlyMap<string, readonly number[]> {
  if (known === undefined) return new Map();
  const decisive = ({ target, sampling, answerTokens, tokenizerHash }: TraceHeader): string =>
    JSON.stringify([target.name, sampling, answerTokens, tokenizerHash], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  if (decisive(known.header) !== decisive(header)) {
    const cause = 'the answers are of another target, sampling or length';
    throw badArgument(cause, 'leave --answers out, or give the flags that they were made with');
  }
  return new Map(known.sessions.map(({ prompt, answer }) => [prompt.join(), answer]));
}

/** Answers of another machine stay those of that machine, so none may be written here. */
function demandAnswers(prompts: readonly TracePrompt[], answers: ReadonlyMap<string, readonly number[]>): void {
  const missing = prompts.filter(({ ids }) => !answers.has(ids.join()));
  if (missing.length === 0) return;
  const cause = `${missing.length} prompts have no answer there, first ${missing[0]?.id}, and the target was another build or machine`;
  throw badArgument(cause, 'leave --answers out, or record the same prompts');
}

function encode(tokenizer: Tokenizer, { id, task, form }: PromptLine): TracePrompt {
  const ids = 'text' in form ? tokenizer.encode(form.text) : tokenizer.encodeChat(form.messages);
  if (ids.length > 0) return { id, task, ids };
  throw badArgument(`the prompt ${id} is empty`, 'leave it out');
}

function demandRoom(prompts: readonly TracePrompt[], longest: number): void {
  const tooLong = prompts.filter(({ ids }) => ids.length > longest);
  const worst = tooLong.toSorted((one, other) => other.ids.length - one.ids.length)[0];
  if (worst === undefined) return;
  const cause = `${tooLong.length} prompts are too long; ${worst.id} has ${worst.ids.length} tokens, there is room for ${longest}`;
  throw new OutriderError('context-full', cause, 'give a larger --context, or leave them out');
}
