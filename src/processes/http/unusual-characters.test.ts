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
