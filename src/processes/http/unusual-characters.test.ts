// Characters that some parsers take for line ends, marks or the end of a text, on every route that reads or writes text.

import { describe, expect, it } from 'vitest';
import { joined, type Route, routes, waysTo, writing } from './answer-routes.fixture.ts';
import type { CompletionRequest } from './completion-port.ts';

const characters = {
  'U+2028': '\u2028',
  'U+2029': '\u2029',
  'U+0085': '\u0085',
  'U+FEFF': '\uFEFF',
  CR: '\r',
  NUL: '\0',
  'a lone surrogate': '\uD83D',
};

const textOf = (prompt: CompletionRequest['prompt'] | undefined): string | undefined =>
  prompt?.kind === 'chat' ? prompt.messages[0]?.content : prompt?.kind === 'text' ? prompt.text : undefined;

describe.each(Object.entries(characters))('%s', (_, sign) => {
  const text = `${sign}one${sign}${sign}two${sign}`;

  it.each(routes)('is in the text of $path as it was written', async ({ path, asks, text: own, streamed }) => {
    const bed = writing([sign, 'one', sign, `${sign}two${sign}`]);
    const { wholes, streams } = await waysTo(bed, path, asks('Hi'));
    expect(wholes.map(own)).toEqual(wholes.map(() => text));
    expect(joined(streams, streamed)).toEqual(streams.map(() => text));
  });

  it.each(routes.filter(({ tool }) => tool))('is in the arguments of a call of $path', async (route) => {
    const { path, asks, tool, inputs, streamedInput } = route;
    const given = { [sign]: text };
    const bed = writing(['<tool_call>\n{"name": "f", "arg', `uments": ${JSON.stringify(given)}}\n</tool_call>`]);
    const { wholes, streams } = await waysTo(bed, path, { ...asks('Hi'), tools: [tool?.('f')] });
    expect(wholes.map((one) => inputs?.(one).map((json) => JSON.parse(json)))).toEqual(wholes.map(() => [given]));
    expect(joined(streams, streamedInput).map((json) => JSON.parse(json))).toEqual(streams.map(() => given));
    const named = await bed.post(path, { ...asks('Hi'), tools: [tool?.(`f${sign}`)] });
    expect([named.status, Object.keys((await named.json()) as object)]).toEqual([
      400,
      expect.arrayContaining(['error']),
    ]);
  });
});

const whole = Object.entries(characters).filter(([, sign]) => sign.isWellFormed());
describe.each(whole)('%s', (_, sign) => {
  const text = `${sign}one${sign}`;

  it.each([...routes, { ...(routes[3] as Route), path: '/v1/messages/count_tokens' }])(
    'is in the prompt that $path reads, and in its stop texts',
    async ({ path, asks, stops }) => {
      const bed = writing(['A'], { reason: 'stop', stopText: text });
      const isCount = path.endsWith('count_tokens');
      const answer = await bed.post(path, { ...asks(text), ...(stops && !isCount ? { [stops]: [text] } : {}) });
      expect(answer.status).toBe(200);
      const [asked] = bed.asked;
      expect([textOf(asked?.prompt), asked?.stopStrings]).toEqual([text, stops && !isCount ? [text] : []]);
      if (path === '/v1/messages') expect(await answer.json()).toMatchObject({ stop_sequence: text });
    },
  );

  it.each(routes)('is in the name of a model that $path does not have', async ({ path, asks }) => {
    const answer = await writing([]).post(path, { ...asks('Hi'), model: sign });
    expect([answer.status, JSON.stringify(await answer.json())]).toEqual([
      404,
      expect.stringContaining('there is no model'),
    ]);
  });
});

const half = '\uD83D';
const chat = '/v1/chat/completions';
const said = (content: unknown) => [{ role: 'user', content }];
const toolWith = (fields: object) => [{ type: 'function', function: { name: 'f', ...fields } }];

