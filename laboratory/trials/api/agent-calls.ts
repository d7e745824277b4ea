// The loop of a coding agent, as recorded shapes of requests: what it sends first, and what it sends with the result of a tool. One over each
// route that agents use. Not the programs themselves.

import { type ApiCall, type ApiPlace, chatAsked, demand, sampled } from './call.ts';
import { eventsOf } from './server-sent.ts';

const system =
  'You are a coding agent that runs in a terminal. Use the tools to look at files and to change them. Be concise.';
const task = 'List the files of this folder.';
const shell = {
  name: 'shell',
  description: 'Runs a shell command and returns its output.',
  parameters: {
    type: 'object',
    properties: {
      command: { type: 'array', items: { type: 'string' }, description: 'The command to execute' },
      workdir: { type: 'string', description: 'The folder in which it runs' },
      timeout_ms: { type: 'number', description: 'How long it may take' },
    },
    required: ['command'],
    additionalProperties: false,
  },
};
const shellInput = { command: ['ls', '-la'] };
const listing = 'total 8\n-rw-r--r-- 1 user user 120 README.md\n-rw-r--r-- 1 user user 45 main.ts';
const answerTokens = 40;

type Event = Readonly<Record<string, unknown>>;

/** An agent over the responses route keeps the conversation itself: it sends all of it again, with its own calls and their outputs. */
const overResponses: ApiCall = {
  name: 'agent over /v1/responses',
  async run(place) {
    const { temperature, seed } = sampled(chatAsked(70));
    const said = (role: string, text: string) => ({ type: 'message', role, content: [{ type: 'input_text', text }] });
    const input = [
      said('developer', '<permissions>The file system is read-only.</permissions>'),
      said('user', '<environment_context><cwd>/project</cwd></environment_context>'),
      said('user', task),
    ];
    const fields = {
      ...{ instructions: system, tools: [{ type: 'function', strict: false, ...shell }, { type: 'web_search' }] },
      ...{ tool_choice: 'auto', parallel_tool_calls: false, store: false, stream: true, include: [] },
      ...{ prompt_cache_key: 'a-conversation', temperature, seed, max_output_tokens: answerTokens },
    };
    const ask = async (items: readonly object[]): Promise<string> => {
      const events = await eventsOf(await post(place, '/responses', { ...fields, input: items }));
      const last = String(events.at(-1)?.['type']);
      demand(last === 'response.completed' || last === 'response.incomplete', `the stream ends with ${last}`);
      const kinds = ['response.output_text.delta', 'response.function_call_arguments.delta'];
      return events.map((event) => (kinds.includes(String(event['type'])) ? String(event['delta']) : '')).join('');
    };
    const call = { type: 'function_call', name: shell.name, arguments: JSON.stringify(shellInput), call_id: 'call_1' };
    const output = { type: 'function_call_output', call_id: 'call_1', output: listing };
    const texts = [await ask(input), await ask([...input, { type: 'reasoning', summary: [] }, call, output])];
    return texts.map((text) => ({ asked: null, text }));
  },
};

/** An agent over the messages route counts its tokens first, marks what may be cached, and names itself and its betas. */
const overMessages: ApiCall = {
  name: 'agent over /v1/messages',
  async run(place) {
    const { seed } = sampled(chatAsked(71));
    const cached = { cache_control: { type: 'ephemeral' } };
    const messages = [{ role: 'user', content: [{ type: 'text', text: task, ...cached }] }];
    const tools = [{ name: shell.name, description: shell.description, input_schema: shell.parameters }];
    const asked = { system: [{ type: 'text', text: system, ...cached }], tools };
    const counted = await post(place, '/messages/count_tokens?beta=true', { ...asked, messages });
    demand(((await counted.json()) as { readonly input_tokens: number }).input_tokens > 0, 'no tokens were counted');
    const ask = async (said: readonly object[]): Promise<string> => {
      const fields = { ...asked, messages: said, max_tokens: answerTokens, stream: true, temperature: 1, seed };
      const more = { metadata: { user_id: 'user_1_session_1' } };
      const events = await eventsOf(await post(place, '/messages?beta=true', { ...fields, ...more }));
      demand(events.at(-1)?.['type'] === 'message_stop', `the stream ends with ${String(events.at(-1)?.['type'])}`);
      return events.map(deltaOf).join('');
    };
    const use = { type: 'tool_use', id: 'toolu_1', name: shell.name, input: shellInput };
    const result = {
      type: 'tool_result',
      tool_use_id: 'toolu_1',
      content: [{ type: 'text', text: listing }],
      ...cached,
    };
    const texts = [
      await ask(messages),
      await ask([
        ...messages,
        { role: 'assistant', content: [{ type: 'text', text: 'I look.' }, use] },
        { role: 'user', content: [result] },
      ]),
    ];
    return texts.map((text) => ({ asked: null, text }));
  },
};

function deltaOf({ delta }: Event): string {
  const { text, partial_json: json } = (delta ?? {}) as { readonly text?: string; readonly partial_json?: string };
  return text ?? json ?? '';
}

/** An agent over the chat route. */
const overChat: ApiCall = {
  name: 'agent over /v1/chat/completions',
  async run(place) {
    const fields = {
      ...{ ...sampled(chatAsked(72)), max_tokens: answerTokens, stream: true, stream_options: { include_usage: true } },
      ...{ tools: [{ type: 'function', function: shell }], tool_choice: 'auto' },
    };
    const said = [
      { role: 'system', content: system },
      { role: 'user', content: [{ type: 'text', text: task }] },
    ];
    const ask = async (messages: readonly object[]): Promise<string> => {
      const events = await eventsOf(await post(place, '/chat/completions', { ...fields, messages }));
      demand((events.at(-1)?.['usage'] ?? null) !== null, 'the last chunk has no usage');
      return events.map(({ choices }) => partOf((choices as Choices)[0]?.delta)).join('');
    };
    const called = { name: shell.name, arguments: JSON.stringify(shellInput) };
    const call = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: called }],
    };
    const result = { role: 'tool', tool_call_id: 'call_1', content: listing };
    const texts = [await ask(said), await ask([...said, call, result])];
    return texts.map((text) => ({ asked: null, text }));
  },
};

interface Delta {
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly function?: { readonly arguments?: string } }[];
}

type Choices = readonly { readonly delta?: Delta }[];

function partOf({ content, tool_calls: calls = [] }: Delta = {}): string {
  return `${content ?? ''}${calls.map((call) => call.function?.arguments ?? '').join('')}`;
}

export const agentCalls: readonly ApiCall[] = [overResponses, overMessages, overChat];

async function post({ baseUrl, key, model }: ApiPlace, path: string, fields: object): Promise<Response> {
  const isMessages = path.startsWith('/messages');
  const own = isMessages
    ? {
        'x-api-key': key,
        'anthropic-version': '2023-06-01',
        'anthropic-beta': 'interleaved-thinking-2025-05-14',
        'x-app': 'cli',
      }
    : { authorization: `Bearer ${key}`, accept: 'text/event-stream', 'openai-beta': 'responses=experimental' };
  const headers = { 'content-type': 'application/json', ...own };
  const answer = await fetch(`${baseUrl}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model, ...fields }),
  });
  demand(
    answer.status === 200,
    `status ${answer.status}: ${answer.status === 200 ? '' : (await answer.text()).slice(0, 200)}`,
  );
  return answer;
}
