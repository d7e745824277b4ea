// Vercel's AI SDK with its provider for endpoints that are compatible with OpenAI's.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, Output, streamText, type ToolSet, tool } from 'ai';
import {
  type Answer,
  type ApiCall,
  type ApiPlace,
  type Asked,
  callsBy,
  demand,
  joined,
  type ReceivedText,
} from './call.ts';
import { lampSchema, read, tools } from './light.ts';
import { chatAsked, formAsked, instructions, question, textAsked } from './requests.ts';

// It would write to the console what a model of theirs can't do.
(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

interface SentBody {
  readonly prompt?: string;
  readonly stop?: readonly string[];
}

/** @param bodies gets the bodies that are sent */
function providerOf({ baseUrl, key }: ApiPlace, bodies: SentBody[] = []) {
  return createOpenAICompatible({
    name: 'outrider',
    baseURL: baseUrl,
    apiKey: key,
    includeUsage: true,
    supportsStructuredOutputs: true,
    fetch(input, init) {
      if (typeof init?.body === 'string') bodies.push(JSON.parse(init.body) as SentBody);
      return fetch(input, init);
    },
  });
}

function sampled({ temperature, topP = 1, seed, maxTokens: maxOutputTokens }: Asked) {
  return { temperature, topP, seed, maxOutputTokens, maxRetries: 0 };
}

interface ChatRequest extends ReturnType<typeof sampled> {
  readonly model: ReturnType<ReturnType<typeof providerOf>>;
  readonly instructions: string;
  readonly messages: (typeof question)[];
  readonly output?: typeof lamp;
  readonly tools?: ToolSet;
  readonly toolChoice?: 'required';
}

function chatFields(place: ApiPlace, asked: Asked): ChatRequest {
  return { model: providerOf(place)(place.model), instructions, messages: [question], ...sampled(asked) };
}

async function generate(_: null, request: ChatRequest): Promise<Answer> {
  const result = await generateText(request);
  return answerOf(result.text, result, request);
}

async function stream(_: null, request: ChatRequest): Promise<Answer> {
  const result = streamText({ ...request, onError: () => {} });
  const text = await joined(result.textStream, (part) => part);
  demand((await result.finishReason) !== 'error', 'the stream ended with an error');
  return answerOf(text, result, request);
}

type TextAsked = ReturnType<typeof textAsked>;
type Generated = Awaited<ReturnType<typeof generateText>> | ReturnType<typeof streamText>;

/** `output` throws where none was asked for. */
async function answerOf(text: string, result: Generated, { output }: ChatRequest): Promise<Answer> {
  const [{ outputTokens = 0 }, toolCalls] = await Promise.all([result.usage, result.toolCalls]);
  const calls = toolCalls.map(({ toolName: name, input }) => ({ name, input }));
  return { text, outputTokens, calls, parsed: output === undefined ? undefined : await result.output };
}

/** The client makes a prompt of its own from what it is given, and stop texts with it. */
const complete =
  (generateOrStream: typeof generateText | typeof streamText) =>
  async (place: ApiPlace, asked: TextAsked): Promise<readonly ReceivedText[]> => {
    const bodies: SentBody[] = [];
    const model = providerOf(place, bodies).completionModel(place.model);
    const { topP: _, ...fields } = sampled(asked);
    const text = await (await generateOrStream({ model, prompt: asked.prompt.text, ...fields })).text;
    const [{ prompt, stop = [] } = {}] = bodies;
    demand(prompt !== undefined, 'no prompt was sent');
    return [{ asked: { ...asked, prompt: { text: prompt }, stop }, text }];
  };

const lamp = Output.object({ schema: lampSchema });
const toolEntries = tools.map(({ name, description, parameters }) => [
  name,
  tool({ description, inputSchema: jsonSchema(parameters) }),
]);
const oneOfTools = { tools: Object.fromEntries(toolEntries) as ToolSet, toolChoice: 'required' as const };

const chat = callsBy(() => null, chatFields);
const completion = callsBy(
  (place) => place,
  (_, asked: TextAsked) => asked,
);
export const calls: readonly ApiCall[] = [
  chat('generateText', chatAsked(20), generate),
  chat('streamText', chatAsked(21), stream),
  chat('generateText, object', formAsked(230), generate, { output: lamp }, read.lamp),
  chat('streamText, object', formAsked(231), stream, { output: lamp }, read.lamp),
  chat('generateText, tools', formAsked(232), generate, oneOfTools, read.calls),
  chat('streamText, tools', formAsked(233), stream, oneOfTools, read.calls),
  completion('completionModel, generateText', textAsked(22), complete(generateText)),
  completion('completionModel, streamText', textAsked(23), complete(streamText)),
];
