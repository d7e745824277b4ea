// `outrider config`: the values of a command's options and the source of each; the schema of the file.

import { Command } from 'commander';
import { badArgument } from '../core/basics/errors.ts';
import { Secret, withoutSecrets } from '../core/basics/secret.ts';
import { defaultOf, kindOf, type OptionSpec, type OptionsOf, type OptionTable } from '../core/options/options.ts';
import { printDocument } from '../files/document.ts';
import { controllerFace } from './controller.ts';
import { serveFace } from './device/serve.ts';
import { edgeFace } from './edge/edge.ts';
import { configurableCommands, configurableOptions, placeInFile, sourceOf } from './options/config-file.ts';
import { type CommandFace, commandOf } from './options/option-flags.ts';
import { formatTable } from './terminal/terminal-table.ts';

/** The commands that take a configuration file. */
export type ConfigFaces = { readonly [Name in (typeof configurableCommands)[number]]: CommandFace<OptionTable> };

export const faces: ConfigFaces = {
  edge: edgeFace,
  serve: serveFace,
  controller: controllerFace,
};

const showOptions = {
  command: { argument: '<command>', help: `whose options: ${configurableCommands.join(', ')}` },
  flags: {
    argument: '[flags...]',
    help: 'after "--": flags of that command',
    texts: true,
    default: [] as readonly string[],
  },
  origin: {
    flag: '--origin',
    help: 'also tell where each value comes from: flag, environment, file and line, default',
  },
  config: { flag: '--config <file>', help: 'the configuration file', env: 'OUTRIDER_CONFIG' },
  json: { flag: '--json', help: 'print one JSON document on standard output' },
} as const;

const notes = `Examples:
  outrider config show edge --origin --config edge.yaml
  outrider config show serve --origin -- --port 9000      with flags of the command after "--"`;

/** An option as it would be used now. */
export interface ShownOption {
  readonly option: string;
  /** A secret is "(hidden)"; null: there is none. */
  readonly value: unknown;
  /** "flag", "environment NAME", "FILE:LINE" or "default". */
  readonly origin: string;
}

/** @param words flags, as they would be typed @throws OutriderError `bad-argument`, CommanderError */
export async function resolveOptions(face: CommandFace<OptionTable>, words: readonly string[]): Promise<ShownOption[]> {
  let found: Readonly<Record<string, unknown>> = {};
  const command = commandOf(face, (options) => {
    found = options;
  });
  command.exitOverride().configureOutput({ outputError: () => undefined });
  await command.parseAsync([...words], { from: 'user' });
  return [...configurableOptions(face.options)].map(([option, { key, spec }]) => {
    const value = found[key];
    const origins = {
      cli: 'flag',
      env: `environment ${spec.env}`,
      config: placeInFile(command, option),
      default: 'default',
    };
    return { option, value: shownValue(value), origin: origins[sourceOf(command, spec)] };
  });
}

function shownValue(value: unknown): unknown {
  if (value instanceof Secret) return '(hidden)';
  if (Array.isArray(value)) return value.map(shownValue);
  return typeof value === 'string' ? withoutSecrets(value) : (value ?? null);
}

async function runShow({ command, flags, origin, config, json }: OptionsOf<typeof showOptions>): Promise<void> {
  const name = configurableCommands.find((one) => one === command);
  if (name === undefined)
    throw badArgument(`"${command}" takes no configuration file`, `name one of ${configurableCommands.join(', ')}`);
  const options = await resolveOptions(faces[name], [...(config === undefined ? [] : ['--config', config]), ...flags]);
  const rows = options.map(({ origin: from, ...row }) => (origin ? { ...row, origin: from } : row));
  const setCount = options.filter((one) => one.origin !== 'default').length;
  if (json) return printDocument('config show', { rows, summary: { command: name, options: rows.length, setCount } });
  const shown = rows.map((row) => ({ ...row, value: valueText(row.value) }));
  process.stdout.write(`${formatTable(shown, origin ? ['option', 'value', 'origin'] : ['option', 'value'])}\n`);
}

function valueText(value: unknown): string {
  if (value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The content of docs/config.schema.json. */
export function configSchemaText(): string {
  const sections = Object.entries(faces).map(([command, { options }]) => {
    const properties = [...configurableOptions(options)].map(([name, { spec }]) => [name, propertyOf(spec)]);
    return [command, { description: `outrider ${command}`, ...objectOf(Object.fromEntries(properties)) }];
  });
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration file of outrider',
    ...objectOf(Object.fromEntries(sections)),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function objectOf(properties: object): object {
  return { type: 'object', properties, additionalProperties: false };
}

function propertyOf(spec: OptionSpec): object {
  const fallback = spec.isSecret === true ? undefined : defaultOf(spec);
  const isPlain = ['string', 'number', 'boolean'].includes(typeof fallback) || Array.isArray(fallback);
  return { description: spec.help, ...kindOf(spec).schema, default: isPlain ? fallback : undefined };
}

/** The command tree of `outrider config`. */
export function configCommand(): Command {
  const show = 'print the options of a command as they would be used now, and where each comes from';
  const schema = 'print the JSON Schema of the configuration file (docs/config.schema.json)';
  const schemaOptions = { json: { flag: '--json', help: 'the same: a schema is JSON' } } as const;
  return new Command('config')
    .description('the configuration file of edge, serve and controller')
    .addCommand(commandOf({ name: 'show', description: show, options: showOptions, notes }, runShow))
    .addCommand(
      commandOf({ name: 'schema', description: schema, options: schemaOptions }, () => {
        process.stdout.write(configSchemaText());
      }),
    );
}
