// Characters that some parsers take for line ends, marks or the end of a text, on every route that reads or writes text.

import { describe, expect, it } from 'vitest';
import { appOf, completerOf, dataOf, end, round } from './app.fixture.ts';
import type { Completer, CompletionRequest } from './completion-port.ts';
import { soon } from './kept-answers.fixture.ts';

const characters = {
  'U+2028': '\u2028',
  'U+2029': '\u2029',
  'U+0085': '\u0085',
  'U+FEFF': '\uFEFF',
  CR: '\r',
  NUL: '\0',
  'a lone surrogate': '\uD83D',
};

// biome-ignore lint/suspicious/noExplicitAny: the shapes of four routes
type Body = any;

interface Route {
  readonly path: string;
  readonly asks: (text: string) => object;
  readonly stops?: string;
  readonly tool?: (name: string) => object;
  /** Text of a whole answer, and of the events of a stream. */
  readonly text: (answer: Body) => string;
  readonly streamed: (event: Body) => string | undefined;
  /** Arguments of the call of a whole answer, and of the events. */
  readonly input?: (answer: Body) => object;
  readonly streamedInput?: (event: Body) => string | undefined;
}

const user = (content: string) => [{ role: 'user', content }];
const parameters = { type: 'object' };
const routes: readonly Route[] = [
  {
    path: '/v1/chat/completions',
    asks: (text) => ({ messages: user(text) }),
    stops: 'stop',
    tool: (name) => ({ type: 'function', function: { name, parameters } }),
    text: ({ choices: [{ message }] }) => message.content,
    streamed: ({ choices }) => choices?.[0].delta.content,
    input: ({ choices: [{ message }] }) => JSON.parse(message.tool_calls[0].function.arguments),
    streamedInput: ({ choices }) => choices?.[0].delta.tool_calls?.[0].function.arguments,
  },
  {
    path: '/v1/completions',
    asks: (prompt) => ({ prompt }),
    stops: 'stop',
    text: ({ choices: [{ text }] }) => text,
    streamed: ({ choices }) => choices?.[0].text,
  },
  {
    path: '/v1/responses',
    asks: (input) => ({ input }),
    tool: (name) => ({ type: 'function', name, parameters }),
    text: ({ output: [{ content }] }) => content[0].text,
    streamed: ({ type, delta }) => (type === 'response.output_text.delta' ? delta : undefined),
    input: ({ output: [call] }) => JSON.parse(call.arguments),
    streamedInput: ({ type, delta }) => (type === 'response.function_call_arguments.delta' ? delta : undefined),
  },
  {
    path: '/v1/messages',
    asks: (text) => ({ max_tokens: 9, messages: user(text) }),
    stops: 'stop_sequences',
    tool: (name) => ({ name, input_schema: parameters }),
    text: ({ content: [{ text }] }) => text,
    streamed: ({ delta }) => delta?.text,
    input: ({ content: [{ input }] }) => input,
    streamedInput: ({ delta }) => delta?.partial_json,
  },
];

/** An endpoint that writes these texts, ends by this stop text, and notes what it was asked. */
function bedOf(written: readonly string[], stopText: string | null = null) {
  const asked: Pick<CompletionRequest, 'prompt' | 'stopStrings'>[] = [];
  const own = completerOf(async function* (request) {
    asked.push(request);
    for (const text of written) yield round(text);
  });
  const completer: Completer = {
    ...own,
    count: (prompt) => asked.push({ prompt, stopStrings: [] }),
    start: async (request) => {
      const ended = { ...end, reason: stopText === null ? end.reason : ('stop' as const), stopText };
      const completion = await own.start(request);
      return { ...completion, end: completion.end.then(() => ended) };
    },
  };
  const { app } = appOf(undefined, { completer });
  const post = (path: string, fields: object, headers = {}) =>
    app.request(path, { method: 'POST', headers, body: JSON.stringify({ model: 'm', ...fields }) });
  const bodyOf = async (path: string): Promise<Body> => (await app.request(path)).json();
  return { app, asked, post, bodyOf };
}

type Bed = ReturnType<typeof bedOf>;

/** The whole answer in each way in which it can be had, and the events in each. */
async function waysTo(
  { app, post, bodyOf }: Bed,
  path: string,
  fields: object,
): Promise<{ wholes: Body[]; streams: Body[][] }> {
  const wholes = [await (await post(path, fields)).json()];
  const streamed = await (await post(path, { ...fields, stream: true }, { 'x-conversation-id': 'c' })).text();
  const texts = [streamed, await (await app.request('/v1/stream?conv_id=c')).text()];
  if (path === '/v1/responses') {
    const { id } = (await (await post(path, { ...fields, background: true })).json()) as Body;
    const kept = `${path}/${id}`;
    while ((await bodyOf(kept)).status === 'in_progress') await soon();
    wholes.push(await bodyOf(kept));
    texts.push(await (await app.request(`${kept}?stream=true`)).text());
  }
  return { wholes, streams: texts.map((text) => [...dataOf(text)]) };
}

const textOf = (prompt: CompletionRequest['prompt'] | undefined): string | undefined =>
  prompt?.kind === 'chat' ? prompt.messages[0]?.content : prompt?.kind === 'text' ? prompt.text : undefined;

describe.each(Object.entries(characters))('%s', (_, sign) => {
  const text = `${sign}one${sign}${sign}two${sign}`;

  it.each(routes)('is in the text of $path as it was written', async ({ path, asks, text: own, streamed }) => {
    const bed = bedOf([sign, 'one', sign, `${sign}two${sign}`]);
    const { wholes, streams } = await waysTo(bed, path, asks('Hi'));
    expect(wholes.map(own)).toEqual(wholes.map(() => text));
    const joined = streams.map((events) => events.map((event) => streamed(event) ?? '').join(''));
    expect(joined).toEqual(streams.map(() => text));
  });

  it.each(routes.filter(({ tool }) => tool))('is in the arguments of a call of $path', async (route) => {
    const { path, asks, tool, input, streamedInput } = route;
    const given = { [sign]: text };
    const bed = bedOf(['<tool_call>\n{"name": "f", "arg', `uments": ${JSON.stringify(given)}}\n</tool_call>`]);
    const { wholes, streams } = await waysTo(bed, path, { ...asks('Hi'), tools: [tool?.('f')] });
    expect(wholes.map((one) => input?.(one))).toEqual(wholes.map(() => given));
    const joined = streams.map((events) => events.map((event) => streamedInput?.(event) ?? '').join(''));
    expect(joined.map((json) => JSON.parse(json))).toEqual(streams.map(() => given));
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
      const bed = bedOf(['A'], text);
      const isCount = path.endsWith('count_tokens');
      const answer = await bed.post(path, { ...asks(text), ...(stops && !isCount ? { [stops]: [text] } : {}) });
      expect(answer.status).toBe(200);
      const [asked] = bed.asked;
      expect([textOf(asked?.prompt), asked?.stopStrings]).toEqual([text, stops && !isCount ? [text] : []]);
      if (path === '/v1/messages') expect(await answer.json()).toMatchObject({ stop_sequence: text });
    },
  );

  it.each(routes)('is in the name of a model that $path does not have', async ({ path, asks }) => {
    const answer = await bedOf([]).post(path, { ...asks('Hi'), model: sign });
    expect([answer.status, JSON.stringify(await answer.json())]).toEqual([
      404,
      expect.stringContaining('there is no model'),
    ]);
  });
});
