// The work of `outrider trace record`: prompts in, a trace out, interruptible between sessions.

import { OutriderError } from '../../basics/errors.ts';
import type { Sampling } from '../../decoding/sampling.ts';
import { type PromptFile, type PromptLine, takeOfEach } from '../../files/prompt-files.ts';
import { demandNewTrace, openRecording } from '../../files/trace-files.ts';
import type { LanguageModel, Tokenizer } from '../../models/model.ts';
import { type TracePrompt, TraceRecorder } from '../../models/trace-recorder.ts';
import type { Trace, TraceHeader } from '../../traces/trace.ts';

export interface RecordOptions {
  readonly out: string;
  readonly sampling: Sampling;
  readonly tokens: number;
  readonly wrongDepth: number;
  /** A trace of the same target and sampling: answers that it holds need not be written again. */
  readonly known?: Trace | undefined;
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
  const chosen = options.perCategory === undefined ? file.prompts : takeOfEach(file.prompts, options.perCategory);
  const prompts = chosen.map((line) => encode(target.tokenizer, line));
  demandRoom(prompts, recorder.longestPrompt);
  const licence = `prompts: ${file.licence}; models: ${options.modelLicence}`;
  const header = { ...recorder.header, source: file.source, licence };
  const answers = knownAnswers(options.known, header);
  const planned = prompts.map(({ id, ids }) => ({ id, prompt: ids }));
  const recording = openRecording(options.out, header, planned);
  const resumed = recording.finished.length;
  const startMs = performance.now();
  let tokens = 0;
  for (const [index, prompt] of prompts.entries()) {
    if (index < resumed) continue;
    const told = (index - resumed) * answerTokens;
    const total = (prompts.length - resumed) * answerTokens;
    const onToken = (count: number): void => onProgress?.('tokens at most', told + count, total);
    const session = await recorder.record(prompt, { onToken, answer: answers.get(prompt.ids.join()) });
    recording.add(session);
    tokens += session.answer.length;
  }
  recording.finish();
  return { sessions: prompts.length, resumed, tokens, seconds: (performance.now() - startMs) / 1000 };
}

/** Answers by prompt. @throws OutriderError `bad-argument` when they would not be this recording's */
function knownAnswers(known: Trace | undefined, header: TraceHeader): ReadonlyMap<string, readonly number[]> {
  if (known === undefined) return new Map();
  const decisive = ({ target, sampling, answerTokens, tokenizerHash }: TraceHeader): string =>
    JSON.stringify([target, sampling, answerTokens, tokenizerHash], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  if (decisive(known.header) !== decisive(header)) {
    const cause = 'the answers are of another target, sampling or length';
    throw new OutriderError('bad-argument', cause, 'leave --answers out, or give the flags that they were made with');
  }
  return new Map(known.sessions.map(({ prompt, answer }) => [prompt.join(), answer]));
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
