// JSON schemas as they come from a caller: whether one is well formed, and which of its keywords no grammar keeps here.

import { patternPart } from './pattern-grammar.ts';

/** JSON as JSON.parse gives it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };
export type Schema = boolean | JsonObject;

/** Why a schema can't be kept. */
export class SchemaFault extends Error {
  override readonly name = 'SchemaFault';
  /** Where in the schema, as "properties.a.type"; empty: the whole. */
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Schemas within schemas, deepest. */
const mostLevels = 64;

export const typeNames: readonly string[] = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'];

const isCount = (value: Json): boolean => Number.isInteger(value) && (value as number) >= 0;
const isNumber = (value: Json): boolean => typeof value === 'number';
const isText = (value: Json): boolean => typeof value === 'string';
const isTextList = (value: Json): boolean => Array.isArray(value) && value.every(isText);
const isFullList = (value: Json): boolean => Array.isArray(value) && value.length > 0;
const isKnownType = (value: Json): boolean => typeof value === 'string' && typeNames.includes(value);

/** Keywords that are kept and hold no schemas: what their value has to be. */
const plain: Readonly<Record<string, readonly [(value: Json) => boolean, string]>> = {
  type: [
    (value) => isKnownType(value) || (isFullList(value) && (value as readonly Json[]).every(isKnownType)),
    `must be of ${typeNames.join(', ')}`,
  ],
  enum: [isFullList, 'must be a list with at least one value'],
  const: [() => true, ''],
  $ref: [isText, 'must be a text'],
  required: [isTextList, 'must be a list of texts'],
  minLength: [isCount, 'must be a whole number from 0'],
  maxLength: [isCount, 'must be a whole number from 0'],
  minItems: [isCount, 'must be a whole number from 0'],
  maxItems: [isCount, 'must be a whole number from 0'],
  minProperties: [isCount, 'must be a whole number from 0'],
  maxProperties: [isCount, 'must be a whole number from 0'],
  minimum: [isNumber, 'must be a number'],
  maximum: [isNumber, 'must be a number'],
  exclusiveMinimum: [isNumber, 'must be a number'],
  exclusiveMaximum: [isNumber, 'must be a number'],
  format: [isText, 'must be a text'],
  pattern: [isText, 'must be a text'],
};

/** Keywords that say nothing about a text. */
const remarks: readonly string[] = [
  ...['$schema', '$id', '$comment', '$anchor', 'title', 'description', 'default', 'examples', 'deprecated', 'readOnly'],
  ...['writeOnly', 'discriminator', 'contentEncoding', 'contentMediaType', 'example', 'nullable'],
];
const maps: readonly string[] = ['properties', '$defs', 'definitions'];
const lists: readonly string[] = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const singles: readonly string[] = ['additionalProperties', 'items', 'propertyNames', 'unevaluatedProperties'];

/** @returns paths of the keywords that no grammar keeps @throws SchemaFault */
export function checkSchema(schema: Json, path = '', level = 0): readonly string[] {
  if (typeof schema === 'boolean') return [];
  if (!isObject(schema)) throw new SchemaFault(path, 'must be an object');
  if (level > mostLevels) throw new SchemaFault('', `has schemas more than ${mostLevels} levels deep`);
  const at = (name: string, start = path): string => (start === '' ? name : `${start}.${name}`);
  const inner = (value: Json, place: string): readonly string[] => checkSchema(value, place, level + 1);
  return Object.entries(schema).flatMap(([name, value]) => {
    const place = at(name);
    if (maps.includes(name)) {
      if (!isObject(value)) throw new SchemaFault(place, 'must be an object');
      return Object.entries(value).flatMap(([key, one]) => inner(one, at(key, place)));
    }
    if (lists.includes(name) || (name === 'items' && Array.isArray(value))) {
      if (!isFullList(value)) throw new SchemaFault(place, 'must be a list with at least one schema');
      return (value as readonly Json[]).flatMap((one, index) => inner(one, `${place}[${index}]`));
    }
    if (singles.includes(name)) return [...inner(value, place), ...(isKept(name, schema) ? [] : [place])];
    const rule = plain[name];
    if (rule !== undefined) {
      const [isRight, what] = rule;
      if (!isRight(value)) throw new SchemaFault(place, what);
      return isKept(name, schema) ? [] : [place];
    }
    return remarks.includes(name) ? [] : [place];
  });
}

/** Formats that a grammar writes; others are remarks, as JSON schema has it. A pattern beside one of them is redundant. */
export const formatNames: readonly string[] = ['date', 'date-time', 'email', 'uuid'];

function isKept(name: string, schema: JsonObject): boolean {
  const isOfFormat = formatNames.includes(schema['format'] as string);
  const isPattern = typeof schema['pattern'] === 'string';
  if (name === 'pattern') return isOfFormat || patternPart(schema['pattern'] as string) !== null;
  // A pattern and a length each would need to know of the other.
  if (name === 'minLength' || name === 'maxLength') return !isPattern && !isOfFormat;
  // A bound that is no whole number: the digits do not show soon enough on which side of it a text will be.
  if (/^(minimum|maximum|exclusive)/.test(name)) return Number.isInteger(schema[name]) || schema['type'] === 'integer';
  // Where properties are listed, they are not counted, and their names are known.
  const { properties = {}, required = [] } = schema as {
    readonly properties?: JsonObject;
    readonly required?: readonly Json[];
  };
  const count = Object.keys(properties).length;
  if (name === 'minProperties') return count === 0 || (schema[name] as number) <= required.length;
  if (name === 'maxProperties') return count === 0 || (schema[name] as number) >= count;
  return name !== 'propertyNames' || count === 0;
}
