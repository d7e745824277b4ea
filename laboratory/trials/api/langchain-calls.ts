// LangChain's classes for OpenAI's API.

import { ChatOpenAI, type ChatOpenAIFields, OpenAI } from '@langchain/openai';
import { type Answer, type ApiCall, type ApiPlace, type Asked, callsBy, demand, joined } from './call.ts';
import { lampSchema, read, tools } from './light.ts';
import { chatAsked, formAsked, instructions, question, textAsked } from './requests.ts';

type AIMessageChunk = Awaited<ReturnType<ChatOpenAI['invoke']>>;

/** The parameters are settings of a model, so each request has a model of its own. */
function settingsOf({ baseUrl, key, model }: ApiPlace, { temperature, topP = 1, seed, maxTokens }: Asked) {
  const sampling = { temperature, topP, maxTokens, modelKwargs: { seed } };
  return { model, apiKey: key, maxRetries: 0, ...sampling, configuration: { baseURL: baseUrl } };
}

const conversation = [{ role: 'system', content: instructions }, question];
const chatTools = tools.map((one) => ({ type: 'function' as const, function: one }));
const chatModel = (settings: ChatOpenAIFields) => new ChatOpenAI({ ...settings, streamUsage: true });
const withTools = (settings: ChatOpenAIFields) => chatModel(settings).bindTools(chatTools, { tool_choice: 'required' });

const invoke =
  (modelOf: typeof withTools) =>
  async (_: null, settings: ChatOpenAIFields): Promise<Answer> =>
    answerOf(await modelOf(settings).invoke(conversation));

const stream =
  (modelOf: typeof withTools) =>
  async (_: null, settings: ChatOpenAIFields): Promise<Answer> => {
    let whole: AIMessageChunk | undefined;
    let text = '';
    for await (const chunk of await modelOf(settings).stream(conversation)) {
      text += chunk.text;
      whole = whole?.concat(chunk) ?? chunk;
    }
    demand(whole !== undefined, 'no chunk');
    return { ...answerOf(whole), text };
  };

/** The types of its messages depend on a structure that is not known here. */
function answerOf({ text, usage_metadata, tool_calls: calls = [] }: AIMessageChunk): Answer {
  const usage = usage_metadata as { readonly output_tokens?: number } | undefined;
  return {
    text,
    outputTokens: usage?.output_tokens ?? 0,
    calls: calls.map(({ name, args: input }) => ({ name, input })),
  };
}

async function structured(_: null, settings: ChatOpenAIFields): Promise<Answer> {
  const formed = chatModel(settings).withStructuredOutput(lampSchema, { name: 'lamp', method: 'jsonSchema' });
  return { text: '', parsed: await formed.invoke(conversation) };
}

const call = callsBy<null, Asked, ChatOpenAIFields>(() => null, settingsOf);
const text = callsBy(
  (place) => place,
  (_, asked: ReturnType<typeof textAsked>) => asked,
);
const responses = { useResponsesApi: true };
export const calls: readonly ApiCall[] = [
  call('ChatOpenAI.invoke', chatAsked(30), invoke(chatModel)),
  call('ChatOpenAI.stream', chatAsked(31), stream(chatModel)),
  call('ChatOpenAI.invoke, responses', chatAsked(32), invoke(chatModel), responses),
  call('ChatOpenAI.stream, responses', chatAsked(33), stream(chatModel), responses),
  call('ChatOpenAI.withStructuredOutput, zod', formAsked(240), structured, {}, read.lamp),
  call('ChatOpenAI.bindTools, invoke', formAsked(241), invoke(withTools), {}, read.calls),
  call('ChatOpenAI.bindTools, stream', formAsked(242), stream(withTools), {}, read.calls),
  text('OpenAI.invoke', textAsked(34), async (place, asked) => {
    return { text: await new OpenAI(settingsOf(place, asked)).invoke(asked.prompt.text) };
  }),
  text('OpenAI.stream', textAsked(35), async (place, asked) => {
    const parts = await new OpenAI(settingsOf(place, asked)).stream(asked.prompt.text);
    return { text: await joined(parts, (part) => part) };
  }),
];
