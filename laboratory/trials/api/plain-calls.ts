// Requests without any client: what operators and scripts ask, and what a curl line sends.

import type OpenAI from 'openai';
import {
  type Answer,
  type ApiCall,
  type ApiPlace,
  type Asked,
  callsBy,
  demand,
  type ReceivedText,
  rootOf,
} from './call.ts';
import { chat, eventsOf, type Fields, type Post, postWith } from './raw-http.ts';
import {
  type ChatAsked,
  type ChatRequest,
  chatAsked,
  chatFields,
  type TextAsked,
  textAsked,
  textFields,
} from './requests.ts';

const headersOf = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const open = postWith(headersOf);

const health: ApiCall = {
  name: 'GET /health, and /version and /metrics where they are',
  async run(place) {
    const paths = ['/version', '/metrics'].filter((path) => place.routes.includes(`GET ${path}`));
    for (const path of ['/health', ...paths]) {
      // Health asks for no key.
      const headers = path === '/health' ? {} : headersOf(path === '/metrics' ? place.metricsKey : place.key);
      const answer = await fetch(`${rootOf(place)}${path}`, { headers });
      demand(answer.status === 200, `${path}: status ${answer.status}`);
      demand((await answer.text()).length > 0, `${path}: an empty answer`);
    }
    return [];
  },
};

/** What a browser loads: the page, its files, and what a tab drafts with. */
const browser: ApiCall = {
  name: 'GET /, /pages and /weights where they are',
  async run(place) {
    const ask = async (path: string): Promise<Response> => {
      const answer = await fetch(`${rootOf(place)}${path}`, { headers: headersOf(place.tabKey) });
      demand(answer.status === 200, `${path}: status ${answer.status}`);
      return answer;
    };
    for (const path of place.routes.includes('GET /') ? ['/', '/pages/chat.js'] : [])
      demand((await (await ask(path)).text()).length > 0, `${path} is empty`);
    if (!place.routes.includes('GET /weights')) return [];
    const { header } = (await (await ask('/weights')).json()) as { header: { sha256: string; bytes: number } };
    const { byteLength } = await (await ask(`/weights/${header.sha256}`)).arrayBuffer();
    demand(byteLength === header.bytes, `${byteLength} bytes instead of ${header.bytes}`);
    return [];
  },
};

async function twoTexts(post: Post, request: Fields, asked: Asked): Promise<readonly ReceivedText[]> {
  const prompts = [request['prompt'], 'The first thing that she saw was'] as string[];
  const answer = await post('/completions', { ...request, prompt: prompts });
  const { choices } = (await answer.json()) as { readonly choices: readonly { text: string; index: number }[] };
  return choices.map(({ text, index }) => ({ asked: { ...asked, prompt: { text: prompts[index] ?? '' } }, text }));
}

/** As lm-eval asks for likelihoods: the prompt comes back before the answer, and each of its tokens but the first has a value. */
async function echoed(post: Post, request: Fields): Promise<Answer> {
  const answer = await post('/completions', { ...request, echo: true, logprobs: 1 });
  const { choices, usage } = (await answer.json()) as OpenAI.Completion;
  const { text = '', logprobs } = choices[0] ?? {};
  const prompt = `${request['prompt']}`;
  demand(text.startsWith(prompt), `the answer begins with ${JSON.stringify(text.slice(0, 40))}`);
  const values = logprobs?.token_logprobs ?? [];
  demand(values.length === usage?.total_tokens, `${values.length} values for ${usage?.total_tokens} tokens`);
  demand(
    values.indexOf(null as never) === 0 && values.lastIndexOf(null as never) === 0,
    'not the first alone has none',
  );
  return { text: text.slice(prompt.length) };
}

/** The connection is lost in the middle, and the rest read by the id of the conversation: from the next byte, as llama-server's page does. */
async function resumed(_: Post, request: ChatRequest, __: Asked, place: ApiPlace): Promise<Answer> {
  const headers = { ...headersOf(place.key), 'content-type': 'application/json', 'x-conversation-id': 'plain' };
  const body = JSON.stringify({ ...request, stream: true });
  const answer = await fetch(`${place.baseUrl}/chat/completions`, { method: 'POST', headers, body });
  const reader = answer.body?.getReader();
  const had: Uint8Array[] = [];
  while (had.length < 4) had.push((await reader?.read())?.value ?? new Uint8Array());
  await reader?.cancel();
  const from = had.reduce((sum, { length }) => sum + length, 0);
  const stream = `${place.baseUrl}/stream?conv_id=plain`;
  const rest = await fetch(`${stream}&from=${from}`, { headers: headersOf(place.key) });
  demand(rest.status === 200, `the rest: status ${rest.status}`);
  const whole = new Response(new Blob([...had, await rest.arrayBuffer()]), { headers: rest.headers });
  const chunks = await eventsOf<OpenAI.Chat.ChatCompletionChunk>(whole);
  const ids = JSON.stringify({ conversation_ids: ['plain', 'nowhere'] });
  const lookup = await fetch(`${place.baseUrl}/streams/lookup`, { method: 'POST', headers, body: ids });
  const found = (await lookup.json()) as readonly { readonly conversation_id: string; readonly is_done: boolean }[];
  demand(found.length === 1 && found[0]?.is_done === true, 'the stream is not found, or has not ended');
  for (const status of [204, 204]) {
    const gone = await fetch(stream, { method: 'DELETE', headers: headersOf(place.key) });
    demand(gone.status === status, `DELETE: status ${gone.status}`);
  }
  return { text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('') };
}

export const calls: readonly ApiCall[] = [
  health,
  browser,
  callsBy(open, chatFields)('POST /v1/chat/completions', chatAsked(50), chat),
  callsBy<Post, ChatAsked, ChatRequest>(open, chatFields)(
    'GET /v1/stream, after a lost connection',
    chatAsked(53),
    resumed,
  ),
  callsBy<Post, TextAsked, Fields>(open, textFields)('POST /v1/completions, two prompts', textAsked(51), twoTexts),
  callsBy<Post, TextAsked, Fields>(open, textFields)('POST /v1/completions, echo', textAsked(52), echoed),
];
