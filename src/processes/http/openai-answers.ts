// Answers of the routes /v1/chat/completions and /v1/completions, whole and as chunks. The order of the chunks is the one that the
// official clients demand: role, text, finish reason, usage where it is asked for.

import {
  type AnswerEvent,
  type AnswerFormat,
  type AnswerHead,
  type AnswerStream,
  type ChoicePart,
  fingerprintsOf,
  specOf,
  specOfAll,
  systemFingerprint,
  type WholeChoice,
} from './answer-format.ts';
import type { AnswerToken, CompletionEnd, Standing } from './completion-port.ts';
import { chatLogprobs, TextLogprobs } from './logprob-answers.ts';
import { factsOfEnd } from './outrider-headers.ts';

export interface AnswerWishes {
  readonly includesUsage: boolean;
  /** Choices of each prompt. */
  readonly choices: number;
  /** Whether chunks report drafts. Default: they do not. */
  readonly facts?: boolean;
}

/** What differs between the two routes. */
interface Shape {
  readonly object: string;
  readonly chunkObject: string;
  whole(index: number, choice: WholeChoice): object;
  /** One for each stream. */
  chunks(): Chunks;
}

type Logprobs = readonly AnswerToken[] | null;

/** Choices in chunks; null: this part is no chunk of its own. */
interface Chunks {
  /** Before the first part of a choice. */
  begin(index: number): object | null;
  part(index: number, part: ChoicePart, logprobs: Logprobs): object | null;
  finish(index: number, choice: WholeChoice, logprobs: Logprobs): object;
}

type FinishReason = 'stop' | 'length' | 'tool_calls';

function finishReasonOf({ end, calls }: WholeChoice): FinishReason {
  if (end.reason === 'length') return 'length';
  return calls.length > 0 ? 'tool_calls' : 'stop';
}

/**
 * `usage` of an answer; drafts are counted as predicted tokens are. Rejected ones are no part of `completion_tokens`.
 * @param choices of each prompt, which counts once, with the mean of what was cached for each
 */
function usageOf(ends: readonly CompletionEnd[], choices: number): object {
  const sum = (of: (end: CompletionEnd) => number): number => ends.reduce((total, end) => total + of(end), 0);
  const prompt = sum(({ promptTokens }) => promptTokens) / choices;
  const completion = sum(({ completionTokens }) => completionTokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: Math.floor(sum(({ cachedTokens = 0 }) => cachedTokens) / choices) },
    completion_tokens_details: {
      accepted_prediction_tokens: sum(({ acceptedDrafts }) => acceptedDrafts),
      rejected_prediction_tokens: sum(({ rejectedDrafts }) => rejectedDrafts),
    },
  };
}

