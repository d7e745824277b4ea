// LangChain's classes for OpenAI's API.

import { type ApiCall, type ApiPlace, type ChatAsked, chatAsked, demand, textAsked } from './call.ts';
import { bothTools, type CallHeard, callsText, formTokens, lampSchema, lampText } from './light.ts';

type LangChain = typeof import('@langchain/openai');

/** @param load the package */
export function langchainCalls({ ChatOpenAI, OpenAI }: LangChain): readonly ApiCall[] {
  const chat = (place: ApiPlace, asked: ChatAsked, useResponsesApi: boolean) =>
    new ChatOpenAI({ ...settingsOf(place, asked), useResponsesApi, streamUsage: true });
  return [
    ...([false, true] as const).flatMap((useResponsesApi) => {
      const over = useResponsesApi ? ', responses' : '';
      return [
        {
          name: `ChatOpenAI.invoke${over}`,
          async run(place: ApiPlace) {
            const asked = chatAsked(useResponsesApi ? 32 : 30);
            const answer = await chat(place, asked, useResponsesApi).invoke(messagesOf(asked));
            demand(tokensOf(answer) > 0, 'no usage');
            return [{ asked, text: answer.text }];
          },
        },
        {
          name: `ChatOpenAI.stream${over}`,
          async run(place: ApiPlace) {
            const asked = chatAsked(useResponsesApi ? 33 : 31);
            let [text, tokens] = ['', 0];
            for await (const chunk of await chat(place, asked, useResponsesApi).stream(messagesOf(asked))) {
              text += chunk.text;
              tokens += tokensOf(chunk);
            }
            demand(tokens > 0, 'no usage');
            return [{ asked, text }];
          },
        },
      ];
    }),
    ...formCalls((place, number) => chat(place, chatAsked(number, { maxTokens: formTokens }), false)),
    {
      name: 'OpenAI.invoke',
      async run(place) {
        const asked = textAsked(34);
        return [{ asked, text: await new OpenAI(settingsOf(place, asked)).invoke(asked.prompt.text) }];
      },
    },
    {
      name: 'OpenAI.stream',
      async run(place) {
        const asked = textAsked(35);
        let text = '';
        for await (const part of await new OpenAI(settingsOf(place, asked)).stream(asked.prompt.text)) text += part;
        return [{ asked, text }];
      },
    },
  ];
}

function formCalls(
  chat: (place: ApiPlace, number: number) => InstanceType<LangChain['ChatOpenAI']>,
): readonly ApiCall[] {
  const tools = bothTools.map((one) => ({ type: 'function' as const, function: one }));
  const choice = { tool_choice: 'required' };
  const call = (
    name: string,
    number: number,
    textOf: (model: ReturnType<typeof chat>) => Promise<string>,
  ): ApiCall => ({
    name,
    run: async (place) => [{ asked: null, text: await textOf(chat(place, number)) }],
  });
  return [
    call('ChatOpenAI.withStructuredOutput, zod', 240, async (model) => {
      const formed = model.withStructuredOutput(lampSchema, { name: 'lamp', method: 'jsonSchema' });
      return lampText(await formed.invoke(messagesOf(chatAsked(240))));
    }),
    call('ChatOpenAI.bindTools, invoke', 241, async (model) => {
      const { tool_calls: calls = [] } = await model.bindTools(tools, choice).invoke(messagesOf(chatAsked(241)));
      return callsText(calls.map(({ name, args: input }) => ({ name, input })));
    }),
    call('ChatOpenAI.bindTools, stream', 242, async (model) => {
      const stream = await model.bindTools(tools, choice).stream(messagesOf(chatAsked(242)));
      const calls: CallHeard[] = [];
      // The parts of a call come one by one, with its index; the name comes with the first.
      for await (const { tool_call_chunks: parts = [] } of stream)
        for (const { index = 0, name, args = '' } of parts) {
          const known = calls[index] ?? { name: name ?? '', input: '' };
          calls[index] = { ...known, input: `${known.input}${args}` };
        }
      return callsText(calls);
    }),
  ];
}

/** Its types depend on a structure of messages that is not known here. */
function tokensOf(message: { readonly usage_metadata?: unknown }): number {
  return (message.usage_metadata as { readonly output_tokens?: number } | undefined)?.output_tokens ?? 0;
}

interface Sampled {
  readonly temperature: number;
  readonly topP?: number;
  readonly seed: number;
  readonly maxTokens: number;
}

function settingsOf({ baseUrl, key, model }: ApiPlace, { temperature, topP = 1, seed, maxTokens }: Sampled) {
  const sampling = { temperature, topP, maxTokens, modelKwargs: { seed } };
  return { model, apiKey: key, maxRetries: 0, ...sampling, configuration: { baseURL: baseUrl } };
}

function messagesOf({ prompt }: ChatAsked) {
  return prompt.messages.map(({ role, content }) => ({ role, content }));
}
