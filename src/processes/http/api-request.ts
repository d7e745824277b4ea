// What the requests of all routes have in common: fields of the sampling, and what the completer is asked for. What
// would change the text and can't be kept is refused; what changes nothing is ignored, and named in the header x-ignored-params.

import { z } from 'zod';
import { defined } from '../../core/basics/defined.ts';
import type { SamplingOptions } from '../../core/decoding/sampling.ts';
import type { AnswerConstraint } from './answer-constraint.ts';
import { ApiError, invalid } from './api-error.ts';
import type { CompletionRequest, EchoWish } from './completion-port.ts';
import { fieldWords } from './field-words.ts';
import { demandBiases, demandStops } from './request-limits.ts';

export type Content = string | readonly { readonly type: string; readonly text?: string | undefined }[];
export const contentSchema: z.ZodType<Content> = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
]);

/** Fields that change nothing about the text. */
const harmless = [
  ...['user', 'metadata', 'store', 'service_tier', 'reasoning_effort', 'safety_identifier', 'parallel_tool_calls'],
  ...['prompt_cache_key', 'verbosity'],
];
/** Values with which a field that can't be kept asks for nothing. */
const asksNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0);

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
  /** What the answer must be; null: any text. */
  readonly constraint: Omit<AnswerConstraint, 'grammar' | 'unkept'> | null;
  /** Fields that the answer repeats, where the route does so. */
  readonly repeated: object;
  /** Whether a stream of OpenAI's routes reports drafts beside the text. Default: it does not. */
  readonly facts?: boolean;
  /** Whether it is written without a connection that waits for it. */
  readonly isBackground: boolean;
}

/** For what a format writes of no answer in particular. */
export const nothingAsked: ApiRequest = {
  model: '',
  stream: true,
  includesUsage: false,
  asked: [],
  choices: 1,
  ignored: [],
  constraint: null,
  repeated: {},
  isBackground: false,
};

type NumberField =
  | ('temperature' | 'top_p' | 'top_k' | 'min_p' | 'presence_penalty' | 'frequency_penalty' | 'repetition_penalty')
  | ('seed' | 'n');

/** Fields that say how text is chosen, and how many texts. */
export interface CommonFields extends Readonly<Partial<Record<NumberField, number | null | undefined>>> {
  readonly model: string;
  readonly stream?: boolean | null | undefined;
  readonly stream_options?: { readonly include_usage?: boolean | null | undefined } | null | undefined;
  readonly logit_bias?: Readonly<Record<string, number>> | null | undefined;
  readonly stop?: string | readonly string[] | null | undefined;
}

interface Extras {
  readonly maxTokens: number | null;
  readonly ignored: readonly string[];
  readonly newSeed: () => bigint;
  readonly prediction?: string | undefined;
  /** What the route calls its stop texts; default: `stop`. */
  readonly stopField?: string;
  /** What it calls its prompt; default: `messages`. */
  readonly promptField?: string;
  readonly constraint?: AnswerConstraint | null;
  /** How many of the likeliest tokens are named; null: no logprobs. */
  readonly topLogprobs?: number | null;
  readonly repeated?: object;
  readonly isBackground?: boolean;
  /** The answer begins with its prompt. */
  readonly echo?: EchoWish | null;
}

export type Prompt = CompletionRequest['prompt'];

export function requestOf(fields: CommonFields, prompts: readonly Prompt[], extras: Extras): ApiRequest {
  const { maxTokens, ignored, newSeed, prediction, stopField = 'stop', promptField = 'messages' } = extras;
  const { constraint = null, topLogprobs = null, repeated = {}, echo = null, isBackground = false } = extras;
  const stopStrings = typeof fields.stop === 'string' ? [fields.stop] : (fields.stop ?? []);
  demandStops(stopStrings, stopField);
  demandBiases(fields.logit_bias ?? {});
  const seed = fields.seed == null ? newSeed() : BigInt.asUintN(64, BigInt(fields.seed));
  const count = fields.n ?? 1;
  const asked = prompts.flatMap((prompt) =>
    // Each choice has noise of its own: the first that of the seed, as a single one would.
    Array.from({ length: count }, (_, choice) => {
      return {
        prompt,
        promptField,
        sampling: samplingOf(fields, BigInt.asUintN(64, seed + BigInt(choice))),
        stopStrings,
        maxTokens,
        ...defined({ prediction }),
        isStreamed: fields.stream === true,
        ...(constraint === null ? {} : { grammar: constraint.grammar }),
        ...(topLogprobs === null ? {} : { topLogprobs }),
        ...(echo === null ? {} : { echo }),
      };
    }),
  );
  const includesUsage = fields.stream_options?.include_usage === true;
  return {
    model: fields.model,
    stream: fields.stream === true,
    includesUsage,
    asked,
    choices: count,
    constraint,
    repeated,
    isBackground,
    ignored: [...ignored, ...(constraint?.unkept ?? [])],
  };
}

function samplingOf(fields: CommonFields, seed: bigint): SamplingOptions {
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

/** Types of parts that are text, in the words of the routes. */
const textParts = ['text', 'input_text', 'output_text'];

/** @throws ApiError 400 for content that is no text */
export function plainText(content: Content, field: string): string {
  if (typeof content === 'string') return content;
  return content
    .map(({ type, text }) => {
      if (textParts.includes(type) && text !== undefined) return text;
      throw invalid(field, `has a part of type "${type}"; this model reads text only`);
    })
    .join('');
}

/** @returns those without effect @throws ApiError 400 for one that can't be kept */
export function otherFields(fields: Readonly<Record<string, unknown>>, known: readonly string[]): readonly string[] {
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
  ...['modalities', 'web_search_options', 'suffix', 'thinking', 'mcp_servers', 'previous_response_id', 'prompt'],
  ...['conversation', 'background'],
];

/** A value that asks for what happens anyway. */
function isTextFormat(name: string, value: unknown): boolean {
  if (name === 'top_logprobs') return value === 0;
  if (name === 'modalities') return Array.isArray(value) && value.every((one) => one === 'text');
  if (name === 'thinking') return (value as { readonly type?: unknown }).type === 'disabled';
  if (name === 'tool_choice') return value === 'none' || value === 'auto';
  return name === 'response_format' && (value as { readonly type?: unknown }).type === 'text';
}

/** A body of some megabytes can have millions of wrong elements: the first is enough. */
const firstIssueOnly = { abortEarly: true } as z.core.ParseContext<z.core.$ZodIssue>;

/** @throws ApiError 400 */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(body, firstIssueOnly);
  if (success) return data;
  const [issue] = error.issues;
  const path = issue?.path.map((one) => (typeof one === 'number' ? `[${one}]` : `.${String(one)}`)).join('') ?? '';
  throw invalid(path.replace(/^\./, ''), fieldWords(issue));
}
