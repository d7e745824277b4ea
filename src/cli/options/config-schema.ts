// The JSON Schema of a configuration file, from the tables of options: a section for each command, in it the names of its flags.

import { defaultOf, flagName, hasOptionalValue, isSwitch, type OptionSpec, type OptionTable } from './options.ts';

/** Flags that a file can't set: they say which file, or what is printed. */
const neverInFile: readonly string[] = ['config', 'json'];

/** The options of a command that a file may set, by the names of their flags. */
export function configurableOptions(
  table: OptionTable,
): ReadonlyMap<string, { readonly key: string; readonly spec: OptionSpec }> {
  const entries = Object.entries(table).flatMap(([key, spec]) => {
    const name = flagName(spec);
    if (name === null || spec.isHidden === true || neverInFile.includes(name)) return [];
    return [[name, { key, spec }] as const];
  });
  return new Map(entries);
}

/** @param tables by the names of the commands */
export function configSchemaOf(tables: Readonly<Record<string, OptionTable>>): object {
  const sections = Object.entries(tables).map(([command, table]) => {
    const properties = Object.fromEntries(
      [...configurableOptions(table)].map(([name, { spec }]) => [name, propertyOf(spec)]),
    );
    return [command, { description: `outrider ${command}`, ...objectOf(properties) }] as const;
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration file of outrider',
    ...objectOf(Object.fromEntries(sections)),
  };
}

function objectOf(properties: object): object {
  return { type: 'object', properties, additionalProperties: false };
}

function propertyOf(spec: OptionSpec): object {
  const description = spec.help === undefined ? {} : { description: spec.help };
  const fallback = spec.isSecret === true ? undefined : defaultOf(spec);
  const isPlain = ['string', 'number', 'boolean'].includes(typeof fallback) || Array.isArray(fallback);
  return { ...description, ...kindOf(spec), ...(isPlain ? { default: fallback } : {}) };
}

function kindOf(spec: OptionSpec): object {
  const { whole, number, wholes, numbers, choices } = spec;
  const range = whole ?? number ?? wholes ?? numbers;
  const bounds = range === undefined ? {} : { minimum: range[0], maximum: range[1] };
  if (spec.isSecret === true) return { type: 'string', minLength: 1, writeOnly: true };
  if (isSwitch(spec)) return { type: 'boolean' };
  if (whole !== undefined) return { type: 'integer', ...bounds };
  if (number !== undefined) return { type: 'number', ...bounds };
  if (wholes !== undefined) return { type: 'array', items: { type: 'integer', ...bounds } };
  if (numbers !== undefined) return { type: 'array', items: { type: 'number', ...bounds } };
  if (choices !== undefined) return { enum: [...choices] };
  if (spec.texts === true) return { type: 'array', items: { type: 'string' } };
  return { type: hasOptionalValue(spec) ? ['string', 'boolean'] : 'string' };
}
