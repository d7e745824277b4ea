// Answers of the routes /v1/chat/completions and /v1/completions, whole and as chunks. The order of the chunks is the one that the
// official clients demand: role, text, finish reason, usage where it is asked for.

import {
  type AnswerFormat,
  type AnswerHead,
  fingerprintsOf,
  systemFingerprint,
  verifiedOf,
  type WholeChoice,
} from './answer-format.ts';
import type { CompletionEnd } from './completion-port.ts';

/** What a request says about its answer. */
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
  /** Before the first text of a choice; null: nothing. */
  begin(index: number): object | null;
  text(index: number, text: string): object;
  finish(index: number, reason: FinishReason): object;
}

type FinishReason = 'stop' | 'length';

export function finishReasonOf({ reason }: CompletionEnd): FinishReason {
  return reason === 'length' ? 'length' : 'stop';
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
  ...{ object: 'chat.completion', chunkObject: 'chat.completion.chunk' },
  whole: (index, { text, end }) => ({
    index,
    message: { role: 'assistant', content: text, refusal: null },
    logprobs: null,
    finish_reason: finishReasonOf(end),
  }),
  begin: (index) => ({ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
  text: (index, content) => ({ index, delta: { content }, logprobs: null, finish_reason: null }),
  finish: (index, reason) => ({ index, delta: {}, logprobs: null, finish_reason: reason }),
};

const textShape: Shape = {
  ...{ object: 'text_completion', chunkObject: 'text_completion' },
  whole: (index, { text, end }) => ({ index, text, logprobs: null, finish_reason: finishReasonOf(end) }),
  begin: () => null,
  text: (index, text) => ({ index, text, logprobs: null, finish_reason: null }),
  finish: (index, reason) => ({ index, text: '', logprobs: null, finish_reason: reason }),
};

export const chatFormat = (head: AnswerHead, wishes: AnswerWishes): AnswerFormat => formatOf(chatShape, head, wishes);
export const textFormat = (head: AnswerHead, wishes: AnswerWishes): AnswerFormat => formatOf(textShape, head, wishes);

function formatOf(shape: Shape, head: AnswerHead, { includesUsage, choices: each }: AnswerWishes): AnswerFormat {
  const { id, createdSeconds: created, model } = head;
  return {
    whole: (choices) => ({
      ...{ id, object: shape.object, created, model },
      system_fingerprint: systemFingerprint(fingerprintsOf(choices)),
      ...verifiedOf(fingerprintsOf(choices)),
      choices: choices.map((choice, index) => shape.whole(index, choice)),
      usage: usageOf(
        choices.map(({ end }) => end),
        each,
      ),
    }),
    stream() {
      let known: readonly string[] = [];
      const chunk = (choices: readonly object[], usage: object | null = null) => ({
        data: {
          ...{ id, object: shape.chunkObject, created, model, system_fingerprint: systemFingerprint(known) },
          ...verifiedOf(known),
          ...(includesUsage ? { usage } : {}),
          choices,
        },
      });
      return {
        begin(fingerprints, promptTokens) {
          known = fingerprints;
          return promptTokens.flatMap((_, index) => {
            const opening = shape.begin(index);
            return opening === null ? [] : [chunk([opening])];
          });
        },
        text: (index, text) => [chunk([shape.text(index, text)])],
        finish: (index, end) => [chunk([shape.finish(index, finishReasonOf(end))])],
        done: (ends) => [...(includesUsage ? [chunk([], usageOf(ends, each))] : []), { data: '[DONE]' }],
        failed: (error) => [{ data: error.body }],
      };
    },
  };
}
