// Requests of the route /v1/responses: OpenAI's newer shape of a conversation, answered as a chat. Nothing is stored but answers that are
// written in the background, for some minutes: a request that builds on another one is refused.

import { z } from 'zod';
import { topLogprobsLimit } from '../../core/decoding/logprobs.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import { constraintOf } from './answer-constraint.ts';
import { invalid } from './api-error.ts';
import {
  type ApiRequest,
  contentSchema,
  otherFields,
  type Prompt,
  parse,
  plainText,
  requestOf,
} from './api-request.ts';
import { formatOf } from './openai-requests.ts';
import {
  conversationOf,
  functionsOf,
  maxTools,
  type Said,
  type ToolUse,
  toolUseOf,
  type WantedTools,
} from './tools.ts';

const item = z.looseObject({
  type: z.string().nullish(),
  role: z.enum(['system', 'developer', 'user', 'assistant']).optional(),
  content: contentSchema.optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
  output: contentSchema.optional(),
});
type Item = z.infer<typeof item>;

const tool = z.looseObject({
  type: z.string(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  parameters: z.unknown().optional(),
  strict: z.boolean().nullish(),
});

const schema = z.looseObject({
  model: z.string().max(1024),
  input: z.union([z.string(), z.array(item).min(1)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).max(limits.textTokens).nullish(),
  stream: z.boolean().nullish(),
  background: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  text: z.looseObject({ format: z.looseObject({ type: z.string() }).nullish() }).nullish(),
  tools: z.array(tool).max(maxTools).nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.looseObject({ type: z.literal('function'), name: z.string() }),
      z.looseObject({
        type: z.literal('allowed_tools'),
        mode: z.enum(['auto', 'required']),
        tools: z.array(z.looseObject({ name: z.string() })),
      }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  include: z.array(z.string()).nullish(),
  top_logprobs: z.int().min(0).max(topLogprobsLimit).nullish(),
  // Not OpenAI's: the same seed gives the same text.
  seed: z.int().nullish(),
});
type Fields = z.infer<typeof schema>;

/** What `include` names for logprobs. */
const logprobsName = 'message.output_text.logprobs';

/** @param newSeed seed of a request that names none @throws ApiError 400 */
export function readResponsesRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(schema, body);
  const format = fields.text?.format ?? { type: 'text' };
  const wanted = formatOf(format.type, format, { place: 'text.format', schema: 'text.format' });
  const { tools, skipped } = functionsOf(fields.tools ?? [], 'function', 'parameters');
  const use = toolUseOf(tools, wantedTools(fields));
  const { prompt, skipped: unread } = promptOf(fields, use);
  const include = fields.include ?? [];
  const others = include.some((name) => name !== logprobsName) ? ['include'] : [];
  const ignored = [...otherFields(fields, Object.keys(schema.shape)), ...skipped, ...unread, ...others];
  const { model, stream, temperature, top_p, seed } = fields;
  return requestOf({ model, stream, temperature, top_p, seed }, [prompt], {
    maxTokens: fields.max_output_tokens ?? null,
    ignored,
    newSeed,
    promptField: 'input',
    constraint: constraintOf(use, wanted),
    topLogprobs: include.includes(logprobsName) ? (fields.top_logprobs ?? 0) : null,
    isBackground: fields.background === true,
    repeated: {
      background: fields.background === true,
      tools: fields.tools ?? [],
      tool_choice: fields.tool_choice ?? 'auto',
      text: { format },
      parallel_tool_calls: fields.parallel_tool_calls ?? true,
    },
  });
}

interface ReadPrompt {
  readonly prompt: Prompt;
  readonly skipped: readonly string[];
}

function promptOf({ input, instructions }: Pick<Fields, 'input' | 'instructions'>, use: ToolUse | null): ReadPrompt {
  const said: Said[] = instructions == null ? [] : [{ kind: 'message', role: 'system', text: instructions }];
  const skipped: string[] = [];
  if (typeof input === 'string') said.push({ kind: 'message', role: 'user', text: input });
  else
    for (const [index, one] of input.entries()) {
      // The model's own thoughts are not read again.
      if (one.type === 'reasoning') skipped.push(`input[${index}]`);
      else said.push(saidBy(one, `input[${index}]`));
    }
  return { prompt: { kind: 'chat', messages: conversationOf(said, use?.tools ?? []) }, skipped };
}

/** @throws ApiError 400 */
function saidBy({ type, role, content, name, arguments: json, output }: Item, field: string): Said {
  const missing = (part: string): never => {
    throw invalid(`${field}.${part}`, 'is missing');
  };
  if (type === 'function_call')
    return { kind: 'call', name: name ?? missing('name'), arguments: json ?? missing('arguments') };
  if (type === 'function_call_output')
    return { kind: 'result', text: plainText(output ?? missing('output'), `${field}.output`) };
  if (type != null && type !== 'message') throw invalid(`${field}.type`, `"${type.slice(0, 100)}" is not supported`);
  const said = role ?? missing('role');
  return {
    kind: 'message',
    role: said === 'developer' ? 'system' : said,
    text: plainText(content ?? missing('content'), `${field}.content`),
  };
}

function wantedTools({ tool_choice: asked, parallel_tool_calls: parallel }: Fields): WantedTools {
  const isParallel = parallel ?? true;
  if (asked == null || typeof asked === 'string') return { mode: asked ?? 'auto', names: null, isParallel };
  if (asked.type === 'function') return { mode: 'required', names: [asked.name], isParallel };
  return { mode: asked.mode, names: asked.tools.map(({ name }) => name), isParallel };
}
