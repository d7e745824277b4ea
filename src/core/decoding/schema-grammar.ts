// Converts a JSON schema to a grammar that accepts only JSON that fits the schema: one line of JSON, with ", " and ": " between its parts
// and no other blanks, properties in the order of the schema. The grammar is stricter than the schema where a small model would not end: an
// object that names its properties has no others, and the number of digits is bounded.

import {
  addFillable,
  choice,
  ebnfOf,
  isFillable,
  literal,
  optional,
  type RulePart,
  repeat,
  ruleOf,
  sequence,
} from './grammar-rules.ts';
import { checkSchema, isObject, type Json, type JsonObject, type Schema, SchemaFault } from './json-schema.ts';
import { integersOf, type NumberRange, numbersOf } from './number-grammar.ts';
import { patternPart } from './pattern-grammar.ts';
import { type AlternativeCount, alternativesOf } from './schema-alternatives.ts';

/** JSON on one line, as Python's json.dumps lays it out and chat templates show it. */
export function jsonLine(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(jsonLine).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${jsonLine(one)}`);
  return `{${members.join(', ')}}`;
}

/** Rules of one or several schemas, and what no rule keeps. */
export class SchemaRules {
  readonly #rules = new Map<string, RulePart>(Object.entries(baseRules));
  /** Rules that no text has been found for, and those that one has: what is known of earlier schemas is not searched again. */
  readonly #open = new Map(this.#rules);
  readonly #fillable = new Set<string>();
  readonly #names = new Map<string, string>();
  readonly #alternatives: AlternativeCount = { made: 0, members: 0 };

  /**
   * The part that stands for a schema.
   * @param type of the JSON, where it must have one whatever the schema allows
   * @throws SchemaFault for a schema that is malformed, too large, or that no text fits
   */
  add(schema: Schema, type?: 'object'): { readonly part: RulePart; readonly unkept: readonly string[] } {
    const unkept = checkSchema(schema);
    const part = this.#partOf(type === undefined ? schema : { allOf: [{ type }, schema] }, schema, '');
    addFillable(this.#open, this.#fillable);
    for (const name of this.#open.keys()) if (this.#fillable.has(name)) this.#open.delete(name);
    if (!isFillable(part, this.#fillable)) throw new SchemaFault('', 'has no text that fits it');
    return { part, unkept };
  }

  /** EBNF of the whole. */
  text(root: RulePart): string | null {
    return ebnfOf(root, this.#rules, this.#fillable);
  }

  /** @param scope of the names: a reference means another schema in another root */
  #partOf(schema: Schema, root: Schema, scope: string): RulePart {
    const prefix = scope === '' ? `${this.#names.size}:` : scope;
    const key = `${prefix}${JSON.stringify(schema)}`;
    const known = this.#names.get(key);
    if (known !== undefined) return ruleOf(known);
    const name = this.#newName();
    this.#names.set(key, name);
    const options = alternativesOf(schema, root, this.#alternatives).map((one) => this.#option(one, root, prefix));
    this.#setRule(name, choice(options));
    return ruleOf(name);
  }

  /** One of several schemas can be an option of each: objects and lists are written once. */
  #option(schema: JsonObject, root: Schema, scope: string): RulePart {
    if (schema['properties'] === undefined && schema['items'] === undefined)
      return this.#plainPart(schema, root, scope);
    const key = `${scope}=${JSON.stringify(schema)}`;
    const known = this.#names.get(key);
    if (known !== undefined) return ruleOf(known);
    const name = this.#newName();
    this.#names.set(key, name);
    this.#setRule(name, this.#plainPart(schema, root, scope));
    return ruleOf(name);
  }

  #setRule(name: string, part: RulePart): void {
    this.#rules.set(name, part);
    this.#open.set(name, part);
  }

  #newName(): string {
    if (this.#names.size >= mostRules) throw new SchemaFault('', `needs more than ${mostRules} rules`);
    return `r${this.#names.size}`;
  }

  #plainPart(schema: JsonObject, root: Schema, scope: string): RulePart {
    const { enum: values, const: only, type } = schema;
    if (only !== undefined || values !== undefined) {
      const list = only === undefined ? (values as readonly Json[]) : [only];
      return choice(list.filter((value) => type === undefined || isOfType(value, type as string)).map(valueText));
    }
    const kind = (type ?? impliedType(schema)) as string | null;
    const inner = (one: Schema): RulePart => this.#partOf(one, root, scope);
    if (kind === null) return ruleOf('value');
    if (kind === 'object') return this.#object(schema, inner);
    if (kind === 'array') return arrayOf(schema, inner);
    if (kind === 'string') return stringOf(schema);
    if (kind === 'boolean') return choice([literal('true'), literal('false')]);
    return kind === 'null' ? literal('null') : numberOf(schema, kind === 'integer');
  }

  #object(schema: JsonObject, inner: (schema: Schema) => RulePart): RulePart {
    const { properties = {}, required = [] } = schema as {
      readonly properties?: Readonly<Record<string, Schema>>;
      readonly required?: readonly string[];
    };
    // No properties are named, and that is meant: a tool without parameters.
    const isEmpty =
      schema['properties'] !== undefined && required.length === 0 && schema['minProperties'] === undefined;
    const additionalProperties = (schema['additionalProperties'] ?? !isEmpty) as Schema;
    // A required property without a description is one of the others.
    const unnamed = required.filter((name) => !Object.hasOwn(properties, name));
    const all = [...Object.entries(properties), ...unnamed.map((name) => [name, additionalProperties] as const)];
    if (all.length === 0) return freeObject(schema, additionalProperties, inner);
    const members = all.map(([name, one]) => {
      return { isRequired: required.includes(name), part: sequence(literal(`${JSON.stringify(name)}: `), inner(one)) };
    });
    return sequence('"{"', this.#members(members), '"}"');
  }

  /** Members in their order, those that may be left out as rules of their own: the text stays as long as the list. */
  #members(members: readonly Member[]): RulePart {
    // After another member, and as the first one.
    let [later, first]: [RulePart, RulePart] = [sequence(), sequence()];
    for (const { isRequired, part } of members.toReversed()) {
      const [withComma, alone] = [sequence('", "', part, later), sequence(part, later)];
      first = isRequired ? alone : this.#shared(choice([alone, first]));
      later = isRequired ? withComma : this.#shared(choice([withComma, later]));
    }
    return first;
  }

  #shared(part: RulePart): RulePart {
    const name = this.#newName();
    this.#names.set(name, name);
    this.#setRule(name, part);
    return ruleOf(name);
  }
}

