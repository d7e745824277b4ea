// Answers of the routes /v1/chat/completions and /v1/completions, whole and as chunks. The order of the chunks is the one that the
// official clients demand: role, text, finish reason, usage where it is asked for.

import {
  type AnswerFormat,
  type AnswerHead,
  type ChoicePart,
  fingerprintsOf,
  type PartNotes,
  specOf,
  specOfAll,
  systemFingerprint,
  type WholeChoice,
} from './answer-format.ts';
import type { AnswerToken, CompletionEnd, Standing } from './completion-port.ts';
import { chatLogprobs, TextLogprobs } from './logprob-answers.ts';

export interface AnswerWishes {
  readonly includesUsage: boolean;
  /** Choices of each prompt. */
  readonly choices: number;
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
 * @param choices of each prompt, which counts once
 */
function usageOf(ends: readonly CompletionEnd[], choices: number): object {
  const sum = (of: (end: CompletionEnd) => number): number => ends.reduce((total, end) => total + of(end), 0);
  const prompt = sum(({ promptTokens }) => promptTokens) / choices;
  const completion = sum(({ completionTokens }) => completionTokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
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

function formatOf(shape: Shape, head: AnswerHead, { includesUsage, choices: each }: AnswerWishes): AnswerFormat {
  const { id, createdSeconds: created, model } = head;
  return {
    callPrefix: 'call_',
    whole: (choices) => ({
      id,
      object: shape.object,
      created,
      model,
      system_fingerprint: systemFingerprint(fingerprintsOf(choices)),
      ...specOfAll(choices.map(({ end }) => end)),
      choices: choices.map((choice, index) => shape.whole(index, choice)),
      usage: usageOf(
        choices.map(({ end }) => end),
        each,
      ),
    }),
    stream() {
      const shaped = shape.chunks();
      const writers = new Map<number, readonly string[]>();
      const known = new Map<number, Standing>();
      const note = (
        index: number,
        { fingerprints, standing }: Partial<Pick<PartNotes, 'fingerprints' | 'standing'>>,
      ): void => {
        if (fingerprints !== undefined) writers.set(index, fingerprints);
        if (standing !== undefined) known.set(index, standing);
      };
      const chunksOf = (index: number, choice: object | null) => {
        if (choice === null) return [];
        const head = { id, object: shape.chunkObject, created, model };
        const about = { system_fingerprint: systemFingerprint(writers.get(index) ?? []), ...specOf(known.get(index)) };
        return [{ data: { ...head, ...about, ...(includesUsage ? { usage: null } : {}), choices: [choice] } }];
      };
      return {
        begin(fingerprints, promptTokens, standings) {
          return promptTokens.flatMap((_, index) => {
            const standing = standings[index];
            note(index, standing === undefined ? { fingerprints } : { fingerprints, standing });
            return chunksOf(index, shaped.begin(index));
          });
        },
        part(index, part, notes) {
          note(index, notes);
          return chunksOf(index, shaped.part(index, part, notes.logprobs));
        },
        finish(index, choice, logprobs) {
          const { standing } = choice.end;
          note(index, standing === undefined ? {} : { standing });
          return chunksOf(index, shaped.finish(index, choice, logprobs));
        },
        done(ends) {
          const spec = specOfAll(ends);
          const fingerprints = [...new Set(ends.flatMap((end) => end.fingerprints))];
          const all = { system_fingerprint: systemFingerprint(fingerprints), ...spec };
          const whole = { id, object: shape.chunkObject, created, model, ...all };
          const usage = includesUsage ? [{ data: { ...whole, usage: usageOf(ends, each), choices: [] } }] : [];
          return [...usage, { data: '[DONE]' }];
        },
        failed: (error) => [{ data: error.body }],
      };
    },
  };
}
