// OpenAI's client for Node where answers have a form: JSON of a schema, calls of tools, logprobs.

import type OpenAI from 'openai';
import { type ApiCall, type ApiPlace, chatAsked, demand, type Heard, sampled, textAsked } from './call.ts';
import { bothTools, type CallHeard, callsText, formTokens, lampSchema, lampText, lampTool } from './light.ts';
import { type ChatFields, chatFields, type MakeCall, responseFields } from './openai-fields.ts';

type Zod = typeof import('openai/helpers/zod');
type Chat = OpenAI.Chat.Completions.ChatCompletion;
type Message = OpenAI.Chat.Completions.ChatCompletionMessageParam;

/** @param helpers the part of the package that reads schemas of zod */
export function formCalls(call: MakeCall, helpers: Zod): readonly ApiCall[] {
  return [...schemaCalls(call, helpers), ...toolCalls(call), ...responsesCalls(call, helpers), ...logprobCalls(call)];
}

const heard = (text: string): readonly Heard[] => [{ asked: null, text }];
const tools = bothTools.map((one) => ({ type: 'function' as const, function: { ...one, strict: false } }));

function formFields(place: ApiPlace, number: number): ChatFields {
  return chatFields(place, chatAsked(number, { maxTokens: formTokens }));
}

function schemaCalls(call: MakeCall, { zodResponseFormat }: Zod): readonly ApiCall[] {
  const response_format = zodResponseFormat(lampSchema, 'lamp');
  return [
    call('chat.completions.parse, zod', async (client, place) => {
      const { choices } = await client.chat.completions.parse({ ...formFields(place, 200), response_format });
      return heard(lampText(choices[0]?.message.parsed));
    }),
    call('chat.completions.stream, zod', async (client, place) => {
      const stream = client.chat.completions.stream({ ...formFields(place, 201), response_format });
      return heard(lampText((await stream.finalChatCompletion()).choices[0]?.message.parsed));
    }),
    call('chat.completions.create, json_object', async (client, place) => {
      const fields = { ...formFields(place, 202), response_format: { type: 'json_object' as const } };
      const [choice] = (await client.chat.completions.create(fields)).choices;
      const text = choice?.message.content ?? '';
      // An object without a schema may be longer than the answer.
      if (choice?.finish_reason === 'stop') JSON.parse(text);
      demand(text.startsWith('{'), `${text.slice(0, 40)} is no object`);
      return heard(text);
    }),
  ];
}

function callsOf({ choices }: Chat): readonly CallHeard[] {
  const [choice] = choices;
  demand(choice?.finish_reason === 'tool_calls', `finish_reason is ${choice?.finish_reason}, not tool_calls`);
  const calls = (choice.message.tool_calls ?? []).filter((one) => one.type === 'function');
  demand(new Set(calls.map(({ id }) => id)).size === calls.length, 'two calls have the same id');
  return calls.map(({ function: { name, arguments: input } }) => ({ name, input }));
}

function toolCalls(call: MakeCall): readonly ApiCall[] {
  const one = { tools, parallel_tool_calls: false };
  return [
    call('tools, tool_choice required', async (client, place) => {
      const fields = { ...formFields(place, 203), ...one, tool_choice: 'required' as const };
      return heard(callsText(callsOf(await client.chat.completions.create(fields)), 1));
    }),
    call('tools, tool_choice by name, stream', async (client, place) => {
      const tool_choice = { type: 'function' as const, function: { name: lampTool.name } };
      const stream = client.chat.completions.stream({ ...formFields(place, 204), ...one, tool_choice });
      const calls = callsOf(await stream.finalChatCompletion());
      demand(calls[0]?.name === lampTool.name, `${calls[0]?.name} was called`);
      return heard(callsText(calls, 1));
    }),
    call('tools, parallel calls, stream', async (client, place) => {
      const fields = { ...formFields(place, 217), tools, parallel_tool_calls: true, tool_choice: 'required' as const };
      const indexes = new Set<number>();
      const stream = client.chat.completions.stream(fields);
      stream.on('chunk', ({ choices }) => {
        for (const { index } of choices[0]?.delta.tool_calls ?? []) indexes.add(index);
      });
      const calls = callsOf(await stream.finalChatCompletion());
      demand(indexes.size === calls.length, 'the calls of the chunks have not the indexes of the calls');
      return heard(callsText(calls));
    }),
    call('tools, auto, and their results', async (client, place) => {
      const { messages, ...fields } = formFields(place, 206);
      const said: Message[] = [...messages, ...earlierCall];
      const [choice] = (await client.chat.completions.create({ ...fields, messages: said, tools })).choices;
      return heard(`${choice?.message.content ?? ''}${JSON.stringify(choice?.message.tool_calls?.length ?? 0)}`);
    }),
    call('runTools', async (client, place) => {
      const given: string[] = [];
      const runnable = {
        ...lampTool,
        parse: JSON.parse,
        function: (input: object) => void given.push(JSON.stringify(input)),
      };
      const tool_choice = { type: 'function' as const, function: { name: lampTool.name } };
      const fields = {
        ...formFields(place, 207),
        tools: [{ type: 'function' as const, function: runnable }],
        tool_choice,
      };
      await client.chat.completions.runTools(fields).done();
      return heard(
        callsText(
          given.map((input) => ({ name: lampTool.name, input })),
          1,
        ),
      );
    }),
  ];
}