const chatShape: Shape = {
  object: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  whole: (index, choice) => ({
    index,
    message: messageOf(choice),
    logprobs: chatLogprobs(choice.logprobs),
    finish_reason: finishReasonOf(choice),
  }),
  chunks: () => ({
    begin: (index) => ({ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
    part(index, part, logprobs) {
      const delta = deltaOf(part);
      const ofTokens = chatLogprobs(logprobs);
      return delta === null && ofTokens === null
        ? null
        : { index, delta: delta ?? {}, logprobs: ofTokens, finish_reason: null };
    },
    finish: (index, choice, logprobs) => {
      return { index, delta: {}, logprobs: chatLogprobs(logprobs), finish_reason: finishReasonOf(choice) };
    },
  }),
};

function messageOf({ text, calls }: WholeChoice): object {
  const message = { role: 'assistant', content: text === '' && calls.length > 0 ? null : text, refusal: null };
  if (calls.length === 0) return message;
  const tool_calls = calls.map(({ id, name, arguments: json }) => {
    return { id, type: 'function', function: { name, arguments: json } };
  });
  return { ...message, tool_calls };
}

function deltaOf(part: ChoicePart): object | null {
  if (part.kind === 'text') return { content: part.text };
  if (part.kind === 'call-end') return null;
  const { call: index } = part;
  if (part.kind === 'arguments') return { tool_calls: [{ index, function: { arguments: part.text } }] };
  return { tool_calls: [{ index, id: part.id, type: 'function', function: { name: part.name, arguments: '' } }] };
}

const textShape: Shape = {
  object: 'text_completion',
  chunkObject: 'text_completion',
  whole: (index, choice) => ({
    index,
    text: choice.text,
    logprobs: new TextLogprobs().next(choice.logprobs),
    finish_reason: finishReasonOf(choice),
  }),
  chunks() {
    const writers: TextLogprobs[] = [];
    const nextOf = (index: number, logprobs: Logprobs): object | null => {
      const writer = writers[index] ?? new TextLogprobs();
      writers[index] = writer;
      return writer.next(logprobs);
    };
    return {
      begin: () => null,
      part: (index, part, logprobs) => {
        const text = part.kind === 'text' ? part.text : '';
        return { index, text, logprobs: nextOf(index, logprobs), finish_reason: null };
      },
      finish: (index, choice, logprobs) => {
        return { index, text: '', logprobs: nextOf(index, logprobs), finish_reason: finishReasonOf(choice) };
      },
    };
  },
};

export const chatFormat = (head: AnswerHead, wishes: AnswerWishes): AnswerFormat => formatOf(chatShape, head, wishes);
export const textFormat = (head: AnswerHead, wishes: AnswerWishes): AnswerFormat => formatOf(textShape, head, wishes);

/** The fields that every object of one answer begins with. */
type Envelope = (object: string, fingerprints: readonly string[], spec: object) => object;

function formatOf(
  shape: Shape,
  { id, createdSeconds: created, model }: AnswerHead,
  wishes: AnswerWishes,
): AnswerFormat {
  const envelope: Envelope = (object, fingerprints, spec) => {
    return { id, object, created, model, system_fingerprint: systemFingerprint(fingerprints), ...spec };
  };
  return {
    callPrefix: 'call_',
    whole: (choices) => {
      const ends = choices.map(({ end }) => end);
      return {
        ...envelope(shape.object, fingerprintsOf(choices), specOfAll(ends)),
        choices: choices.map((choice, index) => shape.whole(index, choice)),
        usage: usageOf(ends, wishes.choices),
      };
    },
    stream: () => streamOf(shape, envelope, wishes),
  };
}

function streamOf(shape: Shape, envelope: Envelope, wishes: AnswerWishes): AnswerStream {
  const { includesUsage, choices: each, facts: hasFacts = false } = wishes;
  const shaped = shape.chunks();
  const writers = new Map<number, readonly string[]>();
  const known = new Map<number, Standing>();
  const note = (index: number, standing: Standing | undefined, fingerprints?: readonly string[]): void => {
    if (fingerprints !== undefined) writers.set(index, fingerprints);
    if (standing !== undefined) known.set(index, standing);
  };
  const chunksOf = (index: number, choice: object | null, outrider?: object): readonly AnswerEvent[] => {
    if (choice === null) return [];
    const fields = envelope(shape.chunkObject, writers.get(index) ?? [], specOf(known.get(index)));
    const facts = hasFacts && outrider !== undefined ? { outrider } : {};
    return [{ data: { ...fields, ...(includesUsage ? { usage: null } : {}), choices: [choice], ...facts } }];
  };
  return {
    begin: (fingerprints, prompts, standings) =>
      prompts.flatMap((_, index) => {
        note(index, standings[index], fingerprints);
        return chunksOf(index, shaped.begin(index));
      }),
    part(index, part, { standing, fingerprints, pieces, logprobs }) {
      note(index, standing, fingerprints);
      return chunksOf(index, shaped.part(index, part, logprobs), pieces && { pieces });
    },
    finish(index, choice, logprobs) {
      note(index, choice.end.standing);
      return chunksOf(index, shaped.finish(index, choice, logprobs), factsOfEnd(choice.end));
    },
    done(ends) {
      const fingerprints = new Set(ends.flatMap((end) => end.fingerprints));
      const fields = envelope(shape.chunkObject, [...fingerprints], specOfAll(ends));
      const usage = includesUsage ? [{ data: { ...fields, usage: usageOf(ends, each), choices: [] } }] : [];
      return [...usage, { data: '[DONE]' }];
    },
    failed: (error) => [{ data: error.body }],
  };
}
