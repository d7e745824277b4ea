// Vercel's AI SDK with its provider for endpoints that are compatible with OpenAI's.

import type { ToolSet } from 'ai';
import { type ApiCall, type ApiPlace, type ChatAsked, chatAsked, demand, type Heard, textAsked } from './call.ts';
import { bothTools, callsText, formTokens, lampSchema, lampText } from './light.ts';
import { recordBodies } from './recorded-bodies.ts';

type Sdk = typeof import('ai');
type Provider = ReturnType<typeof import('@ai-sdk/openai-compatible').createOpenAICompatible>;

/** @param load the packages */
export function aiSdkCalls(
  sdk: Sdk,
  { createOpenAICompatible }: typeof import('@ai-sdk/openai-compatible'),
): readonly ApiCall[] {
  // It would write to the console what a model of theirs can't do.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
  const call: MakeCall = (name, run) => ({
    name,
    async run(place) {
      const { fetch, bodies } = recordBodies<Body>();
      const settings = {
        name: 'outrider',
        baseURL: place.baseUrl,
        apiKey: place.key,
        includeUsage: true,
        supportsStructuredOutputs: true,
        fetch,
      };
      return run(createOpenAICompatible(settings), place, bodies);
    },
  });
  return [
    call('generateText', async (provider, { model }) => {
      const asked = chatAsked(20);
      const { text, usage } = await sdk.generateText({ model: provider(model), ...fieldsOf(asked) });
      demand((usage.outputTokens ?? 0) > 0, 'no usage');
      return [{ asked, text }];
    }),
    call('streamText', async (provider, { model }) => {
      const asked = chatAsked(21);
      const result = sdk.streamText({ model: provider(model), ...fieldsOf(asked), onError: () => {} });
      let text = '';
      for await (const part of result.textStream) text += part;
      demand(((await result.usage).outputTokens ?? 0) > 0, 'no usage');
      demand((await result.finishReason) !== 'error', 'the stream ended with an error');
      return [{ asked, text }];
    }),
    ...formCalls(sdk, call),
    ...([false, true] as const).map((isStreamed) =>
      call(`completionModel, ${isStreamed ? 'streamText' : 'generateText'}`, async (provider, { model }, bodies) => {
        const { temperature, seed, maxTokens: maxOutputTokens, prompt } = textAsked(isStreamed ? 23 : 22);
        const fields = {
          model: provider.completionModel(model),
          prompt: prompt.text,
          temperature,
          seed,
          maxOutputTokens,
        };
        const text = isStreamed
          ? await sdk.streamText({ ...fields, maxRetries: 0 }).text
          : (await sdk.generateText({ ...fields, maxRetries: 0 })).text;
        // It makes a prompt of its own from what it is given, and stop texts with it.
        const [body] = bodies;
        demand(typeof body?.prompt === 'string', 'no prompt was sent');
        const asked = { ...textAsked(isStreamed ? 23 : 22), topP: 1, prompt: { text: body.prompt } };
        return [{ asked: { ...asked, ...(body.stop === undefined ? {} : { stop: body.stop }) }, text }];
      }),
    ),
  ];
}

type MakeCall = (
  name: string,
  run: (provider: Provider, place: ApiPlace, bodies: readonly Body[]) => Promise<readonly Heard[]>,
) => ApiCall;

function formCalls(sdk: Sdk, call: MakeCall): readonly ApiCall[] {
  const output = sdk.Output.object({ schema: lampSchema });
  // By their schemas, so that all clients are asked for the same.
  const tools = Object.fromEntries(
    bothTools.map(({ name, description, parameters }) => [
      name,
      sdk.tool({ description, inputSchema: sdk.jsonSchema(parameters) }),
    ]),
  ) as unknown as ToolSet;
  const fields = (number: number) => fieldsOf(chatAsked(number, { maxTokens: formTokens }));
  const callsOf = (calls: readonly { readonly toolName: string; readonly input: unknown }[]): string =>
    callsText(calls.map(({ toolName: name, input }) => ({ name, input })));
  const heard = (text: string): readonly Heard[] => [{ asked: null, text }];
  return [
    call('generateText, object', async (provider, { model }) => {
      const answer = await sdk.generateText({ model: provider(model), ...fields(230), output });
      return heard(lampText(answer.output));
    }),
    call('streamText, object', async (provider, { model }) => {
      const answer = sdk.streamText({ model: provider(model), ...fields(231), output, onError: () => {} });
      return heard(lampText(await answer.output));
    }),
    call('generateText, tools', async (provider, { model }) => {
      const asked = { ...fields(232), tools, toolChoice: 'required' as const };
      return heard(callsOf((await sdk.generateText({ model: provider(model), ...asked })).toolCalls));
    }),
    call('streamText, tools', async (provider, { model }) => {
      const asked = { ...fields(233), tools, toolChoice: 'required' as const, onError: () => {} };
      return heard(callsOf(await sdk.streamText({ model: provider(model), ...asked }).toolCalls));
    }),
  ];
}

interface Body {
  readonly prompt?: string;
  readonly stop?: readonly string[];
}

function fieldsOf({ prompt, temperature, topP = 1, seed, maxTokens: maxOutputTokens }: ChatAsked) {
  const [system, ...rest] = prompt.messages;
  const messages = rest.map(({ content }) => ({ role: 'user' as const, content }));
  return { instructions: system?.content ?? '', messages, temperature, topP, seed, maxOutputTokens, maxRetries: 0 };
}
