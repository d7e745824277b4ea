// A configuration file: YAML, a section for each command, in it the names of flags and their values. What it does not know is an error. A value
// comes from the flag, else the environment, else the file, else the default.

import { type FileHandle, open } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { badArgument } from '../../core/basics/errors.ts';
import { nearestName } from '../../core/basics/nearest-name.ts';
import {
  flagName,
  hasOptionalValue,
  isSwitch,
  kindOf,
  type OptionSpec,
  type OptionTable,
} from '../../core/options/options.ts';
import { hasParent } from '../terminal/interrupt.ts';

/** Commands that a section may be for. */
export const configurableCommands = ['edge', 'serve', 'controller'] as const;

/** A value and the line where it stands, from 1. */
interface ConfigEntry {
  readonly value: unknown;
  readonly line: number;
}

/** The section of one command, by the names of its flags. */
type ConfigSection = ReadonlyMap<string, ConfigEntry>;

const mostBytes = 262_144;
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

/**
 * Reads the section of one command.
 * @throws OutriderError `bad-argument`: what is wrong, with path and line
 */
async function readConfigSection(path: string, command: string, table: OptionTable): Promise<ConfigSection> {
  const { text, mode } = await readText(path);
  const counter = new LineCounter();
  const lineOf = (node: unknown): number => {
    const at = (node as { readonly range?: readonly number[] | null } | null)?.range?.[0] ?? 0;
    return counter.linePos(at).line;
  };
  const faultAt: FaultAt = (node, what, remedy) => fault(path, lineOf(node), what, remedy);
  const sections = parse(path, text, counter);
  for (const { key } of sections?.items ?? []) demandKnown(key, configurableCommands, 'section', faultAt);
  const found = sections?.items.find(({ key }) => keyOf(key) === command)?.value;
  const section = new Map<string, ConfigEntry>();
  if (found === undefined || found === null || (isScalar(found) && found.value === null)) return section;
  if (!isMap(found)) throw faultAt(found, `"${command}" holds no options`, 'write "name: value" lines below it');
  const options = configurableOptions(table);
  for (const { key, value } of found.items as Pair[]) {
    demandKnown(key, [...options.keys()], `option of "outrider ${command}"`, faultAt);
    section.set(keyOf(key), { value: plain(key, value, faultAt), line: lineOf(key) });
  }
  const hasSecret = [...section.keys()].some((name) => options.get(name)?.spec.isSecret === true);
  demandPrivate(path, mode, hasSecret);
  return section;
}

/** An error with the place of a node. */
type FaultAt = (node: unknown, what: string, remedy: string) => Error;

/** One line of cause, with its place. */
function fault(path: string, line: number, what: string, remedy: string): Error {
  return badArgument(`${path}:${line}: ${what}`, remedy);
}

async function readText(path: string): Promise<{ readonly text: string; readonly mode: number }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { mode, size } = await file.stat();
    if (size > mostBytes)
      throw badArgument(`${path} has ${size} bytes, which no configuration needs`, 'name another file');
    return { text: await file.readFile('utf8'), mode };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code === 'bad-argument') throw error;
    const cause = code === 'ENOENT' ? `there is no file ${path}` : `${path} can't be read: ${code}`;
    throw badArgument(cause, 'give the configuration file with --config, or unset OUTRIDER_CONFIG', { cause: error });
  } finally {
    await file?.close();
  }
}

/** Null: an empty file. */
function parse(path: string, text: string, lineCounter: LineCounter): YAMLMap | null {
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lineCounter.linePos(error.pos[0]);
    throw fault(path, line, `not YAML: ${error.message.split('\n')[0]}`, 'mend that line');
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return null;
  if (isMap(contents)) return contents;
  const known = configurableCommands.map((name) => `"${name}:"`).join(', ');
  throw fault(path, 1, 'no sections', `begin with one of ${known}`);
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

function demandKnown(key: unknown, known: readonly string[], what: string, faultAt: FaultAt): void {
  const name = keyOf(key);
  if (known.includes(name)) return;
  const near = nearestName(name, known);
  const list = known.length > 8 ? '"outrider config schema" has them all' : `there are ${known.join(', ')}`;
  throw faultAt(key, `"${name.slice(0, 80)}" is no ${what}`, near === undefined ? list : `did you mean "${near}"?`);
}

/** A text, number or truth, or a list of them. */
function plain(key: unknown, node: unknown, faultAt: FaultAt): unknown {
  const one = (value: unknown): unknown => {
    if (isScalar(value) && ['string', 'number', 'boolean'].includes(typeof value.value)) return value.value;
    const remedy = 'give a text, a number, true or false, or a list';
    throw faultAt(key, `"${keyOf(key)}" has a value that no option takes`, remedy);
  };
  return isSeq(node) ? node.items.map(one) : one(node);
}

/** Who may write the file decides who gets in; who may read a key has it. */
function demandPrivate(path: string, mode: number, hasSecret: boolean): void {
  if (process.platform === 'win32') return;
  const shown = (mode & 0o777).toString(8);
  if ((mode & 0o022) !== 0)
    throw badArgument(`${path} may be written by others (mode ${shown})`, `chmod 600 ${path}, or 640`);
  if (hasSecret && (mode & 0o004) !== 0)
    throw badArgument(`${path} holds a key and may be read by everyone (mode ${shown})`, `chmod 600 ${path}, or 640`);
}

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
  const { config: path } = command.opts() as { readonly config?: string };
  // A program that has started this one has chosen everything itself.
  if (path === undefined || hasParent()) return;
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
