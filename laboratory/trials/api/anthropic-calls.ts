// Anthropic's own client for Node.

import type Anthropic from '@anthropic-ai/sdk';
import { type ApiCall, type ApiPlace, type ChatAsked, chatAsked, demand, type Heard, withStop } from './call.ts';
import { bothTools, type CallHeard, callsText, formTokens, lampTool } from './light.ts';

/** @param load the package */
export function anthropicCalls({ Anthropic: Client }: typeof import('@anthropic-ai/sdk')): readonly ApiCall[] {
  const call: MakeCall = (name, run) => ({
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
    ...toolCalls(call),
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

const tools = bothTools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters }));

function toolCalls(call: MakeCall): readonly ApiCall[] {
  const formed = (place: ApiPlace, number: number) => ({
    ...fieldsOf(place, chatAsked(number, { maxTokens: formTokens })),
    tools,
  });
  const one = { type: 'any' as const, disable_parallel_tool_use: true };
  return [
    call('messages.create, tools', async (client, place) => {
      const answer = await client.messages.create({ ...formed(place, 220), tool_choice: one });
      demand(answer.stop_reason === 'tool_use', `stop_reason is ${answer.stop_reason}, not tool_use`);
      return heard(callsText(callsIn(answer.content), 1));
    }),
    call('messages.stream, tool by name', async (client, place) => {
      const tool_choice = { type: 'tool' as const, name: lampTool.name, disable_parallel_tool_use: true };
      const { content } = await client.messages.stream({ ...formed(place, 221), tool_choice }).finalMessage();
      demand(callsIn(content)[0]?.name === lampTool.name, 'another tool was called');
      return heard(callsText(callsIn(content), 1));
    }),
    call('messages.stream, parallel calls', async (client, place) => {
      const tool_choice = { type: 'any' as const };
      const { content } = await client.messages.stream({ ...formed(place, 222), tool_choice }).finalMessage();
      return heard(callsText(callsIn(content)));
    }),
    call('messages.create, results of tools, counted', async (client, place) => {
      const { messages, ...fields } = formed(place, 223);
      const { model, system } = fields;
      const said = [...messages, ...earlierCall];
      const { content, usage } = await client.messages.create({ ...fields, messages: said });
      const { input_tokens } = await client.messages.countTokens({ model, system, tools, messages: said });
      demand(input_tokens === usage.input_tokens, `${input_tokens} tokens counted, ${usage.input_tokens} used`);
      return heard(`${textIn(content)}${callsIn(content).length}`);
    }),
  ];
}

/** A call of an earlier answer, and what came of it. */
const earlierCall: readonly Anthropic.MessageParam[] = [
  {
    role: 'assistant',
    content: [
      { type: 'text', text: 'I switch it on.' },
      { type: 'tool_use', id: 'toolu_1', name: lampTool.name, input: { room: 'hall', on: true } },
    ],
  },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'The lamp is on.' }] },
];

function callsIn(content: readonly Anthropic.ContentBlock[]): readonly CallHeard[] {
  return content.flatMap((block) => (block.type === 'tool_use' ? [{ name: block.name, input: block.input }] : []));
}

const heard = (text: string): readonly Heard[] => [{ asked: null, text }];

type MakeCall = (name: string, run: (client: Anthropic, place: ApiPlace) => Promise<readonly Heard[]>) => ApiCall;

/** Its clients add "/v1" themselves. */
function rootOf({ baseUrl }: ApiPlace): string {
  return baseUrl.replace(/\/v1$/, '');
}

/** The type has no seed; the endpoint takes one, here as elsewhere. */
function fieldsOf(
  { model }: ApiPlace,
  { prompt, temperature, topP: top_p = 1, maxTokens: max_tokens, seed }: ChatAsked,
) {
  const [system, ...rest] = prompt.messages;
  const messages = rest.map(({ content }) => ({ role: 'user' as const, content }));
  return { model, system: system?.content ?? '', messages, temperature, top_p, max_tokens, ...({ seed } as object) };
}

function textIn(content: readonly Anthropic.ContentBlock[]): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
