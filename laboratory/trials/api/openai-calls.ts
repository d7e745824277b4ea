// OpenAI's own client for Node.

import { OpenAI } from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import {
  type Answer,
  type ApiCall,
  type ApiPlace,
  type Asked,
  callsBy,
  demand,
  joined,
  type ReceivedText,
  stopFromText,
  type ToolCall,
} from './call.ts';
import { earlierInput, earlierResult, lampSchema, lampTool, read, tools } from './light.ts';
import {
  type ChatRequest,
  chatAsked,
  chatFields,
  formAsked,
  instructions,
  question,
  type ResponseRequest,
  responseFields,
  type TextRequest,
  textAsked,
  textFields,
} from './requests.ts';

type Choice = OpenAI.Chat.ChatCompletion.Choice & { readonly message: { readonly parsed?: unknown } };
type TokenLogprob = OpenAI.Chat.ChatCompletionTokenLogprob;
type ResponseRead = OpenAI.Responses.Response & { readonly output_parsed?: unknown };

const open = ({ key, baseUrl }: ApiPlace): OpenAI => new OpenAI({ apiKey: key, baseURL: baseUrl, maxRetries: 0 });

async function create(client: OpenAI, request: ChatRequest): Promise<Answer> {
  const { system_fingerprint, choices, usage } = await client.chat.completions.create(request);
  demand(system_fingerprint?.startsWith('or_') === true, 'no fingerprint of the target');
  return { ...answerOf(choices, request), outputTokens: usage?.completion_tokens ?? 0 };
}

async function createThree(client: OpenAI, request: ChatRequest, asked: Asked): Promise<readonly ReceivedText[]> {
  const { choices } = await client.chat.completions.create({ ...request, n: 3 });
  return choices.map(({ message: { content }, index }) => {
    return { asked: { ...asked, seed: asked.seed + index }, text: content ?? '' };
  });
}

async function createChunks(client: OpenAI, request: ChatRequest): Promise<Answer> {
  const options = { stream: true, stream_options: { include_usage: true } } as const;
  const chunks: OpenAI.Chat.ChatCompletionChunk[] = [];
  for await (const chunk of await client.chat.completions.create({ ...request, ...options })) chunks.push(chunk);
  demand(chunks[0]?.choices[0]?.delta.role === 'assistant', 'the first chunk has no role');
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  return { text, outputTokens: chunks.at(-1)?.usage?.completion_tokens ?? 0 };
}

async function stream(client: OpenAI, request: ChatRequest): Promise<Answer> {
  const runner = client.chat.completions.stream(request);
  let text = '';
  runner.on('content', (delta) => {
    text += delta;
  });
  const indexes = new Set<number>();
  runner.on('chunk', ({ choices }) => {
    for (const { index } of choices[0]?.delta.tool_calls ?? []) indexes.add(index);
  });
  const answer = answerOf((await runner.finalChatCompletion()).choices, request);
  demand(answer.text === text, 'the deltas are not the final text');
  demand(indexes.size === answer.calls?.length, 'the calls of the chunks have not the indexes of the calls');
  return answer;
}

const parse = async (client: OpenAI, request: ChatRequest): Promise<Answer> =>
  answerOf((await client.chat.completions.parse(request)).choices, request);

/** The client calls the function itself. */
async function runTools(client: OpenAI, request: ChatRequest): Promise<Answer> {
  const calls: ToolCall[] = [];
  const run = (input: object) => void calls.push({ name: lampTool.name, input });
  const tool = { type: 'function', function: { ...lampTool, parse: JSON.parse, function: run } } as const;
  await client.chat.completions.runTools({ ...request, tools: [tool] }).done();
  return { text: '', calls };
}

function answerOf([choice]: readonly Choice[], { top_logprobs: count }: ChatRequest): Answer {
  demand(choice !== undefined, 'no choice');
  const { message, finish_reason: end, logprobs } = choice;
  const text = message.content ?? '';
  if (count) demandLogprobs(logprobs?.content ?? [], count, text);
  const calls = (message.tool_calls ?? []).filter((one) => one.type === 'function');
  demand(new Set(calls.map(({ id }) => id)).size === calls.length, 'two calls have the same id');
  const read = calls.map(({ function: { name, arguments: input } }) => ({ name, input }));
  return { text, end, calls: read, parsed: message.parsed, logprobs: logprobs?.content ?? undefined };
}

