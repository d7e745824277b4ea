// docs/operate/controller.md names every kind of message; the site's page of their fields comes from the schemas, which the codec follows.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { messagesPage, type Shape } from '../scripts/message-tables.ts';
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
const schemas = { ...memberSchemas, ...controllerSchemas };
const kinds = Object.keys(schemas) as (keyof typeof schemas)[];
const written = messagesPage();
const section = (kind: string): string => written.split(`\n## \`${kind}\`\n`)[1]?.split('\n## ')[0] ?? '';

/** The least value that a schema takes, with every field. */
function leastOf(shape: Shape): unknown {
  const { anyOf, pattern = '', properties, items } = shape;
  if (shape.const !== undefined) return shape.const;
  if (shape.enum !== undefined) return shape.enum[0];
  if (anyOf?.[0] !== undefined) return leastOf(anyOf[0]);
  if (properties !== undefined)
    return Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, name === 'version' ? controlVersion : leastOf(one)]),
    );
  if (items !== undefined) return [leastOf(items)];
  if (shape.type !== 'string') return shape.minimum ?? true;
  if (pattern.startsWith('^wss?')) return 'wss://near.example:8642';
  return 'a'.repeat(Number(/\{(\d+)\}\$/.exec(pattern)?.[1] ?? 1));
}

describe('docs/operate/controller.md', () => {
  it.each(kinds)('names messages of the kind %s', (kind) => {
    expect(page.split('\n### Messages\n')[1]?.split('\n## ')[0]).toContain(`\`${kind}\``);
  });

  it('names the subprotocol, the version and the largest frame', () => {
    const words = page.split('\n## The protocol\n')[1]?.split('\n**Cells')[0] ?? '';
    for (const word of [
      `\`${subprotocol}\``,
      `version ${controlVersion}`,
      `${mostFrameBytes.toLocaleString('en-US')} bytes`,
    ])
      expect(words).toContain(word);
  });
});

describe('the page of messages', () => {
  it.each(kinds)('has the fields of %s with their types, and what the message is for', (kind) => {
    const { properties = {} } = z.toJSONSchema(schemas[kind]) as Shape;
    for (const name of Object.keys(properties).slice(1))
      expect(section(kind)).toMatch(new RegExp(`^\\| \`${name}\` \\| .+ \\| .*\\|$`, 'm'));
    if (kind !== 'device-report') expect(section(kind).trim()).toMatch(/^[A-Z].+\.$/m);
  });

  it('has limits from the schemas and meanings from comments, of parts and of what is extended too', () => {
    expect(section('device-changes')).toContain(
      '| `session.edge` | text, `^[\\w.:-]{1,64}$` or null | Id of the edge that writes it; null: none at the moment. |',
    );
    expect(section('plan')).toContain('| `hedges` | whole number, 0 to 3 | Most alternatives');
    expect(section('assign')).toContain('| `epoch` | whole number, 0 to 9,007,199,254,740,991 | An opaque counter');
    expect(section('rows-elsewhere')).toContain(
      '| `rowsId` | text, `^[\\w.:-]{1,64}$`; may be left out | The same rows',
    );
  });

  it.each(kinds)('follows the codec: a message of the kind %s is read and written as it stands', (kind) => {
    const least = leastOf(z.toJSONSchema(schemas[kind]) as Shape);
    const bytes = new TextEncoder().encode(JSON.stringify(least));
    const message = Object.hasOwn(memberSchemas, kind) ? decodeMember(bytes) : decodeController(bytes);
    if (message === null) return expect.fail(`no ${kind}`);
    expect(JSON.parse(new TextDecoder().decode(encodeControl(message)))).toEqual(least);
  });
});
