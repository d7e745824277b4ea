// What Open WebUI sends to an endpoint of OpenAI's API, as recorded shapes: the requests of its connection test, of a chat, and of the tasks
// that it runs beside it. Not the program itself.

import { type ApiCall, type ApiPlace, chatAsked, demand, sampled } from './call.ts';
import { bothTools, callsText, formTokens } from './light.ts';
import { eventsOf } from './server-sent.ts';

/** What it asks a model for after the first answer. */
const titleTask =
  '### Task:\nGenerate a concise, 3-5 word title summarizing the chat history.\n### Output:\nJSON format: { "title": "your title here" }';

export const openWebUiCalls: readonly ApiCall[] = [
  {
    name: 'connection test: models',
    async run(place) {
      // Its setting is a base URL, with or without a slash at its end.
      for (const base of [place.baseUrl, `${place.baseUrl}/`]) {
        const answer = await fetch(`${base.replace(/\/$/, '')}/models`, { headers: headersOf(place) });
        demand(answer.status === 200, `status ${answer.status}`);
        const { data } = (await answer.json()) as { readonly data: readonly { readonly id: string }[] };
        demand(
          data.some(({ id }) => id === place.model),
          'the model is not in the list',
        );
      }
      return [];
    },
  },
  {
    name: 'chat, stream',
    async run(place) {
      const asked = chatAsked(60);
      const fields = { messages: asked.prompt.messages, ...sampled(asked) };
      const events = await eventsOf(
        await post(place, { ...fields, stream: true, stream_options: { include_usage: true } }),
      );
      const deltas = events.map((event) => (event['choices'] as Choices | undefined)?.[0]?.delta?.content ?? '');
      demand(
        events.some(({ usage }) => usage !== null && usage !== undefined),
        'no usage',
      );
      return [{ asked, text: deltas.join('') }];
    },
  },
  {
    name: 'title of the chat, whole',
    async run(place) {
      const own = chatAsked(61);
      const asked = { ...own, prompt: { messages: [{ role: 'user' as const, content: titleTask }] } };
      const { max_tokens, ...fields } = sampled(asked);
      const answer = await post(place, {
        ...{ messages: asked.prompt.messages, stream: false, ...fields, max_completion_tokens: max_tokens },
        metadata: { task: 'title_generation', chat_id: 'a-chat' },
      });
      demand(answer.status === 200, `status ${answer.status}`);
      const { choices } = (await answer.json()) as { readonly choices: Choices };
      return [{ asked, text: choices[0]?.message?.content ?? '' }];
    },
  },
  {
    name: 'tools, and their results, stream',
    async run(place) {
      const { messages } = chatAsked(62).prompt;
      const fields = { ...sampled(chatAsked(62, { maxTokens: formTokens })), stream: true };
      const tools = bothTools.map((one) => ({ type: 'function', function: one }));
      const events = await eventsOf(await post(place, { messages, tools, tool_choice: 'required', ...fields }));
      const calls = callsOf(events);
      const results = calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'Done.' }));
      const said = [...messages, { role: 'assistant', content: '', tool_calls: calls }, ...results];
      const answer = await eventsOf(await post(place, { messages: said, tools, ...fields, max_tokens: 24 }));
      const heard = calls.map(({ function: { name, arguments: input } }) => ({ name, input }));
      const deltas = answer.map((event) => (event['choices'] as Choices | undefined)?.[0]?.delta?.content ?? '');
      return [{ asked: null, text: callsText(heard) + deltas.join('') }];
    },
  },
];

interface ToolCall {
  id: string;
  index: number;
  readonly type: string;
  readonly function: { name: string; arguments: string };
}

/** It puts the parts of a call together by their index. */
function callsOf(events: readonly Readonly<Record<string, unknown>>[]): readonly ToolCall[] {
  const calls = new Map<number, ToolCall>();
  for (const event of events) {
    for (const part of (event['choices'] as Choices | undefined)?.[0]?.delta?.tool_calls ?? []) {
      demand(Number.isInteger(part.index), 'a part of a call has no index');
      const known = calls.get(part.index);
      if (known === undefined) calls.set(part.index, structuredClone(part) as ToolCall);
      else known.function.arguments += part.function?.arguments ?? '';
    }
  }
  return [...calls.values()];
}

type Choices = readonly {
  readonly delta?: {
    readonly content?: string | null;
    readonly tool_calls?: readonly (Pick<ToolCall, 'index'> & Partial<ToolCall>)[];
  };
  readonly message?: { readonly content: string };
}[];

/** Those of its Python client, and what it says of itself. */
function headersOf({ key }: ApiPlace): Record<string, string> {
  return {
    ...{ authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: '*/*' },
    ...{ 'http-referer': 'https://openwebui.com/', 'x-title': 'Open WebUI', 'user-agent': 'Python/3.11 aiohttp/3.12' },
  };
}

function post(place: ApiPlace, fields: object): Promise<Response> {
  const body = JSON.stringify({ model: place.model, ...fields });
  return fetch(`${place.baseUrl}/chat/completions`, { method: 'POST', headers: headersOf(place), body });
}
