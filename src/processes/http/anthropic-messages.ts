// The routes /v1/messages and /v1/messages/count_tokens, in the shape of Anthropic's API.

import { z } from 'zod';
import type { Json } from '../../core/decoding/json-schema.ts';
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
import { conversationOf, functionsOf, maxTools, type Said, type ToolUse, toolUseOf } from './tools.ts';

const block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  content: contentSchema.nullish(),
});
type Block = z.infer<typeof block>;

const prompt = {
  model: z.string().max(1024),
  messages: z
    .array(z.looseObject({ role: z.enum(['user', 'assistant']), content: z.union([z.string(), z.array(block)]) }))
    .min(1),
  system: contentSchema.nullish(),
  tools: z
    .array(
      z.looseObject({
        type: z.string().nullish(),
        name: z.string(),
        description: z.string().nullish(),
        input_schema: z.unknown().optional(),
        strict: z.boolean().nullish(),
      }),
    )
    .max(maxTools)
    .nullish(),
  tool_choice: z
    .looseObject({
      type: z.enum(['auto', 'any', 'tool', 'none']),
      name: z.string().nullish(),
      disable_parallel_tool_use: z.boolean().nullish(),
    })
    .nullish(),
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
type PromptFields = z.infer<typeof countSchema>;

/** @param newSeed seed of a request that names none @throws ApiError 400 */
export function readMessagesRequest(body: unknown, newSeed: () => bigint): ApiRequest {
  const fields = parse(schema, body);
  const { use, skipped } = toolsOf(fields);
  const ignored = [...otherFields(fields, Object.keys(schema.shape)), ...skipped];
  const { model, stream, temperature, top_p, top_k, seed, max_tokens: maxTokens, stop_sequences: stop } = fields;
  const asked = { model, stream, temperature, top_p, top_k, seed, stop };
  const constraint = constraintOf(use, null);
  return requestOf(asked, [promptOf(fields, use)], {
    maxTokens,
    ignored,
    newSeed,
    constraint,
    stopField: 'stop_sequences',
  });
}

/** @throws ApiError 400 */
export function readCountRequest(body: unknown): { readonly model: string; readonly prompt: Prompt } {
  const fields = parse(countSchema, body);
  otherFields(fields, Object.keys(schema.shape));
  return { model: fields.model, prompt: promptOf(fields, toolsOf(fields).use) };
}

function promptOf({ messages, system }: PromptFields, use: ToolUse | null): Prompt {
  const before: Said[] = system == null ? [] : [{ kind: 'message', role: 'system', text: plainText(system, 'system') }];
  const said = messages.flatMap(({ role, content }, index): readonly Said[] => {
    if (typeof content === 'string') return [{ kind: 'message', role, text: content }];
    return saidBy(role, content, `messages[${index}].content`);
  });
  return { kind: 'chat', messages: conversationOf([...before, ...said], use?.tools ?? []) };
}

/** Kinds of blocks that are the model's own thoughts: they are not read again. */
const thoughts = ['thinking', 'redacted_thinking'];

function saidBy(role: 'user' | 'assistant', blocks: readonly Block[], field: string): readonly Said[] {
  const said: Said[] = [];
  for (const one of blocks) {
    const before = said.at(-1);
    if (thoughts.includes(one.type)) continue;
    if (one.type === 'tool_use' && one.name !== undefined)
      said.push({ kind: 'call', name: one.name, arguments: (one.input ?? {}) as Json });
    else if (one.type === 'tool_result')
      said.push({ kind: 'result', text: one.content == null ? '' : plainText(one.content, field) });
    else if (before?.kind === 'message')
      said[said.length - 1] = { ...before, text: before.text + plainText([one], field) };
    else said.push({ kind: 'message', role, text: plainText([one], field) });
  }
  return said.length === 0 ? [{ kind: 'message', role, text: '' }] : said;
}

function toolsOf({ tools: list, tool_choice: choice }: PromptFields): {
  readonly use: ToolUse | null;
  readonly skipped: readonly string[];
} {
  const listed = (list ?? []).map(({ input_schema: parameters, ...tool }) => ({ ...tool, parameters }));
  const { tools, skipped } = functionsOf(listed, 'custom', 'input_schema');
  const isParallel = choice?.disable_parallel_tool_use !== true;
  if (choice?.type === 'tool' && choice.name == null) throw invalid('tool_choice.name', 'is missing');
  const mode = choice == null ? 'auto' : modes[choice.type];
  const names = choice?.type === 'tool' ? [choice.name as string] : null;
  return { use: toolUseOf(tools, { mode, names, isParallel }), skipped };
}

const modes = { auto: 'auto', any: 'required', tool: 'required', none: 'none' } as const;
