// The answers of the app, over a completer that a test scripts.

import { describe, expect, it } from 'vitest';
import { defined } from '../../core/basics/defined.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { appOf, completerOf, dataOf, round, type Script, twoRounds } from './app.fixture.ts';
import type { Standing } from './completion-port.ts';

const eventsOf = async (response: Response): Promise<readonly unknown[]> => dataOf(await response.text());

const unreachable = new OutriderError('edge-unreachable', 'nobody answers', 'try again');

describe('the model', () => {
  it('is the only one of the list, and known by its name', async () => {
    const { app } = appOf();
    const model = { id: 'm', object: 'model', created: 5, owned_by: 'outrider' };
    expect(await (await app.request('/v1/models')).json()).toEqual({ object: 'list', data: [model] });
    expect(await (await app.request('/v1/models/m')).json()).toEqual(model);
    expect((await app.request('/v1/models/n')).status).toBe(404);
  });

  it('has the length of its context, and the shape of the API whose version the client names', async () => {
    const { app } = appOf(twoRounds, { completer: { ...completerOf(twoRounds), contextTokens: 2048 } });
    const { data } = (await (await app.request('/v1/models')).json()) as { readonly data: readonly object[] };
    expect(data).toMatchObject([{ object: 'model', context_length: 2048, max_model_len: 2048 }]);
    const headers = { 'anthropic-version': '2023-06-01' };
    const shaped = async (path: string) => (await app.request(path, { headers })).json();
    const tokens = { max_input_tokens: 2048, max_tokens: 2048 };
    const model = { type: 'model', id: 'm', display_name: 'm', created_at: '1970-01-01T00:00:05.000Z', ...tokens };
    expect(await shaped('/v1/models')).toEqual({ data: [model], has_more: false, first_id: 'm', last_id: 'm' });
    expect(await shaped('/v1/models/m')).toEqual(model);
    expect(await shaped('/v1/models/n')).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });
});

