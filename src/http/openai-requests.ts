// Requests of the routes /v1/chat/completions and /v1/completions: their fields, and what is made of them. What would change the text and
// can't be kept is refused; what changes nothing is ignored, and named in the header x-ignored-params.

import { z } from 'zod';
import type { SamplingOptions } from '../decoding/sampling.ts';
import type { Message } from '../models/model.ts';
import { limits } from '../protocol/limits.ts';
import { ApiError } from './api-error.ts';
import type { CompletionRequest } from './completion-port.ts';

/** Most answers to one request. */
const maxChoices = 16;

const stop = z.union([z.string(), z.array(z.string()).max(limits.stopStrings)]).nullish();

/** The fields of both routes. OpenAI's ranges, and `top_k`, `min_p`, `repetition_penalty` as other servers have them. */
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

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(part)]),
});

const chatSchema = z.looseObject({
  ...common,
  messages: z.array(message).min(1),
  max_completion_tokens: common.max_tokens,
});

const tokenIds = z.array(z.int().min(0)).min(1);
const textSchema = z.looseObject({
  ...common,
  prompt: z.union([z.string(), tokenIds, z.array(z.string()).min(1), z.array(tokenIds).min(1)]),
  echo: z.literal(false).nullish(),
  best_of: z.literal(1).nullish(),
});

/** Fields that change nothing about the text. */
const harmless = [
  ...['user', 'metadata', 'store', 'service_tier', 'parallel_tool_calls', 'reasoning_effort', 'safety_identifier'],
  ...['prompt_cache_key', 'verbosity', 'suffix'],
];
/** Values with which a field that can't be kept asks for nothing. */
const asksNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0);

/** A request of either route. */
export interface ApiRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly includesUsage: boolean;
  /** One for each choice of each prompt; those of a prompt stand together. */
  readonly asked: readonly Omit<CompletionRequest, 'credentials' | 'signal'>[];
  /** Choices of each prompt. */
  readonly choices: number;
  /** Fields without effect, for the header. */
  readonly ignored: readonly string[];
}

/** @param newSeed seed of a request that names none @throws ApiError 400 */
export function readChatRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(chatSchema, body);
  const messages = fields.messages.map(({ role, content }, index): Message => {
    return { role: role === 'developer' ? 'system' : role, content: plainText(content, index) };
  });
  const ignored = otherFields(fields, Object.keys(chatSchema.shape));
  const maxTokens = fields.max_completion_tokens ?? fields.max_tokens ?? null;
  return requestOf(fields, [{ kind: 'chat', messages }], { maxTokens, ignored, newSeed });
}

/** @throws ApiError 400 */
export function readTextRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(textSchema, body);
  const ignored = otherFields(fields, Object.keys(textSchema.shape));
  const prompts = promptsOf(fields.prompt);
  if (prompts.length > maxChoices) throw invalid('prompt', `has ${prompts.length} prompts, more than ${maxChoices}`);
  return requestOf(fields, prompts, { maxTokens: fields.max_tokens ?? defaultTextTokens, ignored, newSeed });
}

/** OpenAI's default for /v1/completions. */
const defaultTextTokens = 16;

type Prompt = CompletionRequest['prompt'];

function promptsOf(prompt: z.infer<typeof textSchema>['prompt']): readonly Prompt[] {
  const list: readonly (string | readonly number[] | number)[] = typeof prompt === 'string' ? [prompt] : prompt;
  if (typeof list[0] === 'number') return [{ kind: 'ids', ids: list as readonly number[] }];
  return (list as readonly (string | readonly number[])[]).map((one) =>
    typeof one === 'string' ? { kind: 'text', text: one } : { kind: 'ids', ids: one },
  );
}

type Common = z.infer<z.ZodObject<typeof common>>;

interface Extras {
  readonly maxTokens: number | null;
  readonly ignored: readonly string[];
  readonly newSeed: () => bigint;
}

function requestOf(fields: Common, prompts: readonly Prompt[], { maxTokens, ignored, newSeed }: Extras): ApiRequest {
  const stopStrings = typeof fields.stop === 'string' ? [fields.stop] : (fields.stop ?? []);
  const seed = fields.seed == null ? newSeed() : BigInt.asUintN(64, BigInt(fields.seed));
  const count = fields.n ?? 1;
  const asked = prompts.flatMap((prompt) =>
    // Each choice has noise of its own: the first that of the seed, as a single one would.
    Array.from({ length: count }, (_, choice) => {
      return {
        prompt,
        sampling: samplingOf(fields, BigInt.asUintN(64, seed + BigInt(choice))),
        stopStrings,
        maxTokens,
      };
    }),
  );
  const includesUsage = fields.stream_options?.include_usage === true;
  return { model: fields.model, stream: fields.stream === true, includesUsage, asked, choices: count, ignored };
}

function samplingOf(fields: Common, seed: bigint): SamplingOptions {
  return {
    temperature: fields.temperature ?? 1,
    topP: fields.top_p ?? 1,
    topK: Math.max(0, fields.top_k ?? 0),
    minP: fields.min_p ?? 0,
    presencePenalty: fields.presence_penalty ?? 0,
    frequencyPenalty: fields.frequency_penalty ?? 0,
    repetitionPenalty: fields.repetition_penalty ?? 1,
    logitBias: Object.entries(fields.logit_bias ?? {})
      .map(([id, bias]) => [Number(id), bias] as const)
      .sort(([one], [other]) => one - other),
    seed,
  };
}

/** @throws ApiError 400 for content that is no text */
function plainText(content: string | readonly z.infer<typeof part>[], index: number): string {
  if (typeof content === 'string') return content;
  return content
    .map(({ type, text }) => {
      if ((type === 'text' || type === 'input_text') && text !== undefined) return text;
      throw invalid(`messages[${index}].content`, `has a part of type "${type}"; this model reads text only`);
    })
    .join('');
}

/** @returns those without effect @throws ApiError 400 for one that can't be kept */
function otherFields(fields: Readonly<Record<string, unknown>>, known: readonly string[]): readonly string[] {
  const others = Object.keys(fields).filter((name) => !known.includes(name));
  for (const name of others) {
    if (harmless.includes(name) || asksNothing(fields[name]) || isTextFormat(name, fields[name])) continue;
    if (refused.includes(name))
      throw new ApiError(400, 'unsupported_parameter', `"${name}" is not supported`, { param: name });
  }
  return others.filter((name) => !asksNothing(fields[name]));
}

/** They change the text or promise something about it. */
const refused = [
  ...['tools', 'tool_choice', 'functions', 'function_call', 'response_format', 'logprobs', 'top_logprobs', 'audio'],
  ...['modalities', 'prediction', 'web_search_options'],
];

function isTextFormat(name: string, value: unknown): boolean {
  if (name === 'tool_choice') return value === 'none' || value === 'auto';
  return name === 'response_format' && (value as { readonly type?: unknown }).type === 'text';
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const [issue] = error.issues;
  const path = issue?.path.map((one) => (typeof one === 'number' ? `[${one}]` : `.${String(one)}`)).join('') ?? '';
  throw invalid(path.replace(/^\./, ''), issue?.message ?? 'is not valid');
}

function invalid(param: string, what: string): ApiError {
  return new ApiError(400, 'invalid_value', param === '' ? `the body: ${what}` : `"${param}": ${what}`, { param });
}