/** One for each token of the text, none above 0, the likeliest ones in their order. */
function demandLogprobs(content: readonly TokenLogprob[], count: number, text: string): void {
  const bytes = content.flatMap((token) => token.bytes ?? []);
  demand(Buffer.from(bytes).toString('utf8').startsWith(text), 'the tokens with logprobs are not those of the text');
  for (const { token, logprob, top_logprobs: top } of content) {
    demand(logprob <= 0, `${token} has the logprob ${logprob}`);
    demand(top.length === count, `${top.length} of ${count} likeliest tokens`);
    const isSorted = top.every((one, rank) => one.logprob <= (top[rank - 1]?.logprob ?? 0));
    demand(isSorted, 'the likeliest tokens have no order');
    const mass = top.reduce((sum, one) => sum + Math.exp(one.logprob), 0);
    demand(mass <= 1 + 1e-6, `the likeliest tokens have a probability of ${mass} together`);
  }
}

async function createText(client: OpenAI, request: TextRequest): Promise<Answer> {
  const [choice] = (await client.completions.create(request)).choices;
  const { tokens = [], token_logprobs: values = [], top_logprobs: tops = [] } = choice?.logprobs ?? {};
  demand(tokens.length > 0 === Boolean(request.logprobs), 'no token has a logprob, or one that was not asked for');
  demand(tokens.length === values.length, 'not every token has a logprob');
  demand(tops.length === tokens.length, 'not every token has the likeliest ones');
  const logprobs = request.logprobs ? [tokens, values, tops] : undefined;
  return { text: choice?.text ?? '', logprobs };
}

async function streamText(client: OpenAI, request: TextRequest): Promise<Answer> {
  const chunks = await client.completions.create({ ...request, stream: true });
  return { text: await joined(chunks, ({ choices }) => choices[0]?.text) };
}

const respond = async (client: OpenAI, request: ResponseRequest): Promise<Answer> =>
  responseOf(await client.responses.create(request));
const parseResponse = async (client: OpenAI, request: ResponseRequest): Promise<Answer> =>
  responseOf(await client.responses.parse(request));

async function streamResponse(client: OpenAI, request: ResponseRequest): Promise<Answer> {
  const events = client.responses.stream(request);
  const text = await joined(events, (event) => (event.type === 'response.output_text.delta' ? event.delta : ''));
  const answer = responseOf(await events.finalResponse());
  demand(answer.text === text, 'the deltas are not the final text');
  return answer;
}

/** The connection is lost after some events, and the rest read by the number of the last. */
async function resumeResponse(client: OpenAI, request: ResponseRequest): Promise<Answer> {
  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  for await (const event of await client.responses.create({ ...request, background: true, stream: true })) {
    events.push(event);
    if (events.length === 6) break;
  }
  const [created] = events;
  const id = created?.type === 'response.created' ? created.response.id : '';
  const after = { stream: true, starting_after: events.at(-1)?.sequence_number ?? 0 } as const;
  for await (const event of await client.responses.retrieve(id, after)) events.push(event);
  demand(
    events.every(({ sequence_number: number }, index) => number === index),
    'the events have not the numbers in a row',
  );
  const text = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
  const answer = responseOf(await client.responses.retrieve(id));
  demand(answer.text === text, 'the deltas are not the final text');
  await client.responses.delete(id);
  return answer;
}

/** Asked for until it is there, as from a queue; another one is cancelled. */
async function pollResponse(client: OpenAI, request: ResponseRequest): Promise<Answer> {
  const other = await client.responses.create({ ...request, background: true });
  const { status } = await client.responses.cancel(other.id);
  demand(status !== 'in_progress' && status !== 'failed', `a cancelled response is ${status}`);
  let response = await client.responses.create({ ...request, background: true });
  while (response.status === 'in_progress') {
    await new Promise((resolve) => setTimeout(resolve, 50));
    response = await client.responses.retrieve(response.id);
  }
  return responseOf(response as ResponseRead);
}

function responseOf({ output, output_text: text, output_parsed: parsed, usage }: ResponseRead): Answer {
  const calls = output.filter((item) => item.type === 'function_call');
  const read = calls.map(({ name, arguments: input }) => ({ name, input }));
  return { text, calls: read, parsed, outputTokens: usage?.output_tokens ?? 0 };
}

const earlierArguments = JSON.stringify(earlierInput);
const earlierMessages: ChatRequest['messages'] = [
  { role: 'system', content: instructions },
  question,
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: lampTool.name, arguments: earlierArguments } }],
  },
  { role: 'tool', tool_call_id: 'call_1', content: earlierResult },
];
const earlierItems: OpenAI.Responses.ResponseInputItem[] = [
  question,
  { type: 'function_call', call_id: 'call_1', name: lampTool.name, arguments: earlierArguments },
  { type: 'function_call_output', call_id: 'call_1', output: earlierResult },
];