/** A call of an earlier answer, and what came of it. */
const earlierCall: readonly Message[] = [
  {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: lampTool.name, arguments: '{"room":"hall","on":true}' } },
    ],
  },
  { role: 'tool', tool_call_id: 'call_1', content: 'The lamp is on.' },
];

function responsesCalls(call: MakeCall, { zodTextFormat }: Zod): readonly ApiCall[] {
  const own = bothTools.map((one) => ({ type: 'function' as const, strict: false, ...one }));
  const fieldsOf = (place: ApiPlace, number: number) =>
    responseFields(place, chatAsked(number, { maxTokens: formTokens }));
  const calledIn = (output: readonly OpenAI.Responses.ResponseOutputItem[]): readonly CallHeard[] =>
    output.flatMap((item) => (item.type === 'function_call' ? [{ name: item.name, input: item.arguments }] : []));
  return [
    call('responses.parse, zod', async (client, place) => {
      const text = { format: zodTextFormat(lampSchema, 'lamp') };
      return heard(lampText((await client.responses.parse({ ...fieldsOf(place, 208), text })).output_parsed));
    }),
    call('responses.create, tools', async (client, place) => {
      const more = { tools: own, tool_choice: 'required' as const, parallel_tool_calls: false };
      return heard(
        callsText(calledIn((await client.responses.create({ ...fieldsOf(place, 209), ...more })).output), 1),
      );
    }),
    call('responses.stream, tools and their results', async (client, place) => {
      const { input, ...fields } = fieldsOf(place, 210);
      const earlier = [
        {
          type: 'function_call' as const,
          call_id: 'call_1',
          name: lampTool.name,
          arguments: '{"room":"hall","on":true}',
        },
        { type: 'function_call_output' as const, call_id: 'call_1', output: 'The lamp is on.' },
      ];
      const more = {
        input: [...input, ...earlier],
        tools: own,
        tool_choice: 'required' as const,
        parallel_tool_calls: false,
      };
      const { output } = await client.responses.stream({ ...fields, ...more }).finalResponse();
      return heard(callsText(calledIn(output), 1));
    }),
  ];
}

function logprobCalls(call: MakeCall): readonly ApiCall[] {
  return [
    call('chat.completions.create, logprobs', async (client, place) => {
      const asked = chatAsked(211);
      const fields = { ...chatFields(place, asked), logprobs: true, top_logprobs: 3 };
      const [choice] = (await client.chat.completions.create(fields)).choices;
      const content = choice?.logprobs?.content ?? [];
      const text = choice?.message.content ?? '';
      demandLogprobs(content, 3, text);
      return [
        { asked, text },
        { asked: null, text: JSON.stringify(content) },
      ];
    }),
    call('chat.completions.stream, logprobs', async (client, place) => {
      const asked = chatAsked(212);
      const fields = { ...chatFields(place, asked), logprobs: true, top_logprobs: 2 };
      const [choice] = (await client.chat.completions.stream(fields).finalChatCompletion()).choices;
      const content = choice?.logprobs?.content ?? [];
      const text = choice?.message.content ?? '';
      demandLogprobs(content, 2, text);
      return [
        { asked, text },
        { asked: null, text: JSON.stringify(content) },
      ];
    }),
    call('completions.create, logprobs', async (client, place) => {
      const asked = textAsked(213);
      const fields = { model: place.model, prompt: asked.prompt.text, ...sampled(asked), logprobs: 2 };
      const [choice] = (await client.completions.create(fields)).choices;
      const { tokens = [], token_logprobs: values = [], top_logprobs: tops = [] } = choice?.logprobs ?? {};
      demand(tokens.length > 0 && tokens.length === values.length, 'not every token has a logprob');
      demand(tops.length === tokens.length, 'not every token has the likeliest ones');
      return [
        { asked, text: choice?.text ?? '' },
        { asked: null, text: JSON.stringify([tokens, values, tops]) },
      ];
    }),
  ];
}

type TokenLogprob = OpenAI.Chat.Completions.ChatCompletionTokenLogprob;

/** One for each token of the text, none above 0, the likeliest ones in their order. */
function demandLogprobs(content: readonly TokenLogprob[], count: number, text: string): void {
  const bytes = content.flatMap((token) => token.bytes ?? []);
  demand(Buffer.from(bytes).toString('utf8').startsWith(text), 'the tokens with logprobs are not those of the text');
  for (const { token, logprob, top_logprobs: top } of content) {
    demand(logprob <= 0, `${token} has the logprob ${logprob}`);
    demand(top.length === count, `${top.length} of ${count} likeliest tokens`);
    demand(
      top.every((one, rank) => one.logprob <= (top[rank - 1]?.logprob ?? 0)),
      'the likeliest tokens have no order',
    );
    const mass = top.reduce((sum, one) => sum + Math.exp(one.logprob), 0);
    demand(mass <= 1 + 1e-6, `the likeliest tokens have a probability of ${mass} together`);
  }
}
