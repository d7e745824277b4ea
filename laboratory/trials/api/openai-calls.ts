// OpenAI's own client for Node.

import type OpenAI from 'openai';
import { type ApiCall, type Asked, chatAsked, demand, sampled, textAsked, withStop } from './call.ts';
import { chatFields, type MakeCall, responseFields } from './openai-fields.ts';
import { formCalls } from './openai-form-calls.ts';

type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;

/** @param load the package, and its part for schemas of zod */
export function openaiCalls(
  load: typeof import('openai'),
  helpers: typeof import('openai/helpers/zod'),
): readonly ApiCall[] {
  const call: MakeCall = (name, run) => ({
    name,
    run: (place) => run(new load.OpenAI({ apiKey: place.key, baseURL: place.baseUrl, maxRetries: 0 }), place),
  });
  return [...chatCalls(call), ...otherRoutes(call), ...formCalls(call, helpers)];
}

function chatCalls(call: MakeCall): readonly ApiCall[] {
  return [
    call('chat.completions.create', async (client, place) => {
      const asked = chatAsked(1, { frequencyPenalty: 0.4, presencePenalty: 0.2, logitBias: { '300': 2, '17': -5 } });
      const more = { frequency_penalty: 0.4, presence_penalty: 0.2, logit_bias: { '300': 2, '17': -5 } };
      const answer = await client.chat.completions.create({ ...chatFields(place, asked), ...more });
      demand(answer.system_fingerprint?.startsWith('or_') === true, 'no fingerprint of the target');
      demand((answer.usage?.completion_tokens ?? 0) > 0, 'no usage');
      demand(answer.choices[0]?.finish_reason !== null, 'no finish_reason');
      return [{ asked, text: answer.choices[0]?.message.content ?? '' }];
    }),
    call('chat.completions.create, n = 3', async (client, place) => {
      const asked = chatAsked(2);
      const { choices } = await client.chat.completions.create({ ...chatFields(place, asked), n: 3 });
      return choices.map(({ message, index }) => ({
        asked: { ...asked, seed: asked.seed + index },
        text: message.content ?? '',
      }));
    }),
    call('chat.completions.create, stop', async (client, place) => {
      const asked = chatAsked(3);
      const stop = [await withStop(place, asked)];
      const [choice] = (await client.chat.completions.create({ ...chatFields(place, asked), stop })).choices;
      demand(choice?.finish_reason === 'stop', `finish_reason is ${choice?.finish_reason}, not stop`);
      return [{ asked: { ...asked, stop }, text: choice.message.content ?? '' }];
    }),
    call('chat.completions.create, stream', async (client, place) => {
      const asked = chatAsked(4);
      const stream_options = { include_usage: true };
      const stream = await client.chat.completions.create({
        ...chatFields(place, asked),
        stream: true,
        stream_options,
      });
      const chunks: Chunk[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      demand(chunks[0]?.choices[0]?.delta.role === 'assistant', 'the first chunk has no role');
      demand((chunks.at(-1)?.usage?.completion_tokens ?? 0) > 0, 'the last chunk has no usage');
      return [{ asked, text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('') }];
    }),
    call('chat.completions.stream', async (client, place) => {
      const asked = chatAsked(5);
      const runner = client.chat.completions.stream(chatFields(place, asked));
      let text = '';
      runner.on('content', (delta) => {
        text += delta;
      });
      const final = await runner.finalContent();
      demand(final === text, 'the deltas are not the final text');
      return [{ asked, text }];
    }),
  ];
}

function otherRoutes(call: MakeCall): readonly ApiCall[] {
  return [
    call('models.list, models.retrieve', async (client, { model }) => {
      const { data } = await client.models.list();
      demand(
        data.some(({ id }) => id === model),
        'the model is not in the list',
      );
      const { id } = await client.models.retrieve(model);
      demand(id === model, 'the model has another id');
      return [];
    }),
    call('completions.create', async (client, place) => {
      const asked = textAsked(6);
      const answer = await client.completions.create({
        model: place.model,
        prompt: asked.prompt.text,
        ...sampled(asked),
      });
      return [{ asked, text: answer.choices[0]?.text ?? '' }];
    }),
    call('completions.create, ids, stream', async (client, place) => {
      const asked: Asked & { prompt: { ids: readonly number[] } } = {
        ...textAsked(7),
        prompt: { ids: [70, 71, 72, 73, 74] },
      };
      const prompt = [...asked.prompt.ids];
      const stream = await client.completions.create({ model: place.model, prompt, ...sampled(asked), stream: true });
      let text = '';
      for await (const { choices } of stream) text += choices[0]?.text ?? '';
      return [{ asked, text }];
    }),
    call('responses.create', async (client, place) => {
      const asked = chatAsked(8);
      const answer = await client.responses.create(responseFields(place, asked));
      demand((answer.usage?.output_tokens ?? 0) > 0, 'no usage');
      return [{ asked, text: answer.output_text }];
    }),
    call('responses.stream', async (client, place) => {
      const asked = chatAsked(9);
      const stream = client.responses.stream(responseFields(place, asked));
      let text = '';
      for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
      const final = await stream.finalResponse();
      demand(final.output_text === text, 'the deltas are not the final text');
      return [{ asked, text }];
    }),
  ];
}
