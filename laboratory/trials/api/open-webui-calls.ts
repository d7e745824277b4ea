// What Open WebUI sends to an endpoint of OpenAI's API, as recorded shapes: the requests of its connection test, of a chat, and of the
// tasks that it runs beside it. Not the program itself.

import { type Answer, type ApiCall, callsBy, demand } from './call.ts';
import { read, tools } from './light.ts';
import { chat, type Fields, type Post, postWith, streamChat } from './raw-http.ts';
import { type ChatAsked, chatAsked, chatFields, formAsked } from './requests.ts';

/** The headers of its Python client, with those that name the program. */
const headersOf = (key: string): Record<string, string> => ({
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
  accept: '*/*',
  'http-referer': 'https://openwebui.com/',
  'x-title': 'Open WebUI',
  'user-agent': 'Python/3.11 aiohttp/3.12',
});

const connectionTest: ApiCall = {
  name: 'connection test: models',
  async run({ baseUrl, key, model }) {
    // Its setting is a base URL, with or without a slash at its end.
    for (const base of [baseUrl, `${baseUrl}/`]) {
      const answer = await fetch(`${base.replace(/\/$/, '')}/models`, { headers: headersOf(key) });
      demand(answer.status === 200, `status ${answer.status}`);
      const { data } = (await answer.json()) as { readonly data: readonly { readonly id: string }[] };
      demand(data.map(({ id }) => id).includes(model), 'the model is not in the list');
    }
    return [];
  },
};

/** The prompt by which it requests a title after the first answer. */
const titleTask =
  '### Task:\nGenerate a concise, 3-5 word title summarizing the chat history.\n### Output:\nJSON format: { "title": "your title here" }';
const titleAsked: ChatAsked = { ...chatAsked(61), prompt: { messages: [{ role: 'user', content: titleTask }] } };

function title(post: Post, { max_tokens, ...request }: Fields): Promise<Answer> {
  const metadata = { task: 'title_generation', chat_id: 'a-chat' };
  return chat(post, { ...request, stream: false, max_completion_tokens: max_tokens, metadata });
}

const chatTools = tools.map((one) => ({ type: 'function', function: one }));

/** Two requests: the second one has the results of the calls. */
async function toolsAndResults(post: Post, { messages, ...request }: Fields): Promise<Answer> {
  const fields = { ...request, tools: chatTools };
  const { calls = [], chatCalls } = await streamChat(post, { ...fields, messages, tool_choice: 'required' });
  const results = chatCalls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'Done.' }));
  const said = [...(messages as object[]), { role: 'assistant', content: '', tool_calls: chatCalls }, ...results];
  const { text } = await streamChat(post, { ...fields, messages: said, max_tokens: 24 });
  return { text, calls };
}

const call = callsBy<Post, ChatAsked, Fields>(postWith(headersOf), chatFields);
export const calls: readonly ApiCall[] = [
  connectionTest,
  call('chat, stream', chatAsked(60), streamChat, { stream_options: { include_usage: true } }),
  call('title of the chat, whole', titleAsked, title),
  call('tools, and their results, stream', formAsked(62), toolsAndResults, {}, (answer) => {
    return read.calls(answer) + answer.text;
  }),
];