interface Member {
  readonly isRequired: boolean;
  readonly part: RulePart;
}

/** A grammar of more rules is refused: it would take long to compile. */
const mostRules = 4000;
/** A list or text that must be longer than this is refused. */
const longest = 10_000;

/** JSON of any kind. */
const baseRules: Readonly<Record<string, RulePart>> = {
  value: choice([...['object', 'array', 'string', 'number'].map(ruleOf), ...['true', 'false', 'null'].map(literal)]),
  object: sequence(
    '"{"',
    optional(sequence(ruleOf('member'), repeat(sequence('", "', ruleOf('member')), 0, null))),
    '"}"',
  ),
  member: sequence(ruleOf('string'), '": "', ruleOf('value')),
  array: sequence(
    '"["',
    optional(sequence(ruleOf('value'), repeat(sequence('", "', ruleOf('value')), 0, null))),
    '"]"',
  ),
  string: sequence('"\\""', ruleOf('characters')),
  characters: choice([
    ...['"\\""', sequence('[^"\\\\\\x00-\\x1f]', ruleOf('characters'))],
    sequence('"\\\\" (["\\\\/bfnrt] | "u" [0-9a-fA-F]{4})', ruleOf('characters')),
  ]),
  // Where characters are counted, each is written in one way: two escapes can make one character.
  character: choice(['[^"\\\\\\x00-\\x1f]', '"\\\\" ["\\\\/bfnrt]']),
  integer: '"-"? ("0" | [1-9] [0-9]{0,14})',
  number: sequence(ruleOf('integer'), '("." [0-9]{1,15})? ([eE] [+-]? [0-9]{1,2})?'),
};

function freeObject(schema: JsonObject, additional: Schema, inner: (schema: Schema) => RulePart): RulePart {
  const { propertyNames: names = true, minProperties = 0, maxProperties = null } = schema;
  const keys = names === true ? ruleOf('string') : inner({ allOf: [{ type: 'string' }, names] });
  const member = sequence(keys, '": "', additional === true ? ruleOf('value') : inner(additional));
  const count = { least: minProperties as number, most: maxProperties as number | null };
  return sequence('"{"', listOf(member, count), '"}"');
}

function listOf(part: RulePart, { least, most }: { readonly least: number; readonly most: number | null }): RulePart {
  if (least > longest) throw new SchemaFault('', `asks for at least ${least} parts; the most are ${longest}`);
  if (most === 0) return least === 0 ? sequence() : choice([]);
  const others = repeat(sequence('", "', part), Math.max(0, least - 1), most === null ? null : most - 1);
  const some = sequence(part, others);
  return least === 0 ? optional(some) : some;
}

