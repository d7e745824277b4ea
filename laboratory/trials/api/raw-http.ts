// Requests as a program without a client library sends them, and their answers, whole or as server-sent events.

import { type Answer, type ApiPlace, demand } from './call.ts';

/** Fields of a request, or of an event. */
export type Fields = Readonly<Record<string, unknown>>;

/** Sends a request to a route, as "/chat/completions". @throws Error for a status other than 200 */
export type Post = (path: string, fields: Fields) => Promise<Response>;

/** @param headersOf the headers of the program, from its key */
export function postWith(headersOf: (key: string) => Record<string, string>): (place: ApiPlace) => Post {
  return ({ baseUrl, key, model }) =>
    async (path, fields) => {
      const headers = { 'content-type': 'application/json', ...headersOf(key) };
      const body = JSON.stringify({ model, ...fields });
      const answer = await fetch(`${baseUrl}${path}`, { method: 'POST', headers, body });
      if (answer.status !== 200) throw new Error(`status ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
      return answer;
    };
}

/** The data of all events but "[DONE]". @throws Error for an answer that is no stream */
export async function eventsOf(answer: Response): Promise<readonly Fields[]> {
  const type = answer.headers.get('content-type') ?? '';
  const text = await answer.text();
  demand(type.startsWith('text/event-stream'), `${type}: ${text.slice(0, 200)}`);
  const data = text.split(/\r?\n/).flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
  return data.filter((one) => one !== '[DONE]').map((one) => JSON.parse(one) as Fields);
}

/** A call of a tool, as the route for chat writes it and reads it. */
interface ChatCall {
  readonly id: string;
  readonly index: number;
  readonly function: { readonly name: string; arguments: string };
}

interface ChatMessage {
  readonly content?: string | null;
  readonly tool_calls?: readonly ChatCall[];
}

/** An answer of the route for chat, or a chunk of one. */
export interface Chat {
  readonly choices: readonly { readonly message?: ChatMessage; readonly delta?: ChatMessage }[];
  readonly usage?: { readonly completion_tokens: number } | null;
}

export async function chat(post: Post, request: Fields): Promise<Answer> {
  const { choices } = (await (await post('/chat/completions', request)).json()) as Chat;
  return { text: choices[0]?.message?.content ?? '' };
}

/** A chat whose parts are put together: the text, and the calls by their index. */
export async function streamChat(post: Post, fields: Fields): Promise<Answer & { chatCalls: readonly ChatCall[] }> {
  const answer = await post('/chat/completions', { ...fields, stream: true });
  const chunks = (await eventsOf(answer)) as unknown as readonly Chat[];
  const parts = chunks.flatMap(({ choices }) => choices[0]?.delta ?? []);
  const chatCalls: ChatCall[] = [];
  for (const part of parts.flatMap(({ tool_calls: own = [] }) => own)) {
    demand(Number.isInteger(part.index), 'a part of a call has no index');
    const known = chatCalls[part.index];
    if (known === undefined) chatCalls[part.index] = part;
    else known.function.arguments += part.function.arguments;
  }
  const usage = { outputTokens: chunks.at(-1)?.usage?.completion_tokens ?? 0 };
  return {
    text: parts.map(({ content }) => content ?? '').join(''),
    calls: chatCalls.map(({ function: { name, arguments: input } }) => ({ name, input })),
    chatCalls,
    ...('stream_options' in fields && usage),
  };
}
