// The options of an experiment or trial as a table of plain data: flag, help, kind of value, default. The command line, the defaults of a
// caller in code and the TypeScript type of the options all come from this one table. It uses no terminal.

import { Secret } from '../basics/secret.ts';

type Range = readonly [low: number, high: number];

/** One option. Its kind is what it gives of `whole` to `parse`; with none of them it is a text, or a switch if the flag takes no value. */
export interface OptionSpec {
  /** As it is typed: "--seeds <count>". Without a flag only callers in code can set the option. */
  readonly flag?: string;
  /** In place of a flag: a word that has to be typed, "<name|file>". */
  readonly argument?: string;
  readonly help?: string;
  /** A whole number, or any number, of this range. */
  readonly whole?: Range;
  readonly number?: Range;
  /** The same, several with commas between them: "0,20,100". */
  readonly wholes?: Range;
  readonly numbers?: Range;
  readonly choices?: readonly string[];
  /** Several texts: the flag takes them all ("<file...>"), or is given several times. */
  readonly texts?: true;
  /** Throws an Error whose message names the allowed values. */
  readonly parse?: (text: string) => unknown;
  /** Never read: stands for the type where the kind does not say it all. Without a flag the default has the type. */
  readonly type?: unknown;
  /** Without a default the option may be undefined. A switch is off by default. */
  readonly default?: unknown;
  /** The value that `--full`, the published size of an experiment, gives it unless it is typed. */
  readonly full?: unknown;
  /** How help shows the default, where it is not plain. */
  readonly defaultLabel?: string;
  /** Heading in the help: {@link grouped}. Default: "Options:". */
  readonly group?: string;
  readonly isRequired?: true;
  /** An older name with the same value: taken, and not shown. */
  readonly alias?: string;
  /** A variable of the environment that stands in for the flag. */
  readonly env?: string;
  /** A key or password: it is wrapped at once, so that no document, log or error shows it. */
  readonly isSecret?: true;
  /** Taken, and not shown. */
  readonly isHidden?: true;
  /** Another option that can't be given as well, by its name on the command line: "full". */
  readonly conflicts?: string;
}

/** The same for every trial. */
export const trialSeed = {
  flag: '--seed <number>',
  help: 'seed of the trial',
  whole: [0, 2 ** 48] as Range,
  default: 1 as number,
} as const;

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The same options, under a heading of their own in the help. */
export function grouped<const Table extends OptionTable>(group: string, table: Table): Table {
  return Object.fromEntries(Object.entries(table).map(([key, spec]) => [key, { ...spec, group }])) as unknown as Table;
}

type NumberKind = { readonly whole: Range } | { readonly number: Range };
type NumbersKind = { readonly wholes: Range } | { readonly numbers: Range };
type ValueOf<Spec> = Spec extends { readonly type: infer Value }
  ? Value
  : Spec extends { readonly isSecret: true }
    ? Secret
    : Spec extends NumberKind
      ? number
      : Spec extends NumbersKind
        ? readonly number[]
        : Spec extends { readonly choices: readonly (infer Choice)[] }
          ? Choice
          : Spec extends { readonly texts: true }
            ? readonly string[]
            : Spec extends { readonly parse: (text: string) => infer Value }
              ? Value
              : Spec extends { readonly flag: `${string}<${string}` } | { readonly argument: string }
                ? string
                : Spec extends { readonly flag: string }
                  ? boolean
                  : Spec extends { readonly default: infer Value }
                    ? Value
                    : never;
type IsSwitch<Spec> = Spec extends { readonly flag: `${string}<${string}` | `${string}[${string}` } ? false : true;
type OptionOf<Spec> = Spec extends
  | { readonly default: unknown }
  | { readonly isRequired: true }
  | { readonly argument: string }
  ? ValueOf<Spec>
  : IsSwitch<Spec> extends true
    ? ValueOf<Spec>
    : ValueOf<Spec> | undefined;

/** What an experiment gets: a value for each option of the table. */
export type OptionsOf<Table> = { readonly [Key in keyof Table]: OptionOf<Table[Key]> };

