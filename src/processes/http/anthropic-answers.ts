// Answers and errors of the route /v1/messages, in the shape of Anthropic's API.

import {
  type AnswerEvent,
  type AnswerFormat,
  type AnswerHead,
  type ChoicePart,
  type PromptUsage,
  specOf,
  type WholeChoice,
} from './answer-format.ts';
import { type ApiError, errorTypes } from './api-error.ts';

export function messagesError({ status, message }: ApiError, requestId: string): object {
  const type = ownTypes[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type, message }, request_id: requestId };
}

const ownTypes: typeof errorTypes = {
  ...errorTypes,
  404: 'not_found_error',
  413: 'request_too_large',
  503: 'overloaded_error',
};

const stopReasons = { end: 'end_turn', stop: 'stop_sequence', length: 'max_tokens' } as const;

function stopOf({ calls, end: { reason, stopText } }: WholeChoice): object {
  if (calls.length > 0 && reason !== 'length') return { stop_reason: 'tool_use', stop_sequence: null };
  return { stop_reason: stopReasons[reason], stop_sequence: stopText };
}

function contentOf({ text, calls }: WholeChoice): readonly object[] {
  // Of a call that was cut there is no input.
  const uses = calls.filter(({ isWhole }) => isWhole);
  return [
    ...(text === '' && uses.length > 0 ? [] : [{ type: 'text', text }]),
    ...uses.map(({ id, name, arguments: json }) => ({ type: 'tool_use', id, name, input: JSON.parse(json) })),
  ];
}

export function messagesFormat({ id, model }: AnswerHead): AnswerFormat {
  const message = { id, type: 'message', role: 'assistant', model };
  return {
    callPrefix: 'toolu_',
    whole([choice]) {
      const { end } = choice as WholeChoice;
      const usage = { ...inputUsageOf(end), output_tokens: end.completionTokens };
      const content = contentOf(choice as WholeChoice);
      return { ...message, ...specOf(end.standing), content, ...stopOf(choice as WholeChoice), usage };
    },
    stream() {
      const blocks = new Blocks();
      return {
        begin: (_, [prompt = { promptTokens: 0 }], [standing]) => [
          event('message_start', {
            message: {
              ...message,
              ...specOf(standing),
              content: [],
              stop_reason: null,
              stop_sequence: null,
              usage: { ...inputUsageOf(prompt), output_tokens: 0 },
            },
          }),
        ],
        part: (_, part, { standing }) => blocks.part(part, specOf(standing)),
        finish: (_, choice) => [
          ...blocks.end(),
          event('message_delta', {
            delta: stopOf(choice),
            usage: { output_tokens: choice.end.completionTokens },
            ...specOf(choice.end.standing),
          }),
        ],
        done: () => [event('message_stop', {})],
        failed: (error) => [{ name: 'error', data: messagesError(error, id) }],
      };
    },
  };
}

/** Their API counts as input what was not in memory; nothing is written to a memory that would cost more. */
function inputUsageOf({ promptTokens, cachedTokens = 0 }: PromptUsage): object {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
  };
}

/** Content blocks of one answer: one is open at a time. */
class Blocks {
  #open: 'text' | 'tool_use' | null = null;
  #index = -1;

  part(part: ChoicePart, spec: object): readonly AnswerEvent[] {
    if (part.kind === 'call-end') return this.#close();
    if (part.kind === 'call')
      return this.#begin('tool_use', { type: 'tool_use', id: part.id, name: part.name, input: {} });
    if (part.kind === 'arguments') return [this.#delta({ type: 'input_json_delta', partial_json: part.text }, spec)];
    // Nothing but notes begins no block.
    if (part.text === '' && this.#open !== 'text') return [];
    const begun = this.#open === 'text' ? [] : this.#begin('text', { type: 'text', text: '' });
    return [...begun, this.#delta({ type: 'text_delta', text: part.text }, spec)];
  }

  /** An answer has one block at least. */
  end(): readonly AnswerEvent[] {
    return [...(this.#index < 0 ? this.#begin('text', { type: 'text', text: '' }) : []), ...this.#close()];
  }

  #begin(kind: 'text' | 'tool_use', content_block: object): readonly AnswerEvent[] {
    const closed = this.#close();
    this.#open = kind;
    this.#index += 1;
    return [...closed, event('content_block_start', { index: this.#index, content_block })];
  }

  #delta(delta: object, spec: object): AnswerEvent {
    return event('content_block_delta', { index: this.#index, delta, ...spec });
  }

  #close(): readonly AnswerEvent[] {
    if (this.#open === null) return [];
    this.#open = null;
    return [event('content_block_stop', { index: this.#index })];
  }
}

function event(name: string, fields: object): AnswerEvent {
  return { name, data: { type: name, ...fields } };
}
