// Requests of the routes /v1/chat/completions and /v1/completions: their fields, and what is made of them.

import { z } from 'zod';
import type { Message } from '../models/model.ts';
import { limits } from '../protocol/limits.ts';
import {
  type ApiRequest,
  contentSchema,
  invalid,
  maxChoices,
  otherFields,
  type Prompt,
  parse,
  plainText,
  requestOf,
} from './api-request.ts';

const stop = z.union([z.string(), z.array(z.string()).max(limits.stopStrings)]).nullish();

/** The fields of OpenAI's routes, with its ranges, and `top_k`, `min_p`, `repetition_penalty` as other servers have them. */
const common = {
  model: z.string().max(1024),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(-1).max(64).nullish(),
  min_p: z.number().min(0).lt(1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  repetition_penalty: z.number().gt(0).max(2).nullish(),
  logit_bias: z.record(z.string().regex(/^\d+$/), z.number().min(-100).max(100)).nullish(),
  seed: z.int().nullish(),
  stop,
  max_tokens: z.int().min(1).max(limits.textTokens).nullish(),
  n: z.int().min(1).max(maxChoices).nullish(),
};

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: contentSchema,
});

const chatSchema = z.looseObject({
  ...common,
  messages: z.array(message).min(1),
  max_completion_tokens: common.max_tokens,
  prediction: z.object({ type: z.literal('content'), content: contentSchema }).nullish(),
});

const tokenIds = z.array(z.int().min(0)).min(1);
const textSchema = z.looseObject({
  ...common,
  prompt: z.union([z.string(), tokenIds, z.array(z.string()).min(1), z.array(tokenIds).min(1)]),
  echo: z.literal(false).nullish(),
  best_of: z.literal(1).nullish(),
});

/** @param newSeed seed of a request that names none @throws ApiError 400 */
export function readChatRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(chatSchema, body);
  const messages = fields.messages.map(({ role, content }, index): Message => {
    return { role: role === 'developer' ? 'system' : role, content: plainText(content, `messages[${index}].content`) };
  });
  const ignored = otherFields(fields, Object.keys(chatSchema.shape));
  const maxTokens = fields.max_completion_tokens ?? fields.max_tokens ?? null;
  const prediction = fields.prediction == null ? undefined : plainText(fields.prediction.content, 'prediction.content');
  return requestOf(fields, [{ kind: 'chat', messages }], { maxTokens, ignored, newSeed, prediction });
}

/** @throws ApiError 400 */
export function readTextRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(textSchema, body);
  const ignored = otherFields(fields, Object.keys(textSchema.shape));
  const prompts = promptsOf(fields.prompt);
  const answers = prompts.length * (fields.n ?? 1);
  if (answers > maxChoices) throw invalid('prompt', `asks for ${answers} answers, more than ${maxChoices}`);
  return requestOf(fields, prompts, { maxTokens: fields.max_tokens ?? defaultTextTokens, ignored, newSeed });
}

/** OpenAI's default for /v1/completions. */
const defaultTextTokens = 16;

function promptsOf(prompt: z.infer<typeof textSchema>['prompt']): readonly Prompt[] {
  const list: readonly (string | readonly number[] | number)[] = typeof prompt === 'string' ? [prompt] : prompt;
  if (typeof list[0] === 'number') return [{ kind: 'ids', ids: list as readonly number[] }];
  return (list as readonly (string | readonly number[])[]).map((one) =>
    typeof one === 'string' ? { kind: 'text', text: one } : { kind: 'ids', ids: one },
  );
}
