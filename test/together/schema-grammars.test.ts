// Grammars of schemas and tools by the library that an edge has: it takes the texts that they are for, and no others.

import { afterAll, describe, expect, it } from 'vitest';
import type { Grammar } from '../../src/core/decoding/grammar.ts';
import { createGrammarEngine } from '../../src/models/engines/xgrammar.ts';
import { createToyTokenizer } from '../../src/models/port/toy-tokenizer.ts';
import { readChatRequest } from '../../src/processes/http/openai-requests.ts';
import { openGrammarMatcher } from '../grammar-matcher.fixture.ts';

const { allows } = openGrammarMatcher();

const grammarOf = (fields: object): Grammar => {
  const messages = [{ role: 'user', content: 'Hi' }];
  const grammar = readChatRequest({ model: 'm', messages, ...fields }, () => 0n).asked[0]?.grammar;
  if (grammar === undefined) throw new Error('it has no grammar');
  return grammar;
};
const quoted = (length: number): string => JSON.stringify('é"'.repeat(length).slice(0, length));
const schema = (described: object): object => ({
  response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: described } },
});

describe('a schema', () => {
  it.each([
    [
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['b'] },
      ['{"b": 1.5e3}', '{"a": "é\\"\\u00e9", "b": -2}'],
      ['{}', '{"b":1}', '{"b": 1, "c": 2}', '{"a": "\t", "b": 1}'],
    ],
    [
      { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, required: ['next'] },
      ['{"next": {"next": null}}'],
      ['{"next": {}}'],
    ],
    [{ type: 'integer', minimum: -12, maximum: 340 }, ['-12', '0', '99', '340'], ['-13', '341', '01', '1.0']],
    [
      { type: 'string', pattern: '^[A-Z]{2}\\d+("|\\\\)?[^\\s]$' },
      ['"AB12x"', '"AB1\\"é"', '"AB1\\\\\\""'],
      ['"AB"', '"AB1 "', '"AB1"x"'],
    ],
    [
      { type: 'string', minLength: 2, maxLength: 75 },
      [2, 3, 34, 35, 36, 74, 75].map(quoted),
      [0, 1, 76, 100].map(quoted),
    ],
    [{ type: 'string', maxLength: 60_000 }, [0, 1, 999].map(quoted), ['"\t"']],
    [{ type: 'string', format: 'email' }, ['"a.b@c.example"'], ['"a"']],
    [{ enum: ['a', { b: [1, 'ü'] }] }, ['"a"', '{"b": [1, "ü"]}'], ['"b"']],
    [
      { type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 2 },
      ['[true]', '[true, false]'],
      ['[]', '[true, true, true]'],
    ],
  ])('%j', async (described, texts, others) => {
    const grammar = grammarOf(schema(described));
    for (const text of texts) expect(await allows(grammar, text), text).toBe(true);
    for (const text of others) expect(await allows(grammar, text), text).toBe(false);
  });

  it('of any object', async () => {
    const grammar = grammarOf({ response_format: { type: 'json_object' } });
    expect(await allows(grammar, '{"a": [1, {"b": null}]}')).toBe(true);
    expect(await allows(grammar, '[]')).toBe(false);
  });
});

describe('the work that a schema takes', () => {
  // The vocabulary is small, and so is what its masks take.
  const counted = createGrammarEngine(createToyTokenizer(2048), { compileWork: 25_000_000 });
  afterAll(() => counted[Symbol.asyncDispose]());

  it.each([
    [{ maxLength: 60_000 }, null],
    [{ maxLength: 20_000 }, null],
    [{ minLength: 9000, maxLength: 9999 }, null],
    [{ pattern: '^[a-z]{1,500}$' }, null],
    [{ pattern: '^((a{1,50}){1,50}){1,10}$' }, null],
    [{ pattern: '^([^a]|b){1,1000}$' }, /more work/],
    [{ pattern: '(.{1,200}){1,200}' }, /more work/],
    [{ pattern: '^((a{1,500}){1,500}){1,500}$' }, /more work/],
  ])('decides about a string with %j: %s', async (described, refusal) => {
    const opened = counted.open(grammarOf(schema({ type: 'string', ...described })));
    if (refusal === null) (await opened).close();
    else await expect(opened).rejects.toMatchObject({ code: 'bad-argument', message: expect.stringMatching(refusal) });
  });
});

const call = (name: string, json: string): string =>
  `<tool_call>\n{"name": "${name}", "arguments": ${json}}\n</tool_call>`;
const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
  { type: 'function', function: { name: 'now' } },
];
const [rome, now] = [call('get_weather', '{"city": "Rome"}'), call('now', '{}')];

describe('tools', () => {
  it.each<[fields: object, texts: readonly string[], others: readonly string[]]>([
    [
      {},
      ['Hello <b>', rome, `Hm.\n${rome}\n${now}`],
      [`${rome} and`, call('other', '{}'), call('now', '{"a": 1}'), '<tool_call>'],
    ],
    [{ parallel_tool_calls: false }, ['Hello', rome], [`${rome}\n${now}`]],
    [{ tool_choice: 'required' }, [rome, `${now}\n${now}`], ['Hello', `Hm.\n${rome}`, '']],
    [
      { tool_choice: { type: 'function', function: { name: 'now' } }, parallel_tool_calls: false },
      [now],
      [rome, `${now}\n${now}`],
    ],
    [{ response_format: { type: 'json_object' } }, ['{}', rome], ['Hello']],
  ])('with %j', async (fields, texts, others) => {
    const grammar = grammarOf({ tools, ...fields });
    for (const text of texts) expect(await allows(grammar, text), text).toBe(true);
    for (const text of others) expect(await allows(grammar, text), text).toBe(false);
  });
});
