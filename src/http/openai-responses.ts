// The route /v1/responses: OpenAI's newer shape of a conversation, answered as a chat. Nothing is stored, so a request that builds on a
// stored one is refused.

import { z } from 'zod';
import type { Message } from '../models/model.ts';
import { limits } from '../protocol/limits.ts';
import {
  type AnswerFormat,
  type AnswerHead,
  fingerprintsOf,
  specOf,
  systemFingerprint,
  type WholeChoice,
} from './answer-format.ts';
import { ApiError } from './api-error.ts';
import {
  type ApiRequest,
  contentSchema,
  invalid,
  otherFields,
  type Prompt,
  parse,
  plainText,
  requestOf,
} from './api-request.ts';
import type { CompletionEnd } from './completion-port.ts';

const item = z.looseObject({
  type: z.string().nullish(),
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: contentSchema,
});

const schema = z.looseObject({
  model: z.string().max(1024),
  input: z.union([z.string(), z.array(item).min(1)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).max(limits.textTokens).nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  text: z.looseObject({ format: z.looseObject({ type: z.string() }).nullish() }).nullish(),
  // Not OpenAI's: the same seed gives the same text.
  seed: z.int().nullish(),
});

/** @param newSeed seed of a request that names none @throws ApiError 400 */
export function readResponsesRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const { text, ...fields } = parse(schema, body);
  const format = text?.format?.type ?? 'text';
  if (format !== 'text')
    throw new ApiError(400, 'unsupported_parameter', `text.format "${format}" is not supported`, {
      param: 'text.format',
    });
  const ignored = otherFields(fields, Object.keys(schema.shape));
  const maxTokens = fields.max_output_tokens ?? null;
  const { model, stream, temperature, top_p, seed } = fields;
  return requestOf({ model, stream, temperature, top_p, seed }, [promptOf(fields)], { maxTokens, ignored, newSeed });
}

function promptOf({ input, instructions }: Pick<z.infer<typeof schema>, 'input' | 'instructions'>): Prompt {
  const before: Message[] = instructions == null ? [] : [{ role: 'system', content: instructions }];
  if (typeof input === 'string') return { kind: 'chat', messages: [...before, { role: 'user', content: input }] };
  const said = input.map(({ type, role, content }, index): Message => {
    if (type != null && type !== 'message') throw invalid(`input[${index}].type`, `"${type}" is not supported`);
    return {
      role: role === 'developer' ? 'system' : role,
      content: plainText(content, `input[${index}].content`),
    };
  });
  return { kind: 'chat', messages: [...before, ...said] };
}

export function responsesFormat(head: AnswerHead, { asked }: Pick<ApiRequest, 'asked'>): AnswerFormat {
  const { id, createdSeconds, model } = head;
  const itemId = `msg_${id}`;
  const [first] = asked;
  const base = {
    ...{ id, object: 'response', created_at: createdSeconds, model, error: null, instructions: null, metadata: {} },
    ...{ parallel_tool_calls: true, previous_response_id: null, store: false, tool_choice: 'auto', tools: [] },
    ...{ temperature: first?.sampling.temperature ?? 1, top_p: first?.sampling.topP ?? 1, truncation: 'disabled' },
    ...{ max_output_tokens: first?.maxTokens ?? null, text: { format: { type: 'text' } } },
  };
  const part = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });
  const output = (status: string, content: readonly object[]) => {
    return { id: itemId, type: 'message', status, role: 'assistant', content };
  };
  const over = ({ text, end }: WholeChoice, fingerprints: readonly string[]) => ({
    ...base,
    ...statusOf(end),
    system_fingerprint: systemFingerprint(fingerprints),
    ...specOf(end.standing),
    output: [output(statusOf(end).status, [part(text)])],
    usage: usageOf(end),
  });
  return {
    whole: (choices) => over(choices[0] as WholeChoice, fingerprintsOf(choices)),
    stream() {
      let [number, text] = [0, ''];
      const event = (name: string, fields: object) => {
        number += 1;
        return { name, data: { type: name, sequence_number: number - 1, ...fields } };
      };
      const place = { item_id: itemId, output_index: 0, content_index: 0 };
      const begun = { ...base, status: 'in_progress', incomplete_details: null, output: [], usage: null };
      return {
        begin: (_, __, [standing]) => [
          event('response.created', { response: { ...begun, ...specOf(standing) } }),
          event('response.in_progress', { response: { ...begun, ...specOf(standing) } }),
          event('response.output_item.added', { output_index: 0, item: output('in_progress', []) }),
          event('response.content_part.added', { ...place, part: part('') }),
        ],
        text(_, { text: delta, standing }) {
          text += delta;
          return [event('response.output_text.delta', { ...place, delta, logprobs: [], ...specOf(standing) })];
        },
        finish(_, end) {
          const { status } = statusOf(end);
          return [
            event('response.output_text.done', { ...place, text, logprobs: [] }),
            event('response.content_part.done', { ...place, part: part(text) }),
            event('response.output_item.done', { output_index: 0, item: output(status, [part(text)]) }),
            event(`response.${status}`, { response: over({ text, end }, end.fingerprints) }),
          ];
        },
        done: () => [],
        failed: ({ code, message, param }) => [event('error', { code, message, param })],
      };
    },
  };
}

function statusOf({ reason }: CompletionEnd) {
  return reason === 'length'
    ? { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
    : { status: 'completed', incomplete_details: null };
}

function usageOf({ promptTokens, completionTokens, acceptedDrafts, rejectedDrafts }: CompletionEnd): object {
  return {
    ...{ input_tokens: promptTokens, output_tokens: completionTokens, total_tokens: promptTokens + completionTokens },
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: {
      ...{
        reasoning_tokens: 0,
        accepted_prediction_tokens: acceptedDrafts,
        rejected_prediction_tokens: rejectedDrafts,
      },
    },
  };
}
