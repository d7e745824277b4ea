// docs/operate/controller.md tells the fields of every message with their limits, and shows each message once: both must be what the codec takes.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  decodeController,
  decodeMember,
  encodeControl,
  mostFrameBytes,
} from '../src/allocation/controller/message-codec.ts';
import { controllerSchemas, memberSchemas } from '../src/allocation/controller/message-schemas.ts';
import { controlVersion } from '../src/allocation/controller/messages.ts';
import { subprotocol } from '../src/network/transport/socket-connection.ts';

const page = readFileSync(new URL('../docs/operate/controller.md', import.meta.url), 'utf8');

/** What the tables need of JSON Schema. */
interface Shape {
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

/** Types that have a name on the page. */
const named = new Map(
  [...page.matchAll(/^\| (id|address) \| (.*) \|$/gm)].map(([, name = '', type = '']) => [type, name]),
);

function typeOf(shape: Shape): string {
  const type = plainTypeOf(shape);
  return named.get(type) ?? type;
}

function plainTypeOf(shape: Shape): string {
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

/** Fields of every message of a controller, told once, with `alive`. */
const ofAll: readonly string[] = ['cell', 'epoch'];

/** Fields and types, with those of parts as `links[].edge` and `place.xM`. */
function rowsOf({ properties = {}, required = [] }: Shape, prefix = ''): string[][] {
  return Object.entries(properties).flatMap(([name, shape]) => {
    if (shape.const !== undefined) return [];
    const field = `${prefix}${name}`;
    const parts = shape.items ?? [shape, ...(shape.anyOf ?? [])].find((one) => one.properties !== undefined);
    const isLeftOut = required.includes(name) ? '' : '; may be left out';
    const own = [`\`${field}\``, `${typeOf(shape)}${isLeftOut}`];
    return [own, ...rowsOf(parts ?? {}, `${field}${shape.items === undefined ? '.' : '[].'}`)];
  });
}

const section = (kind: string): string => page.split(`\n#### \`${kind}\`\n`)[1]?.split(/\n##/)[0] ?? '';
const told = (kind: string): string[][] =>
  section(kind)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split(' | ')
        .slice(0, 2)
        .map((cell) => cell.replace(/^\| /, '').trim()),
    );

const schemas = { ...memberSchemas, ...controllerSchemas };

describe('docs/operate/controller.md', () => {
  it.each(Object.keys(schemas) as (keyof typeof schemas)[])('tells the fields of %s', (kind) => {
    const { properties, required } = z.toJSONSchema(schemas[kind]) as Shape;
    const own = Object.entries(properties ?? {}).filter(
      ([name]) => kind in memberSchemas || kind === 'alive' || !ofAll.includes(name),
    );
    expect(told(kind)).toEqual(rowsOf({ properties: Object.fromEntries(own), ...(required && { required }) }));
  });

  it.each(Object.keys(schemas))('shows a message of the kind %s, which is read and written as it stands', (kind) => {
    const golden = /\n```json\n([\s\S]*?)\n```/.exec(section(kind))?.[1] ?? '';
    const bytes = new TextEncoder().encode(golden);
    const message = Object.hasOwn(memberSchemas, kind) ? decodeMember(bytes) : decodeController(bytes);
    if (message === null) return expect.fail(`the example is no ${kind}`);
    expect(message.kind).toBe(kind);
    expect(JSON.parse(new TextDecoder().decode(encodeControl(message)))).toEqual(JSON.parse(golden));
  });

  it('names the subprotocol, the version and the largest frame', () => {
    const words = page.split('\n## The protocol\n')[1]?.split('\n####')[0] ?? '';
    for (const word of [`\`${subprotocol}\``, `version ${controlVersion}`, `${numeral(mostFrameBytes)} bytes`])
      expect(words).toContain(word);
  });
});
