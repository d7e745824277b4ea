// Answers of the routes /v1/chat/completions and /v1/completions, whole and as chunks. The order of the chunks is the one that the
// official clients demand: role, text, finish reason, usage where it is asked for.

import {
  type AnswerFormat,
  type AnswerHead,
  fingerprintsOf,
  specOf,
  specOfAll,
  systemFingerprint,
  type WholeChoice,
} from './answer-format.ts';
import type { CompletionEnd, Standing } from './completion-port.ts';

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
      ...specOfAll(choices.map(({ end }) => end)),
      choices: choices.map((choice, index) => shape.whole(index, choice)),
      usage: usageOf(
        choices.map(({ end }) => end),
        each,
      ),
    }),
    stream() {
      const writers = new Map<number, readonly string[]>();
      const known = new Map<number, Standing>();
      const chunk = (index: number, choice: object) => ({
        data: {
          ...{ id, object: shape.chunkObject, created, model },
          system_fingerprint: systemFingerprint(writers.get(index) ?? []),
          ...specOf(known.get(index)),
          ...(includesUsage ? { usage: null } : {}),
          choices: [choice],
        },
      });
      const note = (
        index: number,
        {
          fingerprints,
          standing,
        }: { readonly fingerprints?: readonly string[] | undefined; readonly standing?: Standing | undefined },
      ): void => {
        if (fingerprints !== undefined) writers.set(index, fingerprints);
        if (standing !== undefined) known.set(index, standing);
      };
      return {
        begin(fingerprints, promptTokens, standings) {
          return promptTokens.flatMap((_, index) => {
            note(index, { fingerprints, standing: standings[index] });
            const opening = shape.begin(index);
            return opening === null ? [] : [chunk(index, opening)];
          });
        },
        text(index, round) {
          note(index, round);
          return [chunk(index, shape.text(index, round.text))];
        },
        finish(index, end) {
          note(index, { standing: end.standing });
          return [chunk(index, shape.finish(index, finishReasonOf(end)))];
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