/** What a caller gives: whatever is left out has its default. */
export type GivenOptions<Table> = { readonly [Key in keyof Table]?: OptionOf<Table[Key]> | undefined };

export function withDefaults<Table extends OptionTable>(table: Table, given: GivenOptions<Table>): OptionsOf<Table> {
  const entries = Object.entries(table).map(([key, spec]) => {
    const value = (given as Readonly<Record<string, unknown>>)[key];
    return [key, value === undefined ? defaultOf(spec) : value] as const;
  });
  return Object.fromEntries(entries) as OptionsOf<Table>;
}

export function defaultOf(spec: OptionSpec): unknown {
  return spec.default === undefined && isSwitch(spec) ? false : spec.default;
}

/** As it is typed, without dashes and value: "tls-cert"; null: it has no flag. */
export function flagName({ flag }: OptionSpec): string | null {
  return flag === undefined ? null : (/--([\w-]+)/.exec(flag)?.[1] ?? null);
}

/** A flag that may be given with or without a value: "--offline [model]". */
export function hasOptionalValue({ flag }: OptionSpec): boolean {
  return flag?.includes('[') === true;
}

/** A flag without a value. */
export function isSwitch({ flag }: OptionSpec): boolean {
  return flag !== undefined && !/[<[]/.test(flag);
}

/** How the value of an option is read from text, and its JSON Schema. */
export interface ValueKind {
  readonly schema: object;
  readonly isNumeric: boolean;
  /** Several values with commas between them. */
  readonly isList: boolean;
  /** @throws Error with a sentence that says what to give instead */
  readonly parse: (text: string) => unknown;
}

export function kindOf(spec: OptionSpec): ValueKind {
  const { whole, number, wholes, numbers, choices, parse = String } = spec;
  const range = whole ?? number ?? wholes ?? numbers;
  if (range !== undefined) return numericKind(range, whole ?? wholes, wholes ?? numbers);
  const plain = { isNumeric: false, isList: false };
  if (spec.isSecret === true)
    return { ...plain, schema: { type: 'string', minLength: 1, writeOnly: true }, parse: (text) => new Secret(text) };
  if (isSwitch(spec)) return { ...plain, schema: { type: 'boolean' }, parse };
  if (choices !== undefined) {
    const demandChoice = (text: string): string => {
      if (choices.includes(text)) return text;
      throw new Error(`Allowed choices are ${choices.join(', ')}.`);
    };
    return { ...plain, schema: { enum: [...choices] }, parse: demandChoice };
  }
  if (spec.texts === true) return { ...plain, schema: { type: 'array', items: { type: 'string' } }, parse };
  return { ...plain, schema: { type: hasOptionalValue(spec) ? ['string', 'boolean'] : 'string' }, parse };
}

/** @param ofWholes undefined: any numbers @param ofSeveral undefined: one number */
function numericKind(range: Range, ofWholes: Range | undefined, ofSeveral: Range | undefined): ValueKind {
  const [minimum, maximum] = range;
  const one = { type: ofWholes === undefined ? 'number' : 'integer', minimum, maximum };
  const read = ofWholes === undefined ? parseNumber : parseWhole;
  const parse = (text: string): number => read(text, minimum, maximum);
  if (ofSeveral === undefined) return { schema: one, isNumeric: true, isList: false, parse };
  const parseAll = (text: string): number[] => text.split(',').map(parse);
  return { schema: { type: 'array', items: one }, isNumeric: true, isList: true, parse: parseAll };
}

/** A 64-bit seed, decimal. @throws Error with a sentence that says what to give instead */
export function parseSeed(text: string): bigint {
  if (/^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n) return BigInt(text);
  throw new Error('Give a whole number from 0 to 18446744073709551615.');
}

/** @throws Error with a sentence that says what to give instead */
export function parseNumber(text: string, low: number, high: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= low && value <= high) return value;
  throw new Error(`Give a number from ${low} to ${high}.`);
}

/** @throws Error with a sentence that says what to give instead */
export function parseWhole(text: string, low: number, high: number): number {
  const value = parseNumber(text, low, high);
  if (Number.isInteger(value)) return value;
  throw new Error(`Give a whole number from ${low} to ${high}.`);
}
