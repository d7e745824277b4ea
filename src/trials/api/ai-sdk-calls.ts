// Vercel's AI SDK with its provider for endpoints that are compatible with OpenAI's.

import { type ApiCall, type ApiPlace, chatAsked, demand, type Heard, textAsked } from './call.ts';
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
  const call = (
    name: string,
    run: (provider: Provider, place: ApiPlace, bodies: readonly Body[]) => Promise<readonly Heard[]>,
  ): ApiCall => ({
    name,
    async run(place) {
      const { fetch, bodies } = recordBodies<Body>();
      const settings = { name: 'outrider', baseURL: place.baseUrl, apiKey: place.key, includeUsage: true, fetch };
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

interface Body {
  readonly prompt?: string;
  readonly stop?: readonly string[];
}

function fieldsOf({ prompt, temperature, topP = 1, seed, maxTokens: maxOutputTokens }: ReturnType<typeof chatAsked>) {
  const [system, ...rest] = prompt.messages;
  const messages = rest.map(({ content }) => ({ role: 'user' as const, content }));
  return { instructions: system?.content ?? '', messages, temperature, topP, seed, maxOutputTokens, maxRetries: 0 };
}
