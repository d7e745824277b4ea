// Anthropic's own client for Node.

import type Anthropic from '@anthropic-ai/sdk';
import { type ApiCall, type ApiPlace, chatAsked, demand, type Heard, withStop } from './call.ts';

/** @param load the package */
export function anthropicCalls({ Anthropic: Client }: typeof import('@anthropic-ai/sdk')): readonly ApiCall[] {
  const call = (name: string, run: (client: Anthropic, place: ApiPlace) => Promise<readonly Heard[]>): ApiCall => ({
    name,
    run: (place) => run(new Client({ apiKey: place.key, baseURL: rootOf(place), maxRetries: 0 }), place),
  });
  return [
    call('messages.create', async (client, place) => {
      const asked = chatAsked(10);
      const { content, usage, stop_reason } = await client.messages.create(fieldsOf(place, asked));
      demand(usage.output_tokens > 0 && usage.input_tokens > 0, 'no usage');
      demand(stop_reason === 'max_tokens' || stop_reason === 'end_turn', `stop_reason is ${stop_reason}`);
      return [{ asked, text: textIn(content) }];
    }),
    call('messages.create, stop_sequences', async (client, place) => {
      const asked = chatAsked(11);
      const stop = await withStop(place, asked);
      const answer = await client.messages.create({ ...fieldsOf(place, asked), stop_sequences: ['not there', stop] });
      demand(answer.stop_sequence === stop, `stop_sequence is ${answer.stop_sequence}`);
      return [{ asked: { ...asked, stop: [stop] }, text: textIn(answer.content) }];
    }),
    call('messages.create, stream', async (client, place) => {
      const asked = chatAsked(12);
      let text = '';
      for await (const event of await client.messages.create({ ...fieldsOf(place, asked), stream: true }))
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
      return [{ asked, text }];
    }),
    call('messages.stream', async (client, place) => {
      const asked = chatAsked(13);
      const stream = client.messages.stream(fieldsOf(place, asked));
      const { content, usage } = await stream.finalMessage();
      demand(usage.output_tokens > 0, 'no usage');
      return [{ asked, text: textIn(content) }];
    }),
    call('messages.countTokens', async (client, place) => {
      const asked = chatAsked(14, { maxTokens: 1 });
      const { max_tokens: _, ...fields } = fieldsOf(place, asked);
      const { model, system, messages } = fields;
      const { input_tokens } = await client.messages.countTokens({ model, system, messages });
      const { usage, content } = await client.messages.create(fieldsOf(place, asked));
      demand(input_tokens === usage.input_tokens, `${input_tokens} tokens counted, ${usage.input_tokens} used`);
      return [{ asked, text: textIn(content) }];
    }),
    {
      name: 'messages.create, authToken',
      async run(place) {
        const client = new Client({ apiKey: null, authToken: place.key, baseURL: rootOf(place), maxRetries: 0 });
        const asked = chatAsked(15);
        return [{ asked, text: textIn((await client.messages.create(fieldsOf(place, asked))).content) }];
      },
    },
  ];
}

/** Its clients add "/v1" themselves. */
function rootOf({ baseUrl }: ApiPlace): string {
  return baseUrl.replace(/\/v1$/, '');
}

/** The type has no seed; the endpoint takes one, here as elsewhere. */
function fieldsOf(
  { model }: ApiPlace,
  { prompt, temperature, topP: top_p = 1, maxTokens: max_tokens, seed }: ReturnType<typeof chatAsked>,
) {
  const [system, ...rest] = prompt.messages;
  const messages = rest.map(({ content }) => ({ role: 'user' as const, content }));
  return { model, system: system?.content ?? '', messages, temperature, top_p, max_tokens, ...({ seed } as object) };
}

function textIn(content: readonly Anthropic.ContentBlock[]): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
