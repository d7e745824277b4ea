// Structured output, tools and logprobs as the official clients read them, over HTTP; the completer writes what the test says.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import { createHttpApp } from '../../../src/processes/http/app.ts';
import type { CompletionRequest } from '../../../src/processes/http/completion-port.ts';
import { type HttpListener, listenHttp } from '../../../src/processes/http/listen-http.ts';
import { asked, completer, fails, model, writes } from './scripted-completer.fixture.ts';

let listener: HttpListener;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  let bits = 0n;
  const app = createHttpApp({
    completer,
    version: '0.0.0',
    nowMs: () => 7000,
    refuses: () => null,
    mayUse: () => true,
    randomBits: () => {
      bits += 1n;
      return bits;
    },
  });
  listener = await listenHttp(app, '127.0.0.1', 0);
  const root = `http://127.0.0.1:${listener.port}`;
  openai = new OpenAI({ apiKey: 'none', baseURL: `${root}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'none', baseURL: root, maxRetries: 0 });
});

afterAll(() => listener.close());

const call = (name: string, json: string): string =>
  `<tool_call>\n{"name": "${name}", "arguments": ${json}}\n</tool_call>`;
const messages = [{ role: 'user' as const, content: 'How is the weather in Rome?' }];
const person = z.object({
  name: z.string(),
  age: z.int().min(0).max(120),
  email: z.email().nullable(),
  code: z.string().regex(/^[A-Z]{2}\d+$/),
});
const json = '{"name": "Ada", "age": 36, "email": null, "code": "AB1"}';
const weather = z.object({ city: z.string(), unit: z.enum(['c', 'f']).nullable() });
const tool = zodFunction({ name: 'get_weather', description: 'Weather of a city', parameters: weather });
const plain = { type: 'function' as const, function: { name: 'now' } };
const promptText = (): string => {
  const { prompt } = asked[0] as CompletionRequest;
  return prompt.kind === 'chat' ? prompt.messages.map(({ role, content }) => `${role}: ${content}`).join('\n') : '';
};

describe('structured output', () => {
  it('is parsed by the helpers of the OpenAI client, by both routes, whole and streamed', async () => {
    writes(json);
    const response_format = zodResponseFormat(person, 'person');
    const parsed = await openai.chat.completions.parse({ model, messages, response_format });
    expect(parsed.choices[0]?.message.parsed).toEqual({ name: 'Ada', age: 36, email: null, code: 'AB1' });
    expect(asked[0]?.grammar?.kind).toBe('ebnf');
    const streamed = await openai.chat.completions.stream({ model, messages, response_format }).finalChatCompletion();
    expect(streamed.choices[0]?.message.parsed).toEqual({ name: 'Ada', age: 36, email: null, code: 'AB1' });
    const fields = { model, input: 'Who?', text: { format: zodTextFormat(person, 'person') } };
    expect((await openai.responses.parse(fields)).output_parsed).toEqual({
      name: 'Ada',
      age: 36,
      email: null,
      code: 'AB1',
    });
    expect((await openai.responses.stream(fields).finalResponse()).output_parsed).toMatchObject({ age: 36 });
  });

  it('may be any object', async () => {
    writes('{}');
    const answer = await openai.chat.completions.create({ model, messages, response_format: { type: 'json_object' } });
    expect(answer.choices[0]?.message.content).toBe('{}');
    expect(asked[0]?.grammar?.text).toContain('root ::=');
  });

  const schema = (fields: object, strict = false) => ({
    response_format: {
      type: 'json_schema' as const,
      json_schema: { name: 'x', strict, schema: fields as Record<string, unknown> },
    },
  });

  it.each([
    [schema({ type: 'foo' }), 'invalid_json_schema', 'response_format.json_schema.schema'],
    [schema({ $ref: '#' }), 'invalid_json_schema', 'response_format.json_schema.schema'],
    [schema({ not: {} }, true), 'invalid_json_schema', 'response_format.json_schema.schema'],
    [{ response_format: { type: 'json_schema' } }, 'invalid_value', 'response_format.json_schema'],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: [] } } },
      'invalid_value',
      'response_format.json_schema.schema',
    ],
    [{ response_format: { type: 'grammar' } }, 'unsupported_parameter', 'response_format'],
    [
      schema({ enum: Array.from({ length: 9000 }, (_, index) => `value ${index}`) }),
      'invalid_value',
      'response_format.json_schema.schema',
    ],
  ])('is refused for %j', async (fields, code, param) => {
    const asking = openai.chat.completions.create({ model, messages, ...(fields as object) });
    await expect(asking).rejects.toMatchObject({ status: 400, code, param });
  });

  it('says what it does not keep, if that need not be kept', async () => {
    writes('{}');
    const { response } = await openai.chat.completions
      .create({ model, messages, ...schema({ type: 'object', not: {} }) })
      .withResponse();
    expect(response.headers.get('x-ignored-params')).toBe('response_format.json_schema.schema.not');
  });

  it('that the edge cannot keep is an error of its field', async () => {
    fails(new OutriderError('bad-argument', 'the grammar is too large', 'use a smaller one'));
    const asking = openai.chat.completions.create({ model, messages, ...schema({ type: 'object' }) });
    await expect(asking).rejects.toMatchObject({
      code: 'invalid_json_schema',
      param: 'response_format.json_schema.schema',
    });
  });
});

describe('tools', () => {
  it('are called in chat, whole and streamed', async () => {
    writes(`Let me look.\n${call('get_weather', '{"city": "Rome", "unit": null}')}\n${call('now', '{}')}`);
    const fields = { model, messages, tools: [tool, plain] };
    const whole = await openai.chat.completions.create(fields);
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'Let me look.' } });
    const calls = whole.choices[0]?.message.tool_calls ?? [];
    expect(calls).toMatchObject([
      { type: 'function', function: { name: 'get_weather', arguments: '{"city": "Rome", "unit": null}' } },
      { type: 'function', function: { name: 'now', arguments: '{}' } },
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    expect(asked[0]?.grammar?.kind).toBe('structural-tag');
    expect(promptText()).toMatch(
      /^system: # Tools\n[\s\S]*{"type": "function", "function": {"name": "get_weather", "description"/,
    );
    const stream = openai.chat.completions.stream(fields);
    const done: unknown[] = [];
    stream.on(
      'tool_calls.function.arguments.done',
      ({ name, parsed_arguments }) => void done.push([name, parsed_arguments]),
    );
    const streamed = await stream.finalChatCompletion();
    expect(done[0]).toEqual(['get_weather', { city: 'Rome', unit: null }]);
    expect(streamed.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'Let me look.' } });
    expect(streamed.choices[0]?.message.tool_calls).toMatchObject(
      calls.map((one) => (one.type === 'function' ? { function: one.function } : {})),
    );
  });

  it('are run in a loop by the client, and the model reads what was called and what came of it', async () => {
    writes(call('get_weather', '{"city": "Rome", "unit": null}'));
    const runner = openai.chat.completions.runTools({
      model,
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'Weather',
            parameters: z.toJSONSchema(weather) as Record<string, unknown>,
            parse: JSON.parse,
            function: () => {
              writes('Sunny.');
              return '{"sky": "clear"}';
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe('Sunny.');
    expect(promptText()).toContain(
      `assistant: ${call('get_weather', '{"city": "Rome", "unit": null}')}\nuser: <tool_response>\n{"sky": "clear"}\n</tool_response>`,
    );
  });

  it.each([
    ['required', 'ebnf'],
    [{ type: 'function', function: { name: 'now' } }, 'ebnf'],
    ['auto', 'structural-tag'],
    ['none', undefined],
  ] as const)('may be chosen: %j', async (tool_choice, kind) => {
    writes('Hi');
    await openai.chat.completions.create({ model, messages, tools: [tool, plain], tool_choice });
    expect(asked[0]?.grammar?.kind).toBe(kind);
    expect(promptText().includes('<tools>')).toBe(tool_choice !== 'none');
    if (typeof tool_choice === 'object') expect(asked[0]?.grammar?.text).not.toContain('get_weather');
  });

  it.each([
    [{ tools: [plain, plain] }, 'tools[1].function.parameters'],
    [{ tools: [{ type: 'function', function: { name: 'a b' } }] }, 'tools[0].function.parameters'],
    [
      { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'string' } } }] },
      'tools[0].function.parameters',
    ],
    [{ tools: [{ type: 'function' }] }, 'tools[0].function'],
    [{ tools: [plain], tool_choice: { type: 'function', function: { name: 'g' } } }, 'tool_choice'],
    [{ tool_choice: 'required' }, 'tool_choice'],
  ])('are refused: %j', async (fields, param) => {
    const asking = openai.chat.completions.create({ model, messages, ...(fields as object) });
    await expect(asking).rejects.toMatchObject({ status: 400, param });
  });

  it('of other kinds are skipped, and named', async () => {
    writes('Hi');
    const tools = [
      { type: 'web_search' as const },
      { type: 'function' as const, name: 'now', parameters: null, strict: false },
    ];
    const { response } = await openai.responses.create({ model, input: 'Hi', tools }).withResponse();
    expect(response.headers.get('x-ignored-params')).toBe('tools[0]');
  });

  it('that are cut by the limit say so', async () => {
    writes(call('now', '{"a": 1}').slice(0, 45), 'length');
    const answer = await openai.chat.completions.create({ model, messages, tools: [plain] });
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { tool_calls: [{ function: { name: 'now' } }] },
    });
    const message = await anthropic.messages.create({
      model,
      messages,
      max_tokens: 5,
      tools: [{ name: 'now', input_schema: { type: 'object' } }],
    });
    expect(message).toMatchObject({ stop_reason: 'max_tokens', content: [{ type: 'text', text: '' }] });
  });

  it('are called in responses, whole and streamed', async () => {
    writes(call('get_weather', '{"city": "Rome"}'));
    const tools = [
      {
        type: 'function' as const,
        name: 'get_weather',
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
        strict: false,
      },
    ];
    const input = [
      { role: 'user' as const, content: 'Rome?' },
      { type: 'function_call' as const, call_id: 'c', name: 'get_weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call_output' as const, call_id: 'c', output: 'rain' },
    ];
    const whole = await openai.responses.create({ model, input, tools });
    expect(whole.output).toMatchObject([
      { type: 'function_call', name: 'get_weather', arguments: '{"city": "Rome"}', status: 'completed' },
    ]);
    expect(whole.tools).toEqual(tools);
    expect(promptText()).toContain(`${call('get_weather', '{"city": "Paris"}')}\nuser: <tool_response>\nrain`);
    const stream = openai.responses.stream({ model, input, tools });
    let told = '';
    stream.on('response.function_call_arguments.delta', ({ delta }) => {
      told += delta;
    });
    const streamed = await stream.finalResponse();
    expect(told).toBe('{"city": "Rome"}');
    expect(streamed.output).toMatchObject([
      { type: 'function_call', name: 'get_weather', arguments: '{"city": "Rome"}' },
    ]);
  });

  it("are called by Anthropic's client, whole and streamed", async () => {
    writes(`Looking.\n${call('get_weather', '{"city": "Rome"}')}`);
    const fields = {
      model,
      max_tokens: 50,
      system: 'Be brief.',
      messages: [
        ...messages,
        {
          role: 'assistant' as const,
          content: [{ type: 'tool_use' as const, id: 'a', name: 'get_weather', input: { city: 'Paris' } }],
        },
        {
          role: 'user' as const,
          content: [
            { type: 'tool_result' as const, tool_use_id: 'a', content: 'rain' },
            { type: 'text' as const, text: 'And Rome?' },
          ],
        },
      ],
      tools: [
        { name: 'get_weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } },
      ],
    };
    const content = [
      { type: 'text', text: 'Looking.' },
      { type: 'tool_use', name: 'get_weather', input: { city: 'Rome' }, id: expect.stringMatching(/^toolu_/) },
    ];
    const whole = await anthropic.messages.create(fields);
    expect(whole).toMatchObject({ stop_reason: 'tool_use', content });
    expect(promptText()).toContain('system: Be brief.\n\n# Tools');
    expect(promptText()).toContain(
      `${call('get_weather', '{"city": "Paris"}')}\nuser: <tool_response>\nrain\n</tool_response>\nuser: And Rome?`,
    );
    const streamed = await anthropic.messages.stream(fields).finalMessage();
    expect(streamed).toMatchObject({ stop_reason: 'tool_use', content });
    writes('');
    await anthropic.messages.create({ ...fields, tool_choice: { type: 'any', disable_parallel_tool_use: true } });
    expect(asked[0]?.grammar?.kind).toBe('ebnf');
    expect(asked[0]?.grammar?.text).not.toContain(')*"</tool_call>"');
    expect((await anthropic.messages.countTokens({ model, messages, tools: fields.tools })).input_tokens).toBe(40);
  });
});

describe('logprobs', () => {
  it('come in chat, whole and streamed', async () => {
    writes('Hi, you');
    const fields = { model, messages, logprobs: true, top_logprobs: 2 };
    const whole = await openai.chat.completions.create(fields);
    const content = whole.choices[0]?.logprobs?.content ?? [];
    expect(content.map(({ token }) => token).join('')).toBe('Hi, you');
    expect(content[0]).toEqual({
      token: 'Hi,',
      logprob: -0.5,
      bytes: [72, 105, 44],
      top_logprobs: [
        { token: 'Hi,', logprob: -0.5, bytes: [72, 105, 44] },
        { token: 'x', logprob: -1.5, bytes: [120] },
      ],
    });
    const streamed = await openai.chat.completions.stream(fields).finalChatCompletion();
    expect(streamed.choices[0]?.logprobs?.content).toEqual(content);
    writes(call('now', '{}'));
    const called = await openai.chat.completions.stream({ ...fields, tools: [plain] }).finalChatCompletion();
    expect(called.choices[0]?.logprobs?.content?.map(({ token }) => token).join('')).toBe(call('now', '{}'));
    await expect(openai.chat.completions.create({ model, messages, top_logprobs: 2 })).rejects.toMatchObject({
      param: 'top_logprobs',
    });
    await expect(openai.chat.completions.create({ ...fields, top_logprobs: 21 })).rejects.toMatchObject({
      param: 'top_logprobs',
    });
  });

  it('come with offsets in completions, whole and streamed', async () => {
    writes('Grüße 🚲!');
    const fields = { model, prompt: 'x', logprobs: 1 };
    const whole = await openai.completions.create(fields);
    expect(whole.choices[0]?.logprobs).toEqual({
      tokens: ['Grü', 'ße ', '🚲!'],
      token_logprobs: [-0.5, -0.5, -0.5],
      text_offset: [0, 3, 6],
      top_logprobs: [{ Grü: -0.5 }, { 'ße ': -0.5 }, { '🚲!': -0.5 }],
    });
    const offsets: number[] = [];
    for await (const { choices } of await openai.completions.create({ ...fields, stream: true }))
      offsets.push(...(choices[0]?.logprobs?.text_offset ?? []));
    expect(offsets).toEqual([0, 3, 6]);
    await expect(openai.completions.create({ ...fields, logprobs: 6 })).rejects.toMatchObject({ param: 'logprobs' });
  });

  it('come in responses', async () => {
    writes('Hi, you');
    const fields = { model, input: 'x', include: ['message.output_text.logprobs' as const], top_logprobs: 1 };
    const partOf = ({ output }: OpenAI.Responses.Response) =>
      output[0]?.type === 'message' ? output[0].content[0] : undefined;
    const whole = partOf(await openai.responses.create(fields));
    expect(whole).toMatchObject({
      text: 'Hi, you',
      logprobs: [{ token: 'Hi,', top_logprobs: [{ token: 'Hi,' }] }, {}, {}],
    });
    expect(partOf(await openai.responses.stream(fields).finalResponse())).toMatchObject(whole ?? {});
  });
});
