// LangChain's classes for OpenAI's API.

import { type ApiCall, type ApiPlace, chatAsked, demand, textAsked } from './call.ts';

type LangChain = typeof import('@langchain/openai');

/** @param load the package */
export function langchainCalls({ ChatOpenAI, OpenAI }: LangChain): readonly ApiCall[] {
  const chat = (place: ApiPlace, asked: ReturnType<typeof chatAsked>, useResponsesApi: boolean) =>
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

function messagesOf({ prompt }: ReturnType<typeof chatAsked>) {
  return prompt.messages.map(({ role, content }) => ({ role, content }));
}
