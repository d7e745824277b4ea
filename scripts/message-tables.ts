// The page of the site with the fields of every message between a controller and its members: types and limits from the schemas, meanings
// from the comments where the messages are declared. `message-tables.ts FILE` writes it.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { controllerSchemas, memberSchemas } from '../src/allocation/controller/message-schemas.ts';

/** Files that declare messages and their parts. */
const declared = [
  'allocation/controller/messages',
  'core/protocol/device/drafting-advice',
  'core/protocol/edge/row-outbox',
].map((name) => readFileSync(new URL(`../src/${name}.ts`, import.meta.url), 'utf8'));

/** What the tables need of JSON Schema. */
export interface Shape {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Shape[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Shape;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
}

const numeral = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 3 });
const range = ({ minimum = 0, maximum = 0 }: Shape): string => `${numeral(minimum)} to ${numeral(maximum)}`;

function typeOf(shape: Shape): string {
  const { anyOf, pattern, maxLength, minLength = 0, maxItems } = shape;
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (shape.enum !== undefined) return `one of ${shape.enum.map((one) => `\`${one}\``).join(', ')}`;
  const hex = /^\^\[0-9a-f\]\{(\d+)\}\$$/.exec(pattern ?? '')?.[1];
  if (hex !== undefined) return `${hex} hex digits`;
  const length = maxLength === undefined ? '' : `, ${minLength} to ${maxLength} characters`;
  const words: Readonly<Record<string, string>> = {
    string: `text${length}${pattern === undefined ? '' : `, \`${pattern}\``}`,
    integer: `whole number, ${range(shape)}`,
    number: `number, ${range(shape)}`,
    boolean: 'true or false',
    array: `list, at most ${numeral(maxItems ?? 0)}`,
  };
  return words[shape.type ?? ''] ?? shape.type ?? '';
}

interface Declaration {
  /** Its comment. */
  readonly meaning: string;
  /** Declarations that it names before its own fields: those that it extends or picks from. */
  readonly head: string;
  readonly fields: ReadonlyMap<string, { readonly meaning: string; readonly type: string }>;
}

const comment = String.raw`(?:\/\*\* ((?:(?!\*\/)[\s\S])*?) ?\*\/\n\s*)?`;
/** An interface or a type: in one line, or up to the brace that closes it. */
const declaration = new RegExp(
  String.raw`^${comment}(?:export )?(?:interface|type) (\w+)( =.*;$|[\s\S]*?^\}(?! &))`,
  'gm',
);
const plain = (text = ''): string => text.replace(/\s*\n\s*\* ?/g, ' ').trim();

const declarations = new Map(
  declared.flatMap((text) =>
    [...text.matchAll(declaration)].map(([, meaning, name = '', body = '']): [string, Declaration] => [
      name,
      { meaning: plain(meaning), ...partsOf(body) },
    ]),
  ),
);

function partsOf(body: string): Pick<Declaration, 'head' | 'fields'> {
  const fields = body.matchAll(new RegExp(`^  ${comment}readonly (\\w+)\\??: (.*);$`, 'gm'));
  return {
    head: body.replace(/^ {2}.*$/gm, (line) => (line.includes('[Field in') ? line : '')),
    fields: new Map([...fields].map(([, meaning, name = '', type = '']) => [name, { meaning: plain(meaning), type }])),
  };
}

const namedIn = (text: string): Declaration[] =>
  [...text.matchAll(/\w+/g)].flatMap(([name]) => declarations.get(name) ?? []);

/** A field of declarations, or of what they extend. */
function fieldOf(owners: readonly Declaration[], name: string): { meaning: string; type: string } | undefined {
  for (const { fields, head } of owners) {
    const found = fields.get(name) ?? fieldOf(namedIn(head), name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Rows of a table, with parts of a field as `links[].edge` and `place.xM`. */
function rowsOf({ properties = {}, required = [] }: Shape, owners: readonly Declaration[], prefix = ''): string[] {
  return Object.entries(properties).flatMap(([name, shape]) => {
    if (shape.const !== undefined) return [];
    const path = `${prefix}${name}`;
    const { meaning = '', type = '' } = fieldOf(owners, name) ?? {};
    const parts = shape.items ?? [shape, ...(shape.anyOf ?? [])].find((one) => one.properties !== undefined);
    const isLeftOut = required.includes(name) ? '' : '; may be left out';
    const own = `| \`${path}\` | ${typeOf(shape)}${isLeftOut} | ${meaning} |`;
    return [own, ...rowsOf(parts ?? {}, namedIn(type), `${path}${shape.items === undefined ? '.' : '[].'}`)];
  });
}

/** @returns a section for each kind of message */
export function messagesPage(): string {
  const sections = Object.entries({ ...memberSchemas, ...controllerSchemas }).map(([kind, schema]) => {
    const owner = [...declarations.values()].find(({ fields }) => fields.get('kind')?.type === `'${kind}'`);
    const rows = rowsOf(z.toJSONSchema(schema) as Shape, owner === undefined ? [] : [owner]);
    return [`## \`${kind}\``, owner?.meaning ?? '', ['| field | type | |', '| --- | --- | --- |', ...rows].join('\n')];
  });
  const about = 'Fields of the messages of [the controller](controller.md#messages). Times are in ms, rates in bit/s.';
  return `${['# Messages of a controller', about, ...sections.flat()].filter((part) => part !== '').join('\n\n')}\n`;
}

const [, program, file] = process.argv;
if (program === fileURLToPath(import.meta.url) && file !== undefined) writeFileSync(file, messagesPage());
