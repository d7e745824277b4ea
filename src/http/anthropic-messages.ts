// The routes /v1/messages and /v1/messages/count_tokens, in the shape of Anthropic's API.

import { z } from 'zod';
import type { Message } from '../models/model.ts';
import { limits } from '../protocol/limits.ts';
import { type AnswerFormat, type AnswerHead, specOf, type WholeChoice } from './answer-format.ts';
import type { ApiError } from './api-error.ts';
import {
  type ApiRequest,
  contentSchema,
  otherFields,
  type Prompt,
  parse,
  plainText,
  requestOf,
} from './api-request.ts';
import type { CompletionEnd } from './completion-port.ts';

const prompt = {
  model: z.string().max(1024),
  messages: z.array(z.looseObject({ role: z.enum(['user', 'assistant']), content: contentSchema })).min(1),
  system: contentSchema.nullish(),
};

const schema = z.looseObject({
  ...prompt,
  max_tokens: z.int().min(1).max(limits.textTokens),
  stop_sequences: z.array(z.string()).max(limits.stopStrings).nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(0).max(64).nullish(),
  // Not Anthropic's: the same seed gives the same text.
  seed: z.int().nullish(),
});
const countSchema = z.looseObject(prompt);

/** @param newSeed seed of a request that names none @throws ApiError 400 */
export function readMessagesRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(schema, body);
  const ignored = otherFields(fields, Object.keys(schema.shape));
  const { model, stream, temperature, top_p, top_k, seed, max_tokens: maxTokens, stop_sequences: stop } = fields;
  const asked = { model, stream, temperature, top_p, top_k, seed, stop };
  return requestOf(asked, [promptOf(fields)], { maxTokens, ignored, newSeed, stopField: 'stop_sequences' });
}

/** @throws ApiError 400 */
export function readCountRequest(body: unknown): { readonly model: string; readonly prompt: Prompt } {
  const fields = parse(countSchema, body);
  otherFields(fields, Object.keys(schema.shape));
  return { model: fields.model, prompt: promptOf(fields) };
}

function promptOf({ messages, system }: z.infer<typeof countSchema>): Prompt {
  const before: Message[] = system == null ? [] : [{ role: 'system', content: plainText(system, 'system') }];
  const said = messages.map(({ role, content }, index): Message => {
    return { role, content: plainText(content, `messages[${index}].content`) };
  });
  return { kind: 'chat', messages: [...before, ...said] };
}

/** The body of a failure. */
export function messagesError({ status, message }: ApiError, requestId: string): object {
  return { type: 'error', error: { type: errorTypeOf(status), message }, request_id: requestId };
}

function errorTypeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 413) return 'request_too_large';
  if (status === 429) return 'rate_limit_error';
  if (status === 503) return 'overloaded_error';
  return status < 500 ? 'invalid_request_error' : 'api_error';
}

const stopReasons = { end: 'end_turn', stop: 'stop_sequence', length: 'max_tokens' } as const;

function stopOf({ reason, stopText }: CompletionEnd): object {
  return { stop_reason: stopReasons[reason], stop_sequence: stopText };
}

export function messagesFormat({ id, model }: AnswerHead): AnswerFormat {
  const message = { id, type: 'message', role: 'assistant', model };
  return {
    whole([choice]) {
      const { text, end } = choice as WholeChoice;
      const usage = { input_tokens: end.promptTokens, output_tokens: end.completionTokens };
      return { ...message, ...specOf(end.standing), content: [{ type: 'text', text }], ...stopOf(end), usage };
    },
    stream: () => ({
      begin: (_, [promptTokens = 0], [standing]) => [
        event('message_start', {
          message: {
            ...{ ...message, ...specOf(standing) },
            ...{ content: [], stop_reason: null, stop_sequence: null },
            usage: { input_tokens: promptTokens, output_tokens: 0 },
          },
        }),
        event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      ],
      text: (_, { text, standing }) => [
        event('content_block_delta', { index: 0, delta: { type: 'text_delta', text }, ...specOf(standing) }),
      ],
      finish: (_, end) => [
        event('content_block_stop', { index: 0 }),
        event('message_delta', {
          ...{ delta: stopOf(end), usage: { output_tokens: end.completionTokens } },
          ...specOf(end.standing),
        }),
      ],
      done: () => [event('message_stop', {})],
      failed: (error) => [{ name: 'error', data: messagesError(error, id) }],
    }),
  };
}

function event(name: string, fields: object): { readonly name: string; readonly data: object } {
  return { name, data: { type: name, ...fields } };
}
