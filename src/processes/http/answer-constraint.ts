// What an answer must be: JSON of a schema, calls of tools, or text that may have calls; as one grammar.

import { type Grammar, grammarBytesLimit } from '../../core/decoding/grammar.ts';
import { choice, literal, type RulePart, repeat, sequence } from '../../core/decoding/grammar-rules.ts';
import { type Schema, SchemaFault } from '../../core/decoding/json-schema.ts';
import { SchemaRules } from '../../core/decoding/schema-grammar.ts';
import { ApiError, invalid } from './api-error.ts';

import { callEnding, callOpening } from './tool-call-reader.ts';
import type { ToolUse } from './tools.ts';

/** A JSON schema that an answer must fit. */
export interface WantedFormat {
  readonly schema: Schema;
  /** Whether a schema that can't be kept whole is refused. */
  readonly isStrict: boolean;
  /** Field of the request with the schema. */
  readonly field: string;
  /** Where the JSON must be an object, whatever the schema allows. */
  readonly type?: 'object';
}

/** What a request demands of the form of its answer. */
export interface AnswerConstraint {
  readonly grammar: Grammar;
  /** The field that it comes from, for errors. */
  readonly field: string;
  readonly toolNames: ReadonlySet<string> | null;
  /** Parts of schemas that nothing keeps. */
  readonly unkept: readonly string[];
}

/** @returns null: any text will do @throws ApiError 400 */
export function constraintOf(use: ToolUse | null, format: WantedFormat | null): AnswerConstraint | null {
  try {
    return constraintMade(use, format);
  } catch (error) {
    // Rules within rules are written by calls within calls.
    if (!(error instanceof RangeError)) throw error;
    throw tooDeep(use === null ? (format?.field ?? '') : 'tools');
  }
}

function constraintMade(use: ToolUse | null, format: WantedFormat | null): AnswerConstraint | null {
  if (use === null && format === null) return null;
  const rules = new SchemaRules();
  const unkept: string[] = [];
  let schemaBytes = 0;
  const partOf = (wanted: WantedFormat): RulePart => {
    if (isDeeper(wanted.schema, mostJsonLevels)) throw tooDeep(wanted.field);
    schemaBytes += JSON.stringify(wanted.schema).length;
    if (schemaBytes > mostSchemaBytes)
      throw invalid(wanted.field, `makes schemas of more than ${mostSchemaBytes} bytes`);
    const added = addTo(rules, wanted);
    unkept.push(...added.unkept.map((path) => `${wanted.field}.${path}`));
    return added.part;
  };
  const json = format === null ? null : partOf(format);
  const calls = use === null ? null : callsOf(use, (wanted) => partOf(wanted));
  const field = use === null ? (format?.field ?? '') : 'tools';
  const grammar = grammarOf(rules, { json, calls, isRequired: use?.isRequired === true });
  const bytes = new TextEncoder().encode(grammar.text).length;
  if (bytes > grammarBytesLimit)
    throw invalid(field, `needs a grammar of ${bytes} bytes, more than ${grammarBytesLimit}; use smaller schemas`);
  return { grammar, field, unkept, toolNames: use === null ? null : new Set(use.tools.map(({ name }) => name)) };
}

/** Largest schemas of a request together, bytes of their JSON. */
const mostSchemaBytes = 4 * grammarBytesLimit;
/** Nesting of a schema's JSON, examples and values of `enum` included. */
const mostJsonLevels = 512;

function tooDeep(field: string): ApiError {
  const text = `"${field}": is nested too deeply; use schemas with fewer levels, and fewer references in a row`;
  return new ApiError(400, 'invalid_json_schema', text, { param: field });
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1));
}

function addTo(rules: SchemaRules, { schema, isStrict, field, type }: WantedFormat): ReturnType<SchemaRules['add']> {
  try {
    const added = rules.add(schema, type);
    const [first] = added.unkept;
    if (!isStrict || first === undefined) return added;
    throw new SchemaFault(first, 'is not kept here; leave it out, or leave out "strict"');
  } catch (error) {
    if (!(error instanceof SchemaFault)) throw error;
    const path = error.path === '' ? field : `${field}.${error.path}`;
    throw new ApiError(400, 'invalid_json_schema', `"${path}": ${error.message}`, { param: field });
  }
}

/** Inner part of calls, without the first opening and the last ending. */
function callsOf({ tools, isParallel }: ToolUse, partOf: (wanted: WantedFormat) => RulePart): RulePart {
  const options = tools.map(({ name, parameters, isStrict, field }) => {
    return sequence(
      literal(`\n{"name": "${name}", "arguments": `),
      partOf({ schema: parameters, isStrict, field, type: 'object' }),
      literal('}\n'),
    );
  });
  const one = choice(options);
  const others = sequence(literal(`${callEnding}\n${callOpening}`), one);
  return isParallel ? sequence(one, repeat(others, 0, null)) : one;
}

function grammarOf(
  rules: SchemaRules,
  {
    json,
    calls,
    isRequired,
  }: { readonly json: RulePart | null; readonly calls: RulePart | null; readonly isRequired: boolean },
): Grammar {
  if (calls === null) return { kind: 'ebnf', text: textOf(rules, json as RulePart) };
  const whole = sequence(literal(callOpening), calls, literal(callEnding));
  if (isRequired) return { kind: 'ebnf', text: textOf(rules, whole) };
  if (json !== null) return { kind: 'ebnf', text: textOf(rules, choice([json, whole])) };
  // Any text, and calls at its end.
  const content = { type: 'grammar', grammar: textOf(rules, calls) };
  const tags = [{ type: 'tag', begin: callOpening, content, end: callEnding }];
  const format = { type: 'triggered_tags', triggers: [callOpening], tags, stop_after_first: true };
  return { kind: 'structural-tag', text: JSON.stringify({ type: 'structural_tag', format }) };
}

function textOf(rules: SchemaRules, root: RulePart): string {
  const text = rules.text(root);
  if (text === null) throw new Error('each schema has a text');
  return text;
}