const penalties = { frequencyPenalty: 0.4, presencePenalty: 0.2, logitBias: { '300': 2, '17': -5 } };
const penaltyFields = { frequency_penalty: 0.4, presence_penalty: 0.2, logit_bias: penalties.logitBias };
const jsonObject = { response_format: { type: 'json_object' as const } };
const lampFormat = { response_format: zodResponseFormat(lampSchema, 'lamp') };
const chatTools = tools.map((one) => ({ type: 'function' as const, function: { ...one, strict: false } }));
const oneCall = { tools: chatTools, tool_choice: 'required' as const, parallel_tool_calls: false };
const earlierChat = { messages: earlierMessages, tools: chatTools };
const lampChoice = { tool_choice: { type: 'function' as const, function: { name: lampTool.name } } };
const chat = callsBy(open, chatFields);
const chatCalls: readonly ApiCall[] = [
  chat('chat.completions.create', chatAsked(1, penalties), create, penaltyFields),
  chat('chat.completions.create, n = 3', chatAsked(2), createThree),
  chat('chat.completions.create, stop', chatAsked(3, { stop: stopFromText }), create),
  chat('chat.completions.create, stream', chatAsked(4), createChunks),
  chat('chat.completions.stream', chatAsked(5), stream),
  chat('chat.completions.parse, zod', formAsked(200), parse, lampFormat, read.lamp),
  chat('chat.completions.stream, zod', formAsked(201), stream, lampFormat, read.lamp),
  chat('chat.completions.create, json_object', formAsked(202), create, jsonObject, read.object),
  chat('tools, tool_choice required', formAsked(203), create, oneCall, read.oneCall),
  chat('tools, tool_choice by name, stream', formAsked(204), stream, { ...oneCall, ...lampChoice }, read.lampCall),
  chat('tools, parallel calls, stream', formAsked(217), stream, { ...oneCall, parallel_tool_calls: true }, read.calls),
  chat('tools, auto, and their results', formAsked(206), create, earlierChat, read.textAndCount),
  chat('runTools', formAsked(207), runTools, lampChoice, read.lampCall),
  chat('chat.completions.create, logprobs', chatAsked(211), create, { logprobs: true, top_logprobs: 3 }),
  chat('chat.completions.stream, logprobs', chatAsked(212), stream, { logprobs: true, top_logprobs: 2 }),
];

const tokenIds = { ids: [70, 71, 72, 73, 74] };
const text = callsBy(open, textFields);
const textCalls: readonly ApiCall[] = [
  text('completions.create', textAsked(6), createText),
  text('completions.create, ids, stream', { ...textAsked(7), prompt: tokenIds }, streamText),
  text('completions.create, logprobs', textAsked(213), createText, { logprobs: 2 }),
];

const responseTools = tools.map((one) => ({ type: 'function' as const, strict: false, ...one }));
const oneResponseCall = { tools: responseTools, tool_choice: 'required' as const, parallel_tool_calls: false };
const earlierCall = { ...oneResponseCall, input: earlierItems };
const lampText = { text: { format: zodTextFormat(lampSchema, 'lamp') } };
const response = callsBy(open, responseFields);
const responseCalls: readonly ApiCall[] = [
  response('responses.create', chatAsked(8), respond),
  response('responses.stream', chatAsked(9), streamResponse),
  response('responses.create, background, stream, retrieve', chatAsked(214), resumeResponse),
  response('responses.create, background, retrieve, cancel', chatAsked(215), pollResponse),
  response('responses.parse, zod', formAsked(208), parseResponse, lampText, read.lamp),
  response('responses.create, tools', formAsked(209), respond, oneResponseCall, read.oneCall),
  response('responses.stream, tools and their results', formAsked(210), streamResponse, earlierCall, read.oneCall),
];

const modelCalls: ApiCall = {
  name: 'models.list, models.retrieve',
  async run(place) {
    const { models } = open(place);
    const { data } = await models.list();
    demand(data.map(({ id }) => id).includes(place.model), 'the model is not in the list');
    demand((await models.retrieve(place.model)).id === place.model, 'the model has another id');
    return [];
  },
};

export const calls: readonly ApiCall[] = [modelCalls, ...chatCalls, ...textCalls, ...responseCalls];
