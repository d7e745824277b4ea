// Writes a scenario as a file that reads back the same.

import { stringify } from 'yaml';
import type { Scenario } from './scenario.ts';
import { scenarioJsonSchema } from './scenario.ts';

/** YAML. */
export function scenarioText(scenario: Scenario): string {
  return stringify(scenario, { lineWidth: 120 });
}

/** The published schema, the content of docs/scenario.schema.json: a whole scenario, or some of its values with `extends`. */
export function scenarioSchemaText(): string {
  const { $schema, ...whole } = scenarioJsonSchema() as Schema;
  const { properties, ...rest } = partOf(whole) as Schema;
  const base = { type: 'string', minLength: 1, description: extendsMeaning };
  const part = { ...rest, properties: { extends: base, ...(properties as Schema) }, required: ['extends'] };
  return `${JSON.stringify({ $schema, anyOf: [whole, part] }, undefined, 2)}\n`;
}

type Schema = Readonly<Record<string, unknown>>;
const extendsMeaning =
  'a preset, or the path of a scenario file relative to this one; what this file leaves out is as there';

/** The same schema with every field optional and without defaults. An object without its `kind` may be any of several. */
function partOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(partOf);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { required: _required, default: _default, oneOf, properties, ...rest } = schema as Schema;
  // A list is replaced, so that each of its entries is whole.
  const inner = Object.entries(rest).map(([key, value]) => [key, key === 'items' ? value : partOf(value)]);
  return {
    ...Object.fromEntries(inner),
    ...(oneOf === undefined ? {} : { anyOf: partOf(oneOf) }),
    ...(properties === undefined ? {} : { properties: partsOf(properties as Schema) }),
  };
}

/** The names of fields are no words of the schema. */
function partsOf(properties: Schema): Schema {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, partOf(schema)]));
}
