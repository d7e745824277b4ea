// The work of `outrider trace record`: prompts in, a trace out, interruptible between sessions.

import { OutriderError } from '../basics/errors.ts';
import type { Sampling } from '../decoding/sampling.ts';
import type { LanguageModel, Tokenizer } from '../models/model.ts';
import { type TracePrompt, TraceRecorder } from '../models/trace-recorder.ts';
import { demandNewTrace, openRecording } from './trace-files.ts';
import { type PromptFile, type PromptLine, takeInTurn, takeOfEach } from './trace-prompts.ts';

export interface RecordOptions {
  readonly out: string;
  readonly sampling: Sampling;
  readonly tokens: number;
  readonly wrongDepth: number;
  readonly limit?: number | undefined;
  readonly perCategory?: number | undefined;
  /** Of the models, added to that of the prompts. */
  readonly modelLicence: string;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

export interface RecordResult {
  readonly sessions: number;
  /** Of them, finished by an earlier run. */
  readonly resumed: number;
  /** Answer tokens that this run wrote. */
  readonly tokens: number;
  readonly seconds: number;
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
  const prompts = choose(file.prompts, options).map((line) => encode(target.tokenizer, line));
  demandRoom(prompts, recorder.longestPrompt);
  const licence = `prompts: ${file.licence}; models: ${options.modelLicence}`;
  const header = { ...recorder.header, source: file.source, licence };
  const planned = prompts.map(({ id, ids }) => ({ id, prompt: ids }));
  const recording = openRecording(options.out, header, planned);
  const resumed = recording.finished.length;
  const startMs = performance.now();
  let tokens = 0;
  for (const [index, prompt] of prompts.entries()) {
    if (index < resumed) continue;
    const told = (index - resumed) * answerTokens;
    const total = (prompts.length - resumed) * answerTokens;
    const session = await recorder.record(prompt, (count) => onProgress?.('tokens at most', told + count, total));
    recording.add(session);
    tokens += session.answer.length;
  }
  recording.finish();
  return { sessions: prompts.length, resumed, tokens, seconds: (performance.now() - startMs) / 1000 };
}

function choose(prompts: readonly PromptLine[], { limit, perCategory }: RecordOptions): readonly PromptLine[] {
  const ofEach = perCategory === undefined ? prompts : takeOfEach(prompts, perCategory);
  return limit === undefined ? ofEach : takeInTurn(ofEach, limit);
}

function encode(tokenizer: Tokenizer, { id, task, form }: PromptLine): TracePrompt {
  const ids = 'text' in form ? tokenizer.encode(form.text) : tokenizer.encodeChat(form.messages);
  if (ids.length > 0) return { id, task, ids };
  throw new OutriderError('bad-argument', `the prompt ${id} is empty`, 'leave it out');
}

function demandRoom(prompts: readonly TracePrompt[], longest: number): void {
  const tooLong = prompts.filter(({ ids }) => ids.length > longest);
  const worst = tooLong.toSorted((one, other) => other.ids.length - one.ids.length)[0];
  if (worst === undefined) return;
  const cause = `${tooLong.length} prompts are too long; ${worst.id} has ${worst.ids.length} tokens, there is room for ${longest}`;
  throw new OutriderError('context-full', cause, 'give a larger --context, or leave them out');
}
