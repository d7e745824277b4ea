// Requests as a program without a client library sends them, and their answers, whole or as server-sent events.

import type OpenAI from 'openai';
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
export async function eventsOf<Event>(answer: Response): Promise<readonly Event[]> {
  const type = answer.headers.get('content-type') ?? '';
  const text = await answer.text();
  demand(type.startsWith('text/event-stream'), `${type}: ${text.slice(0, 200)}`);
  const data = text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
  return data.filter((one) => one !== '[DONE]').map((one) => JSON.parse(one) as Event);
}

export async function chat(post: Post, request: Fields): Promise<Answer> {
  const { choices } = (await (await post('/chat/completions', request)).json()) as OpenAI.Chat.ChatCompletion;
  return { text: choices[0]?.message.content ?? '' };
}

type ChatCall = OpenAI.Chat.ChatCompletionChunk.Choice.Delta.ToolCall;

/** A chat whose parts are put together: the text, and the calls by their index. */
export async function streamChat(post: Post, fields: Fields): Promise<Answer & { chatCalls: readonly ChatCall[] }> {
  const answer = await post('/chat/completions', { ...fields, stream: true });
  const chunks = await eventsOf<OpenAI.Chat.ChatCompletionChunk>(answer);
  const parts = chunks.flatMap(({ choices }) => choices[0]?.delta ?? []);
  const chatCalls: ChatCall[] = [];
  for (const part of parts.flatMap(({ tool_calls: own = [] }) => own)) {
    demand(Number.isInteger(part.index), 'a part of a call has no index');
    const known = chatCalls[part.index]?.function;
    if (known === undefined) chatCalls[part.index] = part;
    else known.arguments = `${known.arguments}${part.function?.arguments ?? ''}`;
  }
  const calls = chatCalls.map(({ function: own }) => ({ name: own?.name ?? '', input: own?.arguments }));
  const text = parts.map(({ content }) => content ?? '').join('');
  const usage = { outputTokens: chunks.at(-1)?.usage?.completion_tokens ?? 0 };
  return { text, calls, chatCalls, ...('stream_options' in fields && usage) };
}
