// The tools of a request, whatever its route: what the model gets of them, and the text of calls in its own history. The format is the
// one of Hermes and Qwen, which most chat templates of small models have; for a model whose template has none, or another, they are in a
// system message.
import { isObject, type Json, type JsonObject } from '../../core/decoding/json-schema.ts';
import { jsonLine } from '../../core/decoding/schema-grammar.ts';
import type { Message } from '../../models/port/model.ts';
import { invalid } from './api-error.ts';

import { callEnding, callOpening } from './tool-call-reader.ts';

/** A function that the model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string | null;
  /** JSON schema of an object. */
  readonly parameters: JsonObject;
  /** Whether a schema that can't be kept whole is refused. */
  readonly isStrict: boolean;
  /** Field of the request with the schema. */
  readonly field: string;
}

/** Which calls an answer may have, and whether it must. */
export interface ToolUse {
  readonly tools: readonly Tool[];
  readonly isRequired: boolean;
  readonly isParallel: boolean;
}

export const maxTools = 128;
const toolName = /^[A-Za-z0-9_.:-]{1,128}$/;

/** A tool as a request lists it. */
export interface ListedTool {
  readonly type?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  /** Absent: it has none. */
  readonly parameters?: unknown;
  readonly strict?: boolean | null | undefined;
}

/**
 * The functions of a list. Tools of other types are run by servers of their API: they are left out, and named.
 * @param own the type of functions @param schemaField of a tool @throws ApiError 400
 */
export function functionsOf(
  list: readonly ListedTool[],
  own: string,
  schemaField: string,
): { readonly tools: readonly Tool[]; readonly skipped: readonly string[] } {
  const skipped: string[] = [];
  const tools = list.flatMap(({ type, name, description = null, parameters, strict }, index) => {
    const field = `tools[${index}].${schemaField}`;
    if ((type ?? own) !== own) {
      skipped.push(`tools[${index}]`);
      return [];
    }
    if (!toolName.test(name ?? '')) throw invalid(field, 'needs a name of 1 to 128 letters, digits and "_.:-"');
    const schema = parameters ?? noParameters;
    if (!isObject(schema)) throw invalid(field, 'needs a JSON schema of an object for its parameters');
    return [{ name: name ?? '', description, parameters: schema, isStrict: strict === true, field }];
  });
  return { tools, skipped };
}

/** A schema whose only text is {}. */
const noParameters: JsonObject = { type: 'object', properties: {} };

/** How a choice of tools is meant: a mode, or a list of names. */
export interface WantedTools {
  readonly mode: 'none' | 'auto' | 'required';
  /** Null: all. */
  readonly names: readonly string[] | null;
  readonly isParallel: boolean;
}

/** @returns null: no tool may be called @throws ApiError 400 */
export function toolUseOf(tools: readonly Tool[], { mode, names, isParallel }: WantedTools): ToolUse | null {
  const known = new Set<string>();
  for (const { name, field } of tools) {
    if (known.has(name)) throw invalid(field, `has the name "${name}", as another tool`);
    known.add(name);
  }
  const unknown = names?.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw invalid('tool_choice', `names "${unknown.slice(0, 100)}", which is no tool of the request`);
  if (mode === 'required' && tools.length === 0)
    throw invalid('tool_choice', 'asks for a call, and there are no tools');
  const usable = names === null ? tools : tools.filter(({ name }) => names.includes(name));
  return mode === 'none' || usable.length === 0 ? null : { tools: usable, isRequired: mode === 'required', isParallel };
}

/** A part of a conversation in which tools were called. */
export type Said =
  | { readonly kind: 'message'; readonly role: Message['role']; readonly text: string }
  /** Arguments as JSON, or as its text. */
  | { readonly kind: 'call'; readonly name: string; readonly arguments: Json }
  | { readonly kind: 'result'; readonly text: string };

/** A conversation as messages of text: the tools in the system's, calls in the assistant's, results in the user's. */
export function conversationOf(said: readonly Said[], tools: readonly Tool[]): readonly Message[] {
  const messages: Message[] = [];
  let last: Said['kind'] = 'message';
  for (const one of said) {
    const before = messages.at(-1);
    const message = messageOf(one);
    const isSame =
      one.kind === 'message' ? false : last === one.kind || (one.kind === 'call' && before?.role === 'assistant');
    if (isSame && before !== undefined)
      messages[messages.length - 1] = { ...before, content: joined(before.content, message.content) };
    else messages.push(message);
    last = one.kind;
  }
  if (tools.length === 0) return messages;
  const [first, ...rest] = messages;
  const listing = listingOf(tools);
  if (first?.role !== 'system') return [{ role: 'system', content: listing }, ...messages];
  return [{ ...first, content: `${first.content}\n\n${listing}` }, ...rest];
}

const joined = (one: string, other: string): string => (one === '' ? other : `${one}\n${other}`);

function messageOf(said: Said): Message {
  if (said.kind === 'message') return { role: said.role, content: said.text };
  if (said.kind === 'result') return { role: 'user', content: `<tool_response>\n${said.text}\n</tool_response>` };
  return { role: 'assistant', content: callText(said.name, said.arguments) };
}

/** As the model writes it, so that an earlier answer is the same text again. */
function callText(name: string, given: Json): string {
  return `${callOpening}\n{"name": ${JSON.stringify(name)}, "arguments": ${typeof given === 'string' ? laidOut(given) : jsonLine(given)}}\n${callEnding}`;
}

/** Arguments of a call that was cut are no JSON: they stay as they are. */
function laidOut(text: string): string {
  try {
    return jsonLine(JSON.parse(text === '' ? '{}' : text) as Json);
  } catch {
    return text;
  }
}

function listingOf(tools: readonly Tool[]): string {
  const lines = tools.map(({ name, description, parameters }) => {
    const about = description === null ? {} : { description };
    return jsonLine({ type: 'function', function: { name, ...about, parameters } });
  });
  return [
    '# Tools\n',
    'You may call one or more functions to assist with the user query.\n',
    'You are provided with function signatures within <tools></tools> XML tags:',
    ...['<tools>', ...lines, '</tools>\n'],
    `For each function call, return a json object with function name and arguments within ${callOpening}${callEnding} XML tags:`,
    ...[callOpening, '{"name": <function-name>, "arguments": <args-json-object>}', callEnding],
  ].join('\n');
}
