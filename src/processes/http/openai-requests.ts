// Requests of the routes /v1/chat/completions and /v1/completions: their fields, and what is made of them.

import { z } from 'zod';
import { isObject, type Json } from '../../core/decoding/json-schema.ts';
import { topLogprobsLimit } from '../../core/decoding/logprobs.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import { constraintOf, type WantedFormat } from './answer-constraint.ts';
import { ApiError, invalid } from './api-error.ts';
import {
  type ApiRequest,
  contentSchema,
  otherFields,
  type Prompt,
  parse,
  plainText,
  requestOf,
} from './api-request.ts';
import { maxChoices } from './request-limits.ts';
import {
  conversationOf,
  functionsOf,
  type ListedTool,
  maxTools,
  type Said,
  toolUseOf,
  type WantedTools,
} from './tools.ts';

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
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: contentSchema.nullish(),
  tool_calls: z
    .array(z.looseObject({ function: z.looseObject({ name: z.string(), arguments: z.string() }) }))
    .max(maxTools)
    .nullish(),
});

const named = z.looseObject({ name: z.string() });
const tool = z.looseObject({
  type: z.string(),
  function: z
    .looseObject({
      name: z.string(),
      description: z.string().nullish(),
      parameters: z.unknown().optional(),
      strict: z.boolean().nullish(),
    })
    .nullish(),
});

const chatSchema = z.looseObject({
  ...common,
  messages: z.array(message).min(1),
  max_completion_tokens: common.max_tokens,
  prediction: z.object({ type: z.literal('content'), content: contentSchema }).nullish(),
  response_format: z.looseObject({ type: z.string(), json_schema: z.unknown().optional() }).nullish(),
  tools: z.array(tool).max(maxTools).nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.looseObject({ type: z.literal('function'), function: named }),
      z.looseObject({
        type: z.literal('allowed_tools'),
        allowed_tools: z.looseObject({
          mode: z.enum(['auto', 'required']),
          tools: z.array(z.looseObject({ function: named })),
        }),
      }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(topLogprobsLimit).nullish(),
});
type ChatFields = z.infer<typeof chatSchema>;

/** OpenAI's limit for /v1/completions. */
const mostTextLogprobs = 5;
const tokenIds = z.array(z.int().min(0)).min(1);
const textSchema = z.looseObject({
  ...common,
  max_tokens: z.int().min(0).max(limits.textTokens).nullish(),
  prompt: z.union([z.string(), tokenIds, z.array(z.string()).min(1), z.array(tokenIds).min(1)]),
  echo: z.boolean().nullish(),
  best_of: z.int().nullish(),
  logprobs: z.int().min(0).max(mostTextLogprobs).nullish(),
});

/** @param newSeed seed of a request that names none @throws ApiError 400 */
export function readChatRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(chatSchema, body);
  const { tools, skipped } = functionsOf((fields.tools ?? []).map(listedTool), 'function', 'function.parameters');
  const use = toolUseOf(tools, wantedTools(fields));
  const constraint = constraintOf(use, wantedFormat(fields.response_format));
  const messages = conversationOf(fields.messages.flatMap(saidBy), use?.tools ?? []);
  const ignored = [...otherFields(fields, Object.keys(chatSchema.shape)), ...skipped];
  const maxTokens = fields.max_completion_tokens ?? fields.max_tokens ?? null;
  const prediction = fields.prediction == null ? undefined : plainText(fields.prediction.content, 'prediction.content');
  const topLogprobs = topLogprobsOf(fields);
  return requestOf(fields, [{ kind: 'chat', messages }], {
    maxTokens,
    ignored,
    newSeed,
    prediction,
    constraint,
    topLogprobs,
  });
}