function arrayOf(schema: JsonObject, inner: (schema: Schema) => RulePart): RulePart {
  const { items = true, minItems = 0, maxItems = null } = schema;
  const isTuple = Array.isArray(items);
  const places = ((isTuple ? items : schema['prefixItems']) ?? []) as readonly Schema[];
  const rest: Schema = isTuple ? true : (items as Schema);
  const count = {
    least: Math.max(0, (minItems as number) - places.length),
    most: maxItems === null ? null : (maxItems as number) - places.length,
  };
  if (count.most !== null && count.most < 0) return choice([]);
  const others = rest === true ? ruleOf('value') : inner(rest);
  if (places.length === 0) return sequence('"["', listOf(others, count), '"]"');
  if (count.least > longest)
    throw new SchemaFault('', `asks for at least ${count.least} parts; the most are ${longest}`);
  const first = places.map((one, index) => (index === 0 ? inner(one) : sequence('", "', inner(one))));
  // A tuple is complete; further items are allowed only where the schema gives their type.
  const more = isTuple || schema['items'] === undefined ? { least: count.least, most: count.least } : count;
  return sequence('"["', ...first, repeat(sequence('", "', others), more.least, more.most), '"]"');
}

function stringOf({ minLength = 0, maxLength = null, format, pattern }: JsonObject): RulePart {
  const known = typeof format === 'string' && Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (known !== undefined) return sequence('"\\""', known, '"\\""');
  const written = typeof pattern === 'string' ? patternPart(pattern) : null;
  if (written !== null) return sequence('"\\""', written, '"\\""');
  if (minLength === 0 && maxLength === null) return ruleOf('string');
  if ((minLength as number) > longest)
    throw new SchemaFault('', `asks for at least ${minLength} characters; the most are ${longest}`);
  return sequence('"\\""', charactersOf(minLength as number, maxLength as number | null), '"\\""');
}

/** More characters that may be missing are written as blocks. */
const mostSingles = 32;

/** The library tries all of its ids in the state of each character that may be missing. Blocks are few: each has half of what is left. */
function charactersOf(least: number, most: number | null): RulePart {
  const some = (count: number): RulePart => repeat(ruleOf('character'), count, count);
  if (most === null || most - least <= mostSingles) return repeat(ruleOf('character'), least, most);
  const blocks: RulePart[] = [];
  for (let left = most - least; left > 0; left = Math.floor(left / 2)) blocks.push(optional(some(Math.ceil(left / 2))));
  return sequence(some(least), ...blocks);
}

const date =
  '[0-9]{4} "-" (("0" [13578] | "1" [02]) "-" ("0" [1-9] | [12] [0-9] | "3" [01]) | ' +
  '("0" [469] | "11") "-" ("0" [1-9] | [12] [0-9] | "30") | "02-" ("0" [1-9] | "1" [0-9] | "2" [0-8]))';
const formats: Readonly<Record<string, string>> = {
  date,
  'date-time': `${date} "T" ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})? "Z"`,
  uuid: '[0-9a-f]{8} "-" [0-9a-f]{4} "-" [1-8] [0-9a-f]{3} "-" [89ab] [0-9a-f]{3} "-" [0-9a-f]{12}',
  email: '[a-zA-Z0-9_+-]{1,32} ("." [a-zA-Z0-9_+-]{1,32}){0,3} "@" ([a-zA-Z0-9]{1,32} "."){1,4} [a-zA-Z]{2,12}',
};

function numberOf(schema: JsonObject, isInteger: boolean): RulePart {
  const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map((name) => {
    const bound = schema[name];
    return typeof bound === 'number' && (isInteger || Number.isInteger(bound)) ? bound : null;
  }) as [number | null, number | null, number | null, number | null];
  const [minimum, maximum, above, below] = bounds;
  if (bounds.every((bound) => bound === null)) return ruleOf(isInteger ? 'integer' : 'number');
  const isLeastOpen = above !== null && (minimum === null || above >= minimum);
  const isMostOpen = below !== null && (maximum === null || below <= maximum);
  const range: NumberRange = {
    least: isLeastOpen ? above : minimum,
    most: isMostOpen ? below : maximum,
    isLeastOpen,
    isMostOpen,
  };
  return isInteger ? integersOf(range) : numbersOf(range);
}

const implied: readonly (readonly [type: string, keywords: readonly string[]])[] = [
  ['object', ['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties']],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems']],
  ['string', ['minLength', 'maxLength', 'format', 'pattern']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']],
];

/** A schema without a type means the one that its keywords are about; null: any. */
function impliedType(schema: JsonObject): string | null {
  return implied.find(([, keywords]) => keywords.some((name) => schema[name] !== undefined))?.[0] ?? null;
}

function isOfType(value: Json, type: string): boolean {
  if (value === null) return type === 'null';
  if (Array.isArray(value)) return type === 'array';
  if (typeof value === 'number') return type === 'number' || (type === 'integer' && Number.isInteger(value));
  return typeof value === type;
}

function valueText(value: Json): string {
  return literal(jsonLine(value));
}
