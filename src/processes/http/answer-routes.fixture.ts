// The routes that answer a prompt, how each is asked, and where its answers have what was written.

import { appOf, completerOf, dataOf, round } from './app.fixture.ts';
import type { Completer, CompletionEnd, CompletionRequest } from './completion-port.ts';
import { soon } from './kept-answers.fixture.ts';

// biome-ignore lint/suspicious/noExplicitAny: the shapes of four routes
export type Body = any;

export interface Route {
  readonly path: string;
  readonly asks: (text: string) => object;
  readonly stops?: string;
  readonly tool?: (name: string) => object;
  /** Text of a whole answer, and of the events of a stream. */
  readonly text: (answer: Body) => string;
  readonly streamed: (event: Body) => string | undefined;
  /** Arguments of the calls of a whole answer, and of the events, as JSON. */
  readonly inputs?: (answer: Body) => readonly string[];
  readonly streamedInput?: (event: Body) => string | undefined;
  /** Why an answer ended, whole or as the event that says so. */
  readonly ended?: (part: Body) => string | null | undefined;
}

const user = (content: string) => [{ role: 'user', content }];
const parameters = { type: 'object' };
export const routes: readonly Route[] = [
  {
    path: '/v1/chat/completions',
    asks: (text) => ({ messages: user(text) }),
    stops: 'stop',
    tool: (name) => ({ type: 'function', function: { name, parameters } }),
    text: ({ choices: [{ message }] }) => message.content,
    streamed: ({ choices }) => choices?.[0].delta.content,
    inputs: ({ choices: [{ message }] }) => (message.tool_calls ?? []).map((call: Body) => call.function.arguments),
    streamedInput: ({ choices }) => choices?.[0].delta.tool_calls?.[0].function.arguments,
    ended: ({ choices }) => choices?.[0].finish_reason,
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
    inputs: ({ output: [call] }) => [call.arguments],
    streamedInput: ({ type, delta }) => (type === 'response.function_call_arguments.delta' ? delta : undefined),
  },
  {
    path: '/v1/messages',
    asks: (text) => ({ max_tokens: 9, messages: user(text) }),
    stops: 'stop_sequences',
    tool: (name) => ({ name, input_schema: parameters }),
    text: ({ content: [{ text }] }) => text,
    streamed: ({ delta }) => delta?.text,
    inputs: ({ content }) => content.flatMap(({ input }: Body) => (input ? [JSON.stringify(input)] : [])),
    streamedInput: ({ delta }) => delta?.partial_json,
    ended: ({ delta, ...answer }) => {
      const { stop_reason: reason, stop_sequence: stop } = delta ?? answer;
      return reason && `${reason} ${stop}`;
    },
  },
];

/** What an endpoint was asked, in its order. */
type Asked = Pick<CompletionRequest, 'prompt' | 'stopStrings'>;

export interface Bed {
  readonly app: ReturnType<typeof appOf>['app'];
  readonly asked: readonly Asked[];
  readonly post: (path: string, fields: object, headers?: Readonly<Record<string, string>>) => Promise<Response>;
}

/** An endpoint that writes these texts, and ends so. */
export function writing(texts: readonly string[], ending: Partial<CompletionEnd> = {}): Bed {
  const asked: Asked[] = [];
  const own = completerOf(async function* (request) {
    asked.push(request);
    for (const text of texts) yield round(text);
  });
  const completer: Completer = {
    ...own,
    count: (prompt) => asked.push({ prompt, stopStrings: [] }),
    start: async (request) => {
      const completion = await own.start(request);
      return { ...completion, end: completion.end.then((end) => ({ ...end, ...ending })) };
    },
  };
  const { app } = appOf(undefined, { completer });
  const post: Bed['post'] = async (path, fields, headers = {}) =>
    app.request(path, { method: 'POST', headers, body: JSON.stringify({ model: 'm', ...fields }) });
  return { app, asked, post };
}

/** What the events of each stream have together. */
export const joined = (streams: readonly Body[][], of: Route['streamedInput']): readonly string[] =>
  streams.map((events) => events.map((event) => of?.(event) ?? '').join(''));

/** The whole answer in each way in which it can be had, and the events in each. */
export async function waysTo(
  { app, post }: Bed,
  path: string,
  fields: object,
): Promise<{ wholes: Body[]; streams: Body[][] }> {
  const wholes = [await (await post(path, fields)).json()];
  const streamed = await (await post(path, { ...fields, stream: true }, { 'x-conversation-id': 'c' })).text();
  const texts = [streamed, await (await app.request('/v1/stream?conv_id=c')).text()];
  if (path === '/v1/responses') {
    const bodyOf = async (kept: string): Promise<Body> => (await app.request(kept)).json();
    const { id } = (await (await post(path, { ...fields, background: true })).json()) as Body;
    const kept = `${path}/${id}`;
    while ((await bodyOf(kept)).status === 'in_progress') await soon();
    wholes.push(await bodyOf(kept));
    texts.push(await (await app.request(`${kept}?stream=true`)).text());
  }
  return { wholes, streams: texts.map((text) => [...dataOf(text)]) };
}