describe('half of a surrogate pair', () => {
  it.each<[path: string, fields: object, param: string]>([
    [chat, { messages: said(`a${half}`) }, 'messages[0].content'],
    [chat, { messages: said([{ type: 'text', text: half }]) }, 'messages[0].content[0].text'],
    [chat, { messages: [...said('Hi'), { role: half }] }, 'messages[1].role'],
    [chat, { messages: said('Hi'), stop: half }, 'stop'],
    [chat, { messages: said('Hi'), stop: ['a', `\uDE00${half}`] }, 'stop[1]'],
    [chat, { messages: said('Hi'), prediction: { type: 'content', content: half } }, 'prediction.content'],
    [chat, { messages: said('Hi'), tools: toolWith({ description: half }) }, 'tools[0].function.description'],
    [chat, { messages: said('Hi'), tools: toolWith({ parameters: { [half]: 1 } }) }, 'tools[0].function.parameters'],
    [chat, { messages: said('Hi'), user: half }, 'user'],
    [chat, { messages: said('Hi'), [half]: 1 }, ''],
    [chat, { messages: said('Hi'), metadata: { ['x'.repeat(300)]: half } }, `metadata.${'x'.repeat(191)}`],
    ['/v1/completions', { prompt: half }, 'prompt'],
    ['/v1/completions', { prompt: ['a', half] }, 'prompt[1]'],
    ['/v1/responses', { input: half }, 'input'],
    ['/v1/responses', { input: 'Hi', instructions: half }, 'instructions'],
    ['/v1/messages', { max_tokens: 9, messages: said(half) }, 'messages[0].content'],
    ['/v1/messages', { max_tokens: 9, messages: said('Hi'), system: half }, 'system'],
    ['/v1/messages', { max_tokens: 9, messages: said('Hi'), stop_sequences: [half] }, 'stop_sequences[0]'],
    ['/v1/messages/count_tokens', { messages: said(half) }, 'messages[0].content'],
    ['/v1/streams/lookup', { conversation_ids: [half] }, 'conversation_ids[0]'],
  ])('is refused by %s, which names the field: %j', async (path, fields, param) => {
    const bed = writing(['A']);
    const answer = await bed.post(path, fields);
    const { error } = (await answer.json()) as { readonly error: object };
    const named = param === '' ? 'the body' : `"${param}"`;
    const of = path.startsWith('/v1/messages') ? { type: 'invalid_request_error' } : { code: 'invalid_value', param };
    expect([answer.status, error, bed.asked]).toEqual([
      400,
      expect.objectContaining({ ...of, message: expect.stringContaining(`${named}: has half`) }),
      [],
    ]);
  });

  it.each<[how: string, json: (text: string) => string]>([
    ['escaped', (text) => JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`)],
    ['as it is', JSON.stringify],
  ])('is no fault of a whole pair, %s', async (_, json) => {
    const bed = writing(['A']);
    const body = `{"model": "m", "prompt": ${json('a😀\\ud83d')}}`;
    expect((await bed.app.request('/v1/completions', { method: 'POST', body })).status).toBe(200);
    expect(textOf(bed.asked[0]?.prompt)).toBe('a😀\\ud83d');
  });
});

it.each([
  ['half of a pair', [0xed, 0xa0, 0xbd]],
  ['Latin-1', [0xe9]],
])('bytes that are no UTF-8, %s, are refused', async (_, bytes) => {
  const bed = writing(['A']);
  const body = Buffer.concat([Buffer.from('{"model": "m", "prompt": "'), Buffer.from(bytes), Buffer.from('"}')]);
  const answer = await bed.app.request('/v1/completions', { method: 'POST', body });
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'invalid_json' } }]);
  expect(bed.asked).toEqual([]);
});

it.each([
  ['gzip', 415],
  ['identity, br', 415],
  ['IDENTITY', 200],
  ['', 200],
])('a body with Content-Encoding "%s" gets %i', async (encoding, status) => {
  const bed = writing(['A']);
  const answer = await bed.post('/v1/completions', { prompt: 'Hi' }, { 'content-encoding': encoding });
  expect(answer.status).toBe(status);
  if (status === 200) return;
  const error = {
    code: 'unsupported_encoding',
    message: expect.stringContaining(`"${encoding}" is not decoded; send`),
  };
  expect([await answer.json(), bed.asked]).toMatchObject([{ error }, []]);
});
