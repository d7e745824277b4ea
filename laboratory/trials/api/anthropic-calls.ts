// Anthropic's own client for Node.

import Anthropic from '@anthropic-ai/sdk';
import { type Answer, type ApiCall, type ApiPlace, callsBy, demand, joined, rootOf, stopFromText } from './call.ts';
import { earlierInput, earlierResult, lampTool, read, tools } from './light.ts';
import { type ChatAsked, chatAsked, formAsked, instructions, question } from './requests.ts';

type MessageRequest = Omit<Anthropic.MessageCreateParamsNonStreaming, 'stream'>;

/** The client's type has no seed; the endpoint takes one on every route. */
function fieldsOf({ model }: ApiPlace, asked: ChatAsked): MessageRequest & { readonly seed: number } {
  const { temperature, topP: top_p = 1, maxTokens: max_tokens, seed, stop } = asked;
  const fields = { model, system: instructions, messages: [question], temperature, top_p, max_tokens, seed };
  return stop === undefined ? fields : { ...fields, stop_sequences: ['not there', ...stop] };
}

const create = async (client: Anthropic, request: MessageRequest): Promise<Answer> =>
  answerOf(await client.messages.create(request));
const stream = async (client: Anthropic, request: MessageRequest): Promise<Answer> =>
  answerOf(await client.messages.stream(request).finalMessage());

async function createEvents(client: Anthropic, request: MessageRequest): Promise<Answer> {
  const events = await client.messages.create({ ...request, stream: true });
  const text = await joined(events, (event) =>
    event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? event.delta.text : '',
  );
  return { text };
}

/** The route that counts tokens takes no parameters of an answer. */
async function createCounted(client: Anthropic, request: MessageRequest): Promise<Answer> {
  const { model, system, messages, tools: own } = request;
  const counted = { model, system, messages, tools: own } as Anthropic.MessageCountTokensParams;
  const { input_tokens } = await client.messages.countTokens(counted);
  const message = await client.messages.create(request);
  const used = message.usage.input_tokens + (message.usage.cache_read_input_tokens ?? 0);
  demand(input_tokens === used, `${input_tokens} tokens counted, ${used} used`);
  return answerOf(message);
}

function answerOf({ content, usage, stop_reason, stop_sequence }: Anthropic.Message): Answer {
  demand(usage.input_tokens > 0, 'no usage');
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  const calls = content.filter((block) => block.type === 'tool_use');
  return { text, calls, end: stop_sequence ?? `${stop_reason}`, outputTokens: usage.output_tokens };
}

/** A call of an earlier answer, and its result. */
const earlierMessages: Anthropic.MessageParam[] = [
  {
    role: 'assistant',
    content: [
      { type: 'text', text: 'I switch it on.' },
      { type: 'tool_use', id: 'toolu_1', name: lampTool.name, input: earlierInput },
    ],
  },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: earlierResult }] },
];

const messageTools = tools.map(({ name, description, parameters }) => ({
  name,
  description,
  input_schema: parameters,
}));
const oneCall = { tools: messageTools, tool_choice: { type: 'any' as const, disable_parallel_tool_use: true } };
const lampCall = { ...oneCall, tool_choice: { ...oneCall.tool_choice, type: 'tool' as const, name: lampTool.name } };
const severalCalls = { tools: messageTools, tool_choice: { type: 'any' as const } };
const earlierCall = { tools: messageTools, messages: [question, ...earlierMessages] };

const common = (place: ApiPlace) => ({ baseURL: rootOf(place), maxRetries: 0 });
const call = callsBy((place) => new Anthropic({ ...common(place), apiKey: place.key }), fieldsOf);
const callWithToken = callsBy(
  (place) => new Anthropic({ ...common(place), apiKey: null, authToken: place.key }),
  fieldsOf,
);
export const calls: readonly ApiCall[] = [
  call('messages.create', chatAsked(10), create),
  call('messages.create, stop_sequences', chatAsked(11, { stop: stopFromText }), create),
  call('messages.create, stream', chatAsked(12), createEvents),
  call('messages.stream', chatAsked(13), stream),
  call('messages.countTokens', chatAsked(14, { maxTokens: 1 }), createCounted),
  call('messages.create, tools', formAsked(220), create, oneCall, read.oneCall),
  call('messages.stream, tool by name', formAsked(221), stream, lampCall, read.lampCall),
  call('messages.stream, parallel calls', formAsked(222), stream, severalCalls, read.calls),
  call('messages.create, results of tools, counted', formAsked(223), createCounted, earlierCall, read.textAndCount),
  callWithToken('messages.create, authToken', chatAsked(15), create),
];
