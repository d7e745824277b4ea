// Makes the flags of a command from its table of options, and reads the typed values by their names in the table.

import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { badArgument } from '../../core/basics/errors.ts';
import {
  defaultOf,
  isSwitch,
  kindOf,
  type OptionSpec,
  type OptionsOf,
  type OptionTable,
} from '../../core/options/options.ts';
import { applyConfigTo, configOptions } from './config-file.ts';

export interface CommandFace<Table extends OptionTable> {
  readonly name: string;
  readonly description: string;
  readonly options: Table;
  /** Shown below the help. */
  readonly notes?: string;
  /** Whether a configuration file may set its options: it then has the flag `--config`. */
  readonly isConfigurable?: true;
}

export function commandOf<Table extends OptionTable>(
  { name, description, options, notes, isConfigurable }: CommandFace<Table>,
  action: (options: OptionsOf<Table>) => unknown,
): Command {
  const command = new Command(name).description(description);
  addOptions(command, options);
  if (isConfigurable === true) addOptions(command, configOptions);
  if (notes !== undefined) command.addHelpText('after', `\n${notes}`);
  return command.action(async (...given: unknown[]) => {
    const words = given.slice(0, -2) as string[];
    if (isConfigurable === true) await applyConfigTo(command, name, options);
    await action(optionsIn(options, command.opts(), words) as OptionsOf<Table>);
  });
}

/** The options of a table, for a command that does more than run one experiment. */
export function addOptions(command: Command, table: OptionTable): void {
  for (const spec of Object.values(table)) {
    if (spec.flag !== undefined) command.addOption(flagOption(spec, spec.flag));
    if (spec.flag !== undefined && !isSwitch(spec) && spec.texts !== true) refuseTwice(command, spec.flag);
    if (spec.argument !== undefined) command.addArgument(argumentOf(spec, spec.argument));
    if (spec.alias !== undefined) command.addOption(aliasOption(spec, spec.alias));
  }
}

/** Commander would take the last of two values and say nothing. */
function refuseTwice(command: Command, flag: string): void {
  let isGiven = false;
  command.on(`option:${new Option(flag).name()}`, () => {
    if (isGiven) command.error(`error: option '${flag}' is given twice; give it once`);
    isGiven = true;
  });
}

/** What was typed, by the names in the table. @param words the arguments, in the order of the table */
export function optionsIn(
  table: OptionTable,
  flags: Readonly<Record<string, unknown>>,
  words: readonly string[] = [],
): Record<string, unknown> {
  const typed = (flag: string): unknown => flags[new Option(flag).attributeName()];
  const left = [...words];
  const entries = Object.entries(table).flatMap(([key, spec]) => {
    const { flag, alias, argument } = spec;
    if (argument !== undefined) return [[key, left.shift()] as const];
    if (flag === undefined) return [];
    const given = (alias === undefined ? undefined : typed(alias)) ?? typed(flag);
    return [[key, given ?? defaultOf(spec)] as const];
  });
  return Object.fromEntries(entries);
}

function argumentOf({ help, choices, default: fallback }: OptionSpec, name: string): Argument {
  const argument = new Argument(name, help);
  if (choices !== undefined) argument.choices(choices);
  return fallback === undefined ? argument : argument.default(fallback);
}

/** An older name of an option: it is taken, and not shown. */
function aliasOption(spec: OptionSpec, flag: string): Option {
  const { default: _default, isRequired: _isRequired, env: _env, ...rest } = spec;
  return flagOption({ ...rest, isHidden: true }, flag);
}

function flagOption(spec: OptionSpec, flag: string): Option {
  const option = new Option(flag, spec.help).hideHelp(spec.isHidden === true);
  if (spec.group !== undefined) option.helpGroup(spec.group);
  const fallback = defaultOf(spec);
  if (!(isSwitch(spec) || fallback === undefined)) option.default(fallback, spec.defaultLabel ?? listLabel(fallback));
  if (spec.isRequired === true) option.makeOptionMandatory();
  if (spec.conflicts !== undefined) option.conflicts(spec.conflicts);
  if (spec.env !== undefined) option.env(spec.env);
  if (spec.choices !== undefined) return option.choices(spec.choices);
  if (isSwitch(spec) || option.variadic) return option;
  return option.argParser((text: string, before: unknown) => {
    if (spec.texts === true) return before === fallback ? [text] : [...(before as readonly string[]), text];
    if (spec.isSecret === true) demandSecret(spec, text);
    return orInvalid(() => kindOf(spec).parse(text));
  });
}

/** A list as it is typed; undefined: no list. */
function listLabel(fallback: unknown): string | undefined {
  if (!Array.isArray(fallback)) return undefined;
  return fallback.length === 0 ? 'none' : fallback.join(',');
}

/** @throws OutriderError `bad-argument` for an empty one: a variable without a value must not stand for "no key" */
function demandSecret({ flag = '', env = '' }: OptionSpec, text: string): void {
  if (text !== '') return;
  if (env in process.env && process.env[env] === '')
    throw badArgument(`${env} is set but empty`, `give it a value, or unset it (env -u ${env} ...)`);
  throw badArgument(`${flag.split(' ')[0]} is empty`, 'give a value, or leave the flag out');
}

/** Commander prints the message beside the flag. */
function orInvalid<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