describe('an answer', () => {
  it('names the target that wrote it in each event of a stream', async () => {
    const events = await eventsOf(await appOf().ask({ stream: true }));
    expect(events.length).toBeGreaterThan(2);
    for (const event of events.slice(0, -1)) expect(event).toMatchObject({ system_fingerprint: 'or_0123456789abcdef' });
  });

  it('has text, reason, usage and the target that wrote it', async () => {
    const answer = await appOf().ask();
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      id: 'chatcmpl-0000000000000001',
      object: 'chat.completion',
      created: 7,
      model: 'm',
      system_fingerprint: 'or_0123456789abcdef',
      choices: [
        {
          index: 0,
          logprobs: null,
          finish_reason: 'stop',
          message: { role: 'assistant', content: 'Hello you', refusal: null },
        },
      ],
      usage: {
        prompt_tokens: 3,
        completion_tokens: 2,
        total_tokens: 5,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { accepted_prediction_tokens: 1, rejected_prediction_tokens: 4 },
      },
    });
  });

  it('is streamed as role, text, reason, usage, [DONE]', async () => {
    const answer = await appOf().ask({ stream: true, stream_options: { include_usage: true } });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = (await eventsOf(answer)) as {
      choices: { delta: object; finish_reason: unknown }[];
      usage: unknown;
    }[];
    expect(events.slice(0, -1).map(({ choices }) => choices[0]?.delta ?? null)).toEqual([
      ...[{ role: 'assistant', content: '' }, { content: 'Hello' }, { content: ' you' }, {}, null],
    ]);
    expect(events.slice(0, -1).map(({ choices }) => choices[0]?.finish_reason ?? null)).toEqual([
      ...[null, null, null, 'stop', null],
    ]);
    expect(events.slice(0, -1).map(({ usage }) => usage !== null)).toEqual([false, false, false, false, true]);
    expect(events.at(-1)).toBe('[DONE]');
    // Not asked for: no event has the field.
    for (const event of await eventsOf(await appOf().ask({ stream: true }))) expect(event).not.toHaveProperty('usage');
  });

  it('counts each prompt once, and each choice', async () => {
    const answer = await appOf().ask({ n: 2 });
    expect(await answer.json()).toMatchObject({ usage: { prompt_tokens: 3, completion_tokens: 4 } });
  });

  it('says on each route what of the prompt the edge held, whole and streamed', async () => {
    const { app } = appOf();
    const messages = [{ role: 'user', content: 'Hi' }];
    const answerOf = async (path: string, fields: object): Promise<string> =>
      (await app.request(path, { method: 'POST', body: JSON.stringify({ model: 'm', ...fields }) })).text();
    const usage = { include_usage: true };
    const ofOpenAi = '"prompt_tokens_details":{"cached_tokens":2}';
    const ofAnthropic = '"input_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":2';
    for (const [path, fields, held] of [
      ['/v1/chat/completions', { messages }, ofOpenAi],
      ['/v1/completions', { prompt: 'Hi' }, ofOpenAi],
      ['/v1/responses', { input: 'Hi' }, '"input_tokens_details":{"cached_tokens":2}'],
      ['/v1/messages', { messages, max_tokens: 9 }, ofAnthropic],
    ] as const) {
      const streamed = path.includes('completions') ? { stream: true, stream_options: usage } : { stream: true };
      expect(await answerOf(path, fields), path).toContain(held);
      expect(await answerOf(path, { ...fields, ...streamed }), path).toContain(held);
    }
  });

  it('that fails before its first text has a status, in a stream too', async () => {
    const { ask } = appOf(async function* () {
      yield* [];
      throw unreachable;
    });
    for (const stream of [false, true]) {
      const answer = await ask({ stream });
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(await answer.json()).toEqual({
        error: { message: 'nobody answers; try again', type: 'server_error', param: null, code: 'edge_unreachable' },
      });
    }
  });

  it('that fails later ends with an error event, and without [DONE]', async () => {
    const { ask } = appOf(async function* () {
      yield round('Hello');
      throw unreachable;
    });
    const events = await eventsOf(await ask({ stream: true }));
    expect(events.at(-1)).toMatchObject({ error: { code: 'edge_unreachable' } });
    expect((await ask()).status).toBe(503);
  });

  it('tells nothing of a bug but that there is one', async () => {
    const faults: unknown[] = [];
    const bug = new TypeError('x is not a function');
    const script: Script = async function* () {
      yield* [];
      throw bug;
    };
    const { ask } = appOf(script, { onFault: (error) => void faults.push(error) });
    const answer = await ask();
    expect(answer.status).toBe(500);
    const { error } = (await answer.json()) as { readonly error: { readonly message: string } };
    expect(error).toMatchObject({ type: 'server_error', code: 'internal' });
    expect(error.message).not.toContain('function');
    expect(faults).toEqual([bug]);
  });

  it('that fails by a bug in its middle ends as well where nobody is told of bugs', async () => {
    const { ask } = appOf(async function* () {
      yield round('Hello');
      throw new TypeError('x is not a function');
    });
    expect((await eventsOf(await ask({ stream: true }))).at(-1)).toMatchObject({ error: { code: 'internal' } });
  });

  it('has a header where it begins with text that no target has verified', async () => {
    const begun = (standing: Standing | undefined): Script =>
      async function* () {
        yield { ...round('Hello'), ...defined({ standing }) };
        yield { ...round(' you'), standing: { verified: false, from: 5 } };
      };
    const headerOf = async (script: Script) => (await appOf(script).ask()).headers.get('x-outrider-verified');
    expect(await headerOf(begun({ verified: false, from: 0 }))).toBe('no');
    expect(await headerOf(begun({ verified: true }))).toBeNull();
    expect(await headerOf(begun(undefined))).toBeNull();
  });

  it('is given up when the client leaves, and all its choices when one fails', async () => {
    const signals: AbortSignal[] = [];
    const { ask } = appOf(async function* ({ signal, sampling }) {
      signals.push(signal);
      yield round('Hello');
      if (sampling.seed === 1n) throw unreachable;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    expect((await ask({ n: 2, seed: 0 })).status).toBe(503);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    const streamed = await ask({ stream: true, seed: 0 });
    await streamed.body?.cancel();
    expect(signals.at(-1)?.aborted).toBe(true);
  });

  it('ends all choices of a stream when one fails, and a failure that nobody reads yet ends no process', async () => {
    const rejected: unknown[] = [];
    const note = (error: unknown): void => void rejected.push(error);
    process.on('unhandledRejection', note);
    const signals: AbortSignal[] = [];
    const { ask } = appOf(async function* ({ signal, sampling }) {
      signals.push(signal);
      yield round('Hello');
      if (sampling.seed === 1n) throw unreachable;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    const answer = await ask({ n: 2, seed: 0, stream: true });
    const reader = answer.body?.getReader();
    for (let events = 0; events < 4; events += 1) await reader?.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(rejected).toEqual([]);
    process.off('unhandledRejection', note);
    while ((await reader?.read())?.done === false);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('leaves nothing at a slow choice for each round of the others', async () => {
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
    const { ask } = appOf(async function* ({ sampling }) {
      yield round('a');
      if (sampling.seed === 1n) await isOver;
      else for (let count = 0; count < 100; count += 1) yield round('b');
      end();
    });
    const reactions = new Map<object, number>();
    const { then } = Promise.prototype;
    Reflect.set(Promise.prototype, 'then', function (this: Promise<unknown>, ...handlers: Parameters<typeof then>) {
      reactions.set(this, (reactions.get(this) ?? 0) + 1);
      return Reflect.apply(then, this, handlers);
    });
    const events = await eventsOf(await ask({ n: 2, seed: 0, stream: true }));
    Reflect.set(Promise.prototype, 'then', then);
    expect(events.length).toBeGreaterThan(100);
    expect(Math.max(...reactions.values())).toBeLessThan(10);
  });

  it('makes no text that the client has not read', async () => {
    let made = 0;
    const { ask } = appOf(async function* () {
      for (; made < 100; made += 1) yield round('a');
    });
    const reader = (await ask({ stream: true })).body?.getReader();
    await reader?.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(made).toBeLessThan(3);
    await reader?.cancel();
  });
});

describe('routes of other shapes', () => {
  const broken: Script = async function* () {
    yield round('Hello');
    throw unreachable;
  };
  const post = (script: Script, path: string, fields: object) =>
    appOf(script).app.request(path, { method: 'POST', body: JSON.stringify({ model: 'm', ...fields }) });
  const conversation = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9 };
  const namesOf = async (response: Response): Promise<string[]> =>
    [...(await response.text()).matchAll(/^event: (.+)$/gm)].map(([, name = '']) => name);

  it('have their own events, in the order that their clients demand', async () => {
    expect(await namesOf(await post(twoRounds, '/v1/messages', { ...conversation, stream: true }))).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta'],
      ...['content_block_stop', 'message_delta', 'message_stop'],
    ]);
    expect(await namesOf(await post(twoRounds, '/v1/responses', { input: 'Hi', stream: true }))).toEqual(
      [
        ...['created', 'in_progress', 'output_item.added', 'content_part.added', 'output_text.delta'],
        ...['output_text.delta', 'output_text.done', 'content_part.done', 'output_item.done', 'completed'],
      ].map((name) => `response.${name}`),
    );
  });

  it('end with an error event where an answer fails in its middle', async () => {
    const messages = await post(broken, '/v1/messages', { ...conversation, stream: true });
    expect((await namesOf(messages)).at(-1)).toBe('error');
    const responses = await post(broken, '/v1/responses', { input: 'Hi', stream: true });
    expect((await namesOf(responses)).at(-1)).toBe('error');
  });

  it('have their own errors', async () => {
    const wrong = await post(twoRounds, '/v1/messages', { ...conversation, max_tokens: 0 });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    const refused = await post(broken, '/v1/messages', conversation);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { type: 'overloaded_error' } });
  });

  const type = 'invalid_request_error';
  it.each([
    ['/v1/chat/completions', { messages: conversation.messages }, 'messages'],
    ['/v1/completions', { prompt: 'Hi' }, 'prompt'],
    ['/v1/responses', { input: 'Hi' }, 'input'],
    ['/v1/messages', conversation, null],
  ])(
    '%s names a wrong model and the field of a prompt that is too long as its API does',
    async (path, fields, param) => {
      const full: Script = () => {
        throw new OutriderError('context-full', 'the prompt has 9 tokens', 'shorten it');
      };
      const unknown = await (await post(twoRounds, path, { ...fields, model: 'other' })).json();
      const error = { type, param: 'model', code: 'model_not_found' };
      expect(unknown).toMatchObject(param === null ? { error: { type: 'not_found_error' } } : { error });
      const long = await post(full, path, fields);
      expect(long.status).toBe(400);
      const code = { param, code: 'context_length_exceeded' };
      expect(await long.json()).toMatchObject({ error: { type, ...(param === null ? {} : code) } });
    },
  );

  it.each([
    ['/v1/messages', { ...conversation, tools: [{ name: '' }] }],
    ['/v1/messages', { ...conversation, tool_choice: { type: 'any' } }],
    ['/v1/messages', { ...conversation, thinking: { type: 'enabled', budget_tokens: 1024 } }],
    ['/v1/messages', { messages: conversation.messages }],
    ['/v1/messages', { ...conversation, system: [{ type: 'image' }] }],
    ['/v1/messages/count_tokens', { messages: [] }],
    ['/v1/responses', { input: [{ type: 'function_call_output', role: 'user', content: 'x' }] }],
    ['/v1/responses', { input: 'Hi', previous_response_id: 'resp_1' }],
    ['/v1/responses', { input: 'Hi', text: { format: { type: 'json_schema' } } }],
    ['/v1/completions', { prompt: 'Hi', suffix: 'there' }],
    ['/v1/completions', { prompt: 'Hi', tools: [{ type: 'function' }] }],
    ['/v1/completions', { prompt: 'Hi', response_format: { type: 'json_object' } }],
  ])('%s refuses what it cannot keep: %j', async (path, fields) => {
    expect((await post(twoRounds, path, fields)).status).toBe(400);
  });

  it('let no field count that they say has no effect', async () => {
    const samplings: unknown[] = [];
    const script: Script = async function* ({ sampling, stopStrings }) {
      samplings.push({ ...sampling, seed: 0n }, stopStrings);
      yield round('Hello');
    };
    const extra = { presence_penalty: 2, logit_bias: { '5': 9 }, min_p: 0.5, stop: ['a'] };
    const path = '/v1/responses';
    const answer = await post(script, path, { input: 'Hi', ...extra });
    expect(answer.headers.get('x-ignored-params')).toBe('presence_penalty, logit_bias, min_p, stop');
    await post(script, path, { input: 'Hi' });
    await post(script, '/v1/messages', { ...conversation, ...extra });
    await post(script, '/v1/messages', conversation);
    expect(samplings.slice(0, 2)).toEqual(samplings.slice(2, 4));
    expect(samplings.slice(4, 6)).toEqual(samplings.slice(6, 8));
  });

  it('take what asks for nothing', async () => {
    const fields = { ...conversation, tools: [], thinking: { type: 'disabled' } };
    expect((await post(twoRounds, '/v1/messages', fields)).status).toBe(200);
    expect(await (await post(twoRounds, '/v1/messages/count_tokens', conversation)).json()).toEqual({
      input_tokens: 3,
    });
  });
});
