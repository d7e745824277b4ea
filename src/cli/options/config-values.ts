// Where the value of an option comes from: the flag, else the environment, else the configuration file, else the default.

import { type Command, Option } from 'commander';
import { type ConfigEntry, configurableOptions, fault, readConfigSection } from './config-file.ts';
import { hasOptionalValue, isSwitch, kindOf, type OptionSpec, type OptionTable } from './options.ts';

export const configOptions = {
  config: {
    group: 'Configuration file:',
    flag: '--config <file>',
    help: 'a YAML file with the values of flags that are not given ("outrider config show" tells what comes from where)',
    env: 'OUTRIDER_CONFIG',
  },
} as const;

/** What commander calls the source of a value that this file has set. */
const fromFile = 'config';

/** Where the values of a file stand: "FILE:LINE" by the name of the flag. */
const places = new WeakMap<Command, ReadonlyMap<string, string>>();

/** Sets what the file has and nothing before it. @throws OutriderError `bad-argument` */
export async function applyConfigTo(command: Command, name: string, table: OptionTable): Promise<void> {
  const typed = command.opts() as { readonly config?: string; readonly untilInputEnds?: boolean };
  const { config: path } = typed;
  // A program that has started this one has chosen everything itself.
  if (path === undefined || typed.untilInputEnds === true) return;
  const section = await readConfigSection(path, name, table);
  places.set(command, new Map([...section].map(([flag, { line }]) => [flag, `${path}:${line}`])));
  const options = configurableOptions(table);
  for (const [flag, entry] of section) {
    const { spec } = options.get(flag) as { readonly spec: OptionSpec };
    const value = parsedValue(spec, flag, entry, path);
    if (sourceOf(command, spec) === 'default') command.setOptionValueWithSource(attributeOf(spec), value, fromFile);
  }
  for (const [flag, { line }] of section) {
    const { spec } = options.get(flag) as { readonly spec: OptionSpec };
    const other = spec.conflicts === undefined ? undefined : options.get(spec.conflicts)?.spec;
    if (other === undefined || sourceOf(command, spec) !== fromFile || sourceOf(command, other) === 'default') continue;
    throw fault(path, line, `"${flag}" does not go with "${spec.conflicts}"`, 'leave one of the two out');
  }
}

/** Where the present value of an option comes from. */
export function sourceOf(command: Command, spec: OptionSpec): 'cli' | 'env' | 'config' | 'default' {
  const older =
    spec.alias === undefined ? undefined : command.getOptionValueSource(new Option(spec.alias).attributeName());
  const source = older === undefined || older === 'default' ? command.getOptionValueSource(attributeOf(spec)) : older;
  const known = (['cli', 'env', fromFile] as const).find((one) => one === source);
  return known ?? 'default';
}

/** Where the value of a flag stands in the file, for people. */
export function placeInFile(command: Command, flag: string): string {
  return places.get(command)?.get(flag) ?? 'the configuration file';
}

function attributeOf({ flag = '' }: OptionSpec): string {
  return new Option(flag).attributeName();
}

function parsedValue(spec: OptionSpec, flag: string, { value, line }: ConfigEntry, path: string): unknown {
  const refuse = (what: string, remedy: string): Error => fault(path, line, `"${flag}" ${what}`, remedy);
  if (isSwitch(spec)) {
    if (typeof value === 'boolean') return value;
    throw refuse('is a switch', 'write true or false');
  }
  // A flag that may stand alone.
  if (hasOptionalValue(spec) && typeof value === 'boolean') return value ? true : undefined;
  const isList = Array.isArray(value);
  if (spec.texts === true) {
    const texts = isList ? (value as readonly unknown[]) : [value];
    if (texts.every((text) => typeof text === 'string')) return texts;
    throw refuse('takes texts', 'put each of them in quotes');
  }
  const kind = kindOf(spec);
  if (isList && !kind.isList) throw refuse('takes one value, not a list', 'write one value');
  // A number that was meant as a text has lost its zeros and signs by now.
  if (!kind.isNumeric && typeof value !== 'string') throw refuse('takes a text', 'put the value in quotes');
  if (spec.isSecret === true && value === '') throw refuse('is empty', 'give a value, or leave the line out');
  const text = isList ? (value as readonly unknown[]).join(',') : String(value);
  try {
    return kind.parse(text);
  } catch (error) {
    const { message, remedy } = error as Error & { readonly remedy?: string };
    throw refuse(
      `is ${spec.isSecret === true ? 'not allowed' : `"${text.slice(0, 80)}"`}`,
      remedy ?? lowerFirst(message),
    );
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
