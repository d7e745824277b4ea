// The loop of a coding agent, as recorded shapes of requests: what it sends first, and what it sends with the result of a tool. One over each
// route that agents use. Not the programs themselves.

import type OpenAI from 'openai';
import { type ApiCall, type ApiPlace, type Asked, callsBy, demand, type ReceivedText } from './call.ts';
import { eventsOf, type Fields, type Post, postWith } from './raw-http.ts';
import { type ChatAsked, chatAsked, chatFields } from './requests.ts';

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
const shellCall = { name: shell.name, arguments: JSON.stringify(shellInput) };
const listing = 'total 8\n-rw-r--r-- 1 user user 120 README.md\n-rw-r--r-- 1 user user 45 main.ts';

/** A route that an agent uses. */
interface AgentRoute {
  readonly path: string;
  /** The field of the conversation, what it holds first, and what is added to it: the call of the tool and its result. */
  readonly field: 'input' | 'messages';
  readonly begin: readonly object[];
  readonly called: readonly object[];
  /** The types of the last event of a stream; on the route for chat, whose events have no type, "usage". */
  readonly ends: readonly string[];
}

/** An agent keeps the conversation itself: it sends all of it again, with its own call and the result. */
function loop({ path, field, begin, called, ends }: AgentRoute) {
  return async (post: Post, request: Fields): Promise<readonly ReceivedText[]> => {
    const first = await textOf(await post(path, { ...request, [field]: begin }), ends);
    const second = await textOf(await post(path, { ...request, [field]: [...begin, ...called] }), ends);
    return [first, second].map((text) => ({ asked: null, text }));
  };
}

/** The parts of text and of calls in a stream of any of the routes. @throws Error for a stream without its end */
async function textOf(answer: Response, ends: readonly string[]): Promise<string> {
  const events = await eventsOf<StreamEvent>(answer);
  const { type, usage } = events.at(-1) ?? {};
  const end = type ?? (usage ? 'usage' : 'nothing');
  demand(ends.includes(end), `the stream ends with ${end}`);
  const partOf = ({ delta, choices }: StreamEvent): string => {
    if (typeof delta === 'string') return delta;
    const { content, tool_calls: calls = [] } = choices?.[0]?.delta ?? {};
    const parts = calls.map((call) => call.function?.arguments);
    return [delta?.text, delta?.partial_json, content, ...parts].join('');
  };
  return events.map(partOf).join('');
}

interface StreamEvent extends Partial<Pick<OpenAI.Chat.ChatCompletionChunk, 'choices' | 'usage'>> {
  readonly type?: string;
  readonly delta?: string | { readonly text?: string; readonly partial_json?: string };
}

const bearer = (key: string): Record<string, string> => ({
  authorization: `Bearer ${key}`,
  accept: 'text/event-stream',
  'openai-beta': 'responses=experimental',
});

const responsesFields = (_: ApiPlace, { temperature, seed, maxTokens }: Asked): Fields => ({
  instructions: system,
  tools: [{ type: 'function', strict: false, ...shell }, { type: 'web_search' }],
  tool_choice: 'auto',
  parallel_tool_calls: false,
  store: false,
  stream: true,
  include: [],
  prompt_cache_key: 'a-conversation',
  temperature,
  seed,
  max_output_tokens: maxTokens,
});
const itemOf = (role: string, text: string) => ({ type: 'message', role, content: [{ type: 'input_text', text }] });
const responsesRoute: AgentRoute = {
  path: '/responses',
  field: 'input',
  begin: [
    itemOf('developer', '<permissions>The file system is read-only.</permissions>'),
    itemOf('user', '<environment_context><cwd>/project</cwd></environment_context>'),
    itemOf('user', task),
  ],
  called: [
    { type: 'reasoning', summary: [] },
    { type: 'function_call', ...shellCall, call_id: 'call_1' },
    { type: 'function_call_output', call_id: 'call_1', output: listing },
  ],
  ends: ['response.completed', 'response.incomplete'],
};

/** It marks what may be cached, and names itself and its betas. */
const messagesHeaders = (key: string): Record<string, string> => ({
  'x-api-key': key,
  'anthropic-version': '2023-06-01',
  'anthropic-beta': 'interleaved-thinking-2025-05-14',
  'x-app': 'cli',
});
const cached = { cache_control: { type: 'ephemeral' } };
const messagesFields = (_: ApiPlace, { seed, maxTokens }: Asked): Fields => ({
  system: [{ type: 'text', text: system, ...cached }],
  tools: [{ name: shell.name, description: shell.description, input_schema: shell.parameters }],
  max_tokens: maxTokens,
  stream: true,
  temperature: 1,
  seed,
  metadata: { user_id: 'user_1_session_1' },
});
const use = { type: 'tool_use', id: 'toolu_1', name: shell.name, input: shellInput };
const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: listing }], ...cached };
const messagesRoute: AgentRoute = {
  path: '/messages?beta=true',
  field: 'messages',
  begin: [{ role: 'user', content: [{ type: 'text', text: task, ...cached }] }],
  called: [
    { role: 'assistant', content: [{ type: 'text', text: 'I look.' }, use] },
    { role: 'user', content: [result] },
  ],
  ends: ['message_stop'],
};

/** It counts its tokens first. */
async function countAndLoop(post: Post, request: Fields): Promise<readonly ReceivedText[]> {
  const fields = { system: request['system'], tools: request['tools'], messages: messagesRoute.begin };
  const counted = await post('/messages/count_tokens?beta=true', fields);
  demand(((await counted.json()) as { readonly input_tokens: number }).input_tokens > 0, 'no tokens were counted');
  return loop(messagesRoute)(post, request);
}

const chatMore = {
  stream: true,
  stream_options: { include_usage: true },
  tools: [{ type: 'function', function: shell }],
  tool_choice: 'auto',
};
const chatRoute: AgentRoute = {
  path: '/chat/completions',
  field: 'messages',
  begin: [
    { role: 'system', content: system },
    { role: 'user', content: [{ type: 'text', text: task }] },
  ],
  called: [
    { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: shellCall }] },
    { role: 'tool', tool_call_id: 'call_1', content: listing },
  ],
  ends: ['usage'],
};

const responses = callsBy(postWith(bearer), responsesFields);
const anthropic = callsBy(postWith(messagesHeaders), messagesFields);
const chat = callsBy<Post, ChatAsked, Fields>(postWith(bearer), chatFields);
const maxTokens = 40;
export const calls: readonly ApiCall[] = [
  responses('agent over /v1/responses', chatAsked(70, { maxTokens }), loop(responsesRoute)),
  anthropic('agent over /v1/messages', chatAsked(71, { maxTokens }), countAndLoop),
  chat('agent over /v1/chat/completions', chatAsked(72, { maxTokens }), loop(chatRoute), chatMore),
];