function saidBy({ role, content, tool_calls: calls }: ChatFields['messages'][number], index: number): readonly Said[] {
  const field = `messages[${index}].content`;
  const made = role === 'assistant' ? (calls ?? []) : [];
  if (content == null && made.length === 0) throw invalid(field, 'is missing');
  const text = content == null ? '' : plainText(content, field);
  if (role === 'tool') return [{ kind: 'result', text }];
  const words: Said = { kind: 'message', role: role === 'developer' ? 'system' : role, text };
  const said = made.map(({ function: { name, arguments: json } }): Said => ({ kind: 'call', name, arguments: json }));
  return text === '' && said.length > 0 ? said : [words, ...said];
}

/** @throws ApiError 400 */
function listedTool(
  { type, function: described }: NonNullable<ChatFields['tools']>[number],
  index: number,
): ListedTool {
  if (type === 'function' && described == null) throw invalid(`tools[${index}].function`, 'is missing');
  return { ...described, type };
}

function wantedTools({ tool_choice: asked, parallel_tool_calls: parallel }: ChatFields): WantedTools {
  const isParallel = parallel ?? true;
  if (asked == null || typeof asked === 'string') return { mode: asked ?? 'auto', names: null, isParallel };
  if (asked.type === 'function') return { mode: 'required', names: [asked.function.name], isParallel };
  const { mode, tools } = asked.allowed_tools;
  return { mode, names: tools.map(({ function: { name } }) => name), isParallel };
}

/** @returns null: any text @throws ApiError 400 */
function wantedFormat(format: ChatFields['response_format']): WantedFormat | null {
  if (format == null) return null;
  return formatOf(format.type, format['json_schema'], {
    place: 'response_format',
    schema: 'response_format.json_schema',
  });
}

/**
 * A wish for JSON, in the words of OpenAI's routes.
 * @param described what a schema comes with: `schema`, `strict`
 * @param fields where it stands
 * @throws ApiError 400
 */
export function formatOf(
  type: string,
  described: unknown,
  fields: { readonly place: string; readonly schema: string },
): WantedFormat | null {
  if (type === 'text') return null;
  if (type === 'json_object') return { schema: { type: 'object' }, isStrict: false, field: fields.place };
  if (type !== 'json_schema') {
    const cause = `${fields.place} "${type.slice(0, 100)}" is not supported`;
    throw new ApiError(400, 'unsupported_parameter', cause, { param: fields.place });
  }
  if (!isObject(described)) throw invalid(fields.schema, 'must be an object');
  const { schema, strict } = described;
  if (!isObject(schema)) throw invalid(`${fields.schema}.schema`, 'must be an object');
  return {
    schema: schema as { readonly [name: string]: Json },
    isStrict: strict === true,
    field: `${fields.schema}.schema`,
  };
}

function topLogprobsOf({ logprobs, top_logprobs: top }: ChatFields): number | null {
  if (logprobs === true) return top ?? 0;
  if (top != null && top > 0) throw invalid('top_logprobs', 'needs "logprobs": true');
  return null;
}

/** @throws ApiError 400 */
export function readTextRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(textSchema, body);
  const ignored = otherFields(fields, Object.keys(textSchema.shape));
  const prompts = promptsOf(fields.prompt);
  const answers = prompts.length * (fields.n ?? 1);
  if (answers > maxChoices) throw invalid('prompt', `asks for ${answers} answers, more than ${maxChoices}`);
  const topLogprobs = fields.logprobs ?? null;
  const maxTokens = fields.max_tokens ?? defaultTextTokens;
  if (maxTokens === 0 && fields.echo !== true) throw invalid('max_tokens', 'may be 0 only with "echo": true');
  if ((fields.best_of ?? 1) !== 1)
    throw new ApiError(400, 'unsupported_parameter', '"best_of" is not supported; ask for "n"', { param: 'best_of' });
  const echo = fields.echo === true ? { topLogprobs } : null;
  return requestOf(fields, prompts, { maxTokens, ignored, newSeed, topLogprobs, echo, promptField: 'prompt' });
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
