// A JSON schema as a list of plain ones, each of one type and without references or combinations: what fits one of them fits the schema.

import { defined } from '../basics/defined.ts';
import { isObject, type Json, type JsonObject, type Schema, SchemaFault, typeNames } from './json-schema.ts';

/** Combinations multiply: schemas of more alternatives than these are refused. */
const mostAlternatives = 5000;
/** Members of the schemas that are combined: each takes the time of all its names, and no other request is answered meanwhile. */
const mostMembers = 100_000;

/** Alternatives of all schemas of one grammar so far. */
export interface AlternativeCount {
  made: number;
  /** Keywords and names of properties in them. */
  members: number;
}

/** @param root where references begin @throws SchemaFault */
export function alternativesOf(schema: Schema, root: Schema, count: AlternativeCount): readonly JsonObject[] {
  return flat(schema, new Set());

  function flat(one: Schema, seen: ReadonlySet<string>): readonly JsonObject[] {
    if (one === false) return [];
    count.made += 1;
    if (count.made > mostAlternatives) throw new SchemaFault('', `has more than ${mostAlternatives} combinations`);
    if (one === true) return [{}];
    count.members += Object.keys(one).length + Object.keys(one['properties'] ?? {}).length;
    if (count.members > mostMembers) throw new SchemaFault('', 'combines too many properties');
    const { $ref, anyOf, oneOf, allOf, ...rest } = one;
    const all = [...((allOf ?? []) as readonly Schema[])];
    if (oneOf !== undefined) all.push({ anyOf: oneOf });
    if (typeof $ref === 'string') {
      // A reference that leads back to itself before any text adds nothing.
      if (seen.has($ref)) return [];
      const others = anyOf === undefined ? rest : { ...rest, anyOf };
      return flat([resolved($ref, root), ...all].reduce(merged, others), new Set([...seen, $ref]));
    }
    if (anyOf !== undefined) {
      const others = all.length === 0 ? rest : { ...rest, allOf: all };
      return (anyOf as readonly Schema[]).flatMap((option) => flat(merged(others, option), seen));
    }
    if (all.length > 0) return flat(all.reduce(merged, rest), seen);
    const { type } = rest;
    return Array.isArray(type) ? type.map((name: Json) => ({ ...rest, type: name })) : [rest];
  }
}

function resolved(reference: string, root: Schema): Schema {
  if (!/^#(\/|$)/.test(reference)) throw new SchemaFault('', `refers to "${reference}", which is outside of it`);
  let found: Json | undefined = root as Json;
  for (const part of reference.split('/').slice(1)) {
    const name = plainName(part);
    found =
      (Array.isArray(found) || isObject(found)) && Object.hasOwn(found, name) ? (found as JsonObject)[name] : undefined;
  }
  if (typeof found === 'boolean' || isObject(found)) return found;
  throw new SchemaFault('', `refers to "${reference}", which it does not have`);
}

/** One part of a reference without its escapes, by RFC 6901. */
function plainName(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
}

type Combine = (one: Json, other: Json) => Json;
const both: Combine = (one, other) => (isEqual(one, other) ? one : { allOf: [one, other] });
const larger: Combine = (one, other) => Math.max(one as number, other as number);
const smaller: Combine = (one, other) => Math.min(one as number, other as number);
const common: Combine = (one, other) => {
  const known = new Set((other as readonly Json[]).map(sameText));
  return (one as readonly Json[]).filter((value) => known.has(sameText(value)));
};

/** How two values of a keyword become one that keeps both. */
const combined: Readonly<Record<string, Combine>> = {
  required: (one, other) => [...new Set([...(one as readonly Json[]), ...(other as readonly Json[])])],
  type: (one, other) => commonTypes([one].flat() as readonly string[], [other].flat() as readonly string[]),
  enum: common,
  minLength: larger,
  minItems: larger,
  minProperties: larger,
  minimum: larger,
  exclusiveMinimum: larger,
  maxLength: smaller,
  maxItems: smaller,
  maxProperties: smaller,
  maximum: smaller,
  exclusiveMaximum: smaller,
  items: both,
  propertyNames: both,
};

/** A schema that both describe. @throws SchemaFault for keywords that can't be combined */
function merged(one: Schema, other: Schema): Schema {
  if (one === false || other === false) return false;
  if (one === true) return other;
  if (other === true) return one;
  const [first, second] = [withEnum(one), withEnum(other)];
  const result: Record<string, Json> = { ...first };
  const later: Json[] = [];
  for (const [name, value] of Object.entries(second)) {
    const before = own(result, name);
    const combine = combined[name];
    if (before === undefined || isEqual(before, value)) result[name] = value;
    else if (combinations.includes(name)) later.push({ [name]: value });
    else if (combine !== undefined) result[name] = combine(before, value);
    else if (!partsOfObjects.includes(name) && kept.includes(name))
      throw new SchemaFault('', `has two values of "${name}" for one text`);
  }
  if ([result['type'], result['enum']].some((list) => Array.isArray(list) && list.length === 0)) return false;
  if (later.length > 0) result['allOf'] = [...((result['allOf'] ?? []) as readonly Json[]), ...later];
  return { ...result, ...propertiesOf(first, second) };
}

const combinations: readonly string[] = ['$ref', 'anyOf', 'oneOf', 'allOf'];
const partsOfObjects: readonly string[] = ['properties', 'additionalProperties', 'unevaluatedProperties'];
const kept: readonly string[] = ['prefixItems', 'format', 'pattern'];

function withEnum({ const: only, ...rest }: JsonObject): JsonObject {
  if (only === undefined) return rest;
  return { ...rest, enum: rest['enum'] === undefined ? [only] : common(rest['enum'], [only]) };
}

/** Properties of two schemas; one that the first does not name must fit its `additionalProperties`, and the other way around. */
function propertiesOf(first: JsonObject, second: JsonObject): JsonObject {
  const [mine, theirs] = [first, second].map(({ properties }) => (properties ?? {}) as JsonObject) as [
    JsonObject,
    JsonObject,
  ];
  const names = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
  const free = { first: first['additionalProperties'], second: second['additionalProperties'] };
  const properties = names.map((name) => {
    const one = own(mine, name) ?? free.first ?? true;
    const other = own(theirs, name) ?? free.second ?? true;
    return [name, one === true ? other : other === true ? one : both(one, other)] as const;
  });
  const additional =
    free.first === undefined ? free.second : free.second === undefined ? free.first : both(free.first, free.second);
  return {
    ...(names.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...defined({ additionalProperties: additional }),
  };
}

/** Names of properties may be those of every object. */
function own(properties: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function commonTypes(one: readonly string[], other: readonly string[]): readonly string[] {
  const has = (types: readonly string[], name: string): boolean =>
    types.includes(name) || (name === 'integer' && types.includes('number'));
  return typeNames.filter((name) => has(one, name) && has(other, name));
}

/** Equal for JSON that {@link isEqual} calls the same. */
function sameText(value: Json): string {
  return JSON.stringify(value, (_, part: Json) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1))) : part,
  );
}

/** The same JSON, whatever the order of names. */
export function isEqual(one: Json, other: Json): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((value, index) => isEqual(value, other[index] as Json));
  if (!isObject(one) || !isObject(other)) return one === other;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isEqual(one[name] as Json, other[name] as Json))
  );
}
