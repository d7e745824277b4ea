// Answers of the routes /v1/chat/completions and /v1/completions, whole and as chunks. The order of the chunks is the one that the
// official clients demand: role, text, finish reason, usage where it is asked for.

import type { CompletionEnd } from './completion-port.ts';

/** What all chunks of one answer share. */
export interface AnswerHead {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
}

/**
 * `usage` of an answer; drafts are counted as predicted tokens are. Rejected ones are no part of `completion_tokens`.
 * @param choices of each prompt, which counts once
 */
export function usageOf(ends: readonly CompletionEnd[], choices: number): object {
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

/** Names the targets that wrote: the same name, the same text for the same request. */
export function systemFingerprint(fingerprints: readonly string[]): string | null {
  return fingerprints.length === 0 ? null : `or_${fingerprints.map((one) => one.slice(0, 16)).join('_')}`;
}

/** How one route writes its objects. */
export interface AnswerShape {
  readonly idPrefix: string;
  whole(head: AnswerHead, choices: readonly WholeChoice[], fingerprint: string | null): object;
  /** Before the first text of a choice; null: nothing. */
  begin(index: number): object | null;
  text(index: number, text: string): object;
  finish(index: number, reason: CompletionEnd['finishReason']): object;
  chunk(head: AnswerHead, choices: readonly object[], more: object): object;
}

export interface WholeChoice {
  readonly text: string;
  readonly finishReason: CompletionEnd['finishReason'];
}

export const chatShape: AnswerShape = {
  idPrefix: 'chatcmpl-',
  whole: (head, choices, fingerprint) => ({
    ...headOf(head, 'chat.completion'),
    system_fingerprint: fingerprint,
    choices: choices.map(({ text, finishReason }, index) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs: null,
      finish_reason: finishReason,
    })),
  }),
  begin: (index) => ({ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
  text: (index, content) => ({ index, delta: { content }, logprobs: null, finish_reason: null }),
  finish: (index, reason) => ({ index, delta: {}, logprobs: null, finish_reason: reason }),
  chunk: (head, choices, more) => ({ ...headOf(head, 'chat.completion.chunk'), ...more, choices }),
};

export const textShape: AnswerShape = {
  idPrefix: 'cmpl-',
  whole: (head, choices, fingerprint) => ({
    ...headOf(head, 'text_completion'),
    system_fingerprint: fingerprint,
    choices: choices.map(({ text, finishReason }, index) => ({
      ...{ index, text, logprobs: null, finish_reason: finishReason },
    })),
  }),
  begin: () => null,
  text: (index, text) => ({ index, text, logprobs: null, finish_reason: null }),
  finish: (index, reason) => ({ index, text: '', logprobs: null, finish_reason: reason }),
  chunk: (head, choices, more) => ({ ...headOf(head, 'text_completion'), ...more, choices }),
};

function headOf({ id, createdSeconds, model }: AnswerHead, object: string): object {
  return { id, object, created: createdSeconds, model };
}
