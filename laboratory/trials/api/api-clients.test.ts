// The official clients of OpenAI and Anthropic, unchanged, ask a device's endpoint in front of a real edge. The target is a toy.

import type { RequestListener } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { edgeEndpoint } from '../../../src/cli/edge/edge-endpoint.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { edgeKey } from '../../../src/core/protocol/edge/edge-key.ts';
import { createAddressGuard } from '../../../src/network/transport-node/upgrade-guard.ts';
import { createDevice } from '../../../src/processes/device/device.ts';
import { createHttpApp } from '../../../src/processes/http/app.ts';
import { createDeviceCompleter } from '../../../src/processes/http/device-completer.ts';
import { type HttpListener, listenHttp } from '../../../src/processes/http/listen-http.ts';
import { startToyEdge, type ToyEdge, toyDrafter, toyPrompt, toyReference } from '../../../test/together/toy-edge.ts';

const model = 'toy';
const key = 'a-key-of-a-test';

let edge: ToyEdge;
let listener: HttpListener;
let client: OpenAI;
let baseURL: string;

beforeAll(async () => {
  edge = await startToyEdge();
  const device = createDevice({ edge: edge.url, tokenizer: edge.target.tokenizer, drafter: toyDrafter(0.8) });
  const nowMs = () => performance.now();
  const guard = createAddressGuard({ host: '127.0.0.1', allowOrigins: ['https://page.example'] });
  let bits = 0n;
  const app = createHttpApp({
    completer: createDeviceCompleter({ device, model, nowMs, credentials: '' }),
    version: '0.0.0',
    nowMs,
    randomBits: () => {
      bits += 1n;
      return bits;
    },
    refuses: (headers) => guard({ headers: Object.fromEntries(headers) })?.cause ?? null,
    mayUse: (shown) => shown === key,
  });
  listener = await listenHttp(app, '127.0.0.1', 0);
  baseURL = `http://127.0.0.1:${listener.port}/v1`;
  client = new OpenAI({ apiKey: key, baseURL, maxRetries: 0 });
});

afterAll(async () => {
  await listener.close();
  await edge[Symbol.asyncDispose]();
});

const textOf = async (count: number): Promise<string> => {
  const bytes = (await toyReference(neutralSampling, count)).map((id) => edge.target.tokenizer.bytes(id));
  return Buffer.concat(bytes).toString('utf8');
};

describe('the OpenAI client', () => {
  it("gets the target's own text for token ids", async () => {
    const answer = await client.completions.create({ model, prompt: [...toyPrompt], max_tokens: 60, temperature: 0 });
    expect(answer.choices[0]).toMatchObject({ text: await textOf(60), finish_reason: 'length' });
    expect(answer.usage).toMatchObject({ prompt_tokens: toyPrompt.length, completion_tokens: 60 });
    expect(answer.usage?.completion_tokens_details?.accepted_prediction_tokens).toBeGreaterThan(0);
  });

  it('gets the same text with a prediction of it, and with a wrong one', async () => {
    const asked = {
      model,
      messages: [{ role: 'user' as const, content: 'Write it again.' }],
      max_tokens: 120,
      temperature: 0,
    };
    const [plain] = (await client.chat.completions.create(asked)).choices;
    const text = plain?.message.content ?? '';
    const changed = `${text.slice(0, 40)}something else${text.slice(55)}`;
    const parts = [text.slice(0, 60), text.slice(60)].map((part) => ({ type: 'text' as const, text: part }));
    for (const content of [text, changed, 'no such words', parts]) {
      const answer = await client.chat.completions.create({ ...asked, prediction: { type: 'content', content } });
      expect(answer.choices[0]?.message.content).toBe(text);
      if (content === text)
        expect(answer.usage?.completion_tokens_details?.accepted_prediction_tokens).toBeGreaterThan(80);
    }
    const wrong = { ...asked, prediction: { type: 'content' as const, content: [{ type: 'image' }] } };
    await expect(client.chat.completions.create(wrong as never)).rejects.toMatchObject({ status: 400 });
  });

  it('gets several choices, the first that of a single one', async () => {
    const asked = { model, messages: [{ role: 'user' as const, content: 'Hi' }], max_tokens: 20, seed: 3 };
    const one = await client.chat.completions.create(asked);
    const three = await client.chat.completions.create({ ...asked, n: 3 });
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(three.choices[0]?.message.content).toBe(one.choices[0]?.message.content);
    expect(three.usage?.prompt_tokens).toBe(one.usage?.prompt_tokens);
    const streamed = await client.chat.completions.stream({ ...asked, n: 3 }).finalChatCompletion();
    expect(streamed.choices.map(({ message }) => message.content)).toEqual(
      three.choices.map(({ message }) => message.content),
    );
  });

  it('gets the same text by the route for responses, whole and streamed', async () => {
    const asked = { max_tokens: 40, temperature: 0.8, seed: 7 };
    const input = 'Why is the sky blue?';
    const chat = await client.chat.completions.create({
      ...asked,
      model,
      messages: [{ role: 'user', content: input }],
    });
    const fields = { model, input, max_output_tokens: 40, temperature: 0.8, ...({ seed: 7 } as object) };
    const whole = await client.responses.create(fields);
    expect(whole.output_text).toBe(chat.choices[0]?.message.content);
    expect(whole).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    expect(whole.usage).toMatchObject({ input_tokens: chat.usage?.prompt_tokens, output_tokens: 40 });
    const streamed = await client.responses.stream(fields).finalResponse();
    expect(streamed.output_text).toBe(whole.output_text);
    const stored = client.responses.create({ ...fields, previous_response_id: 'resp_1' });
    await expect(stored).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter' });
  });

  it('gets failures of its own classes, with cause and remedy', async () => {
    const ask = (fields: object) =>
      client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }], ...fields });
    await expect(ask({ model: 'other' })).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    await expect(ask({ temperature: -1 })).rejects.toMatchObject({ status: 400, param: 'temperature' });
    await expect(ask({ functions: [{ name: 'f' }] })).rejects.toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: 'functions',
    });
    const long = { messages: [{ role: 'user', content: 'a '.repeat(2000) }] };
    await expect(ask(long)).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' });
    await expect(ask(long)).rejects.toThrow(/the prompt has \d+ tokens, the edge's context holds 1024/);
    await expect(ask({ ...long, stream: true })).rejects.toMatchObject({ code: 'context_length_exceeded' });
    const stranger = new OpenAI({ apiKey: 'wrong', baseURL, maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it('frees the edge when it gives an answer up', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Tell me a story' }],
      stream: true,
      max_tokens: 900,
    });
    for await (const _ of stream) break;
    await expect.poll(() => edge.edge.status.answering).toBe(0);
  });
});

describe("Anthropic's client", () => {
  const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }];
  const asked = { model, messages, system: 'Be brief.', max_tokens: 40, temperature: 0.8, ...({ seed: 7 } as object) };

  it('gets failures of its own classes', async () => {
    const stranger = new Anthropic({ apiKey: 'wrong', baseURL: baseURL.replace('/v1', ''), maxRetries: 0 });
    await expect(stranger.messages.create(asked)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    const anthropic = new Anthropic({ apiKey: key, baseURL: baseURL.replace('/v1', ''), maxRetries: 0 });
    expect(await anthropic.models.list()).toMatchObject({ data: [{ id: model, display_name: model }], last_id: model });
    await expect(anthropic.models.retrieve('other')).rejects.toMatchObject({ type: 'not_found_error' });
    await expect(anthropic.messages.create({ ...asked, model: 'other' })).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
    const tools = [{ name: 'no name', input_schema: { type: 'object' as const } }];
    await expect(anthropic.messages.create({ ...asked, tools })).rejects.toBeInstanceOf(Anthropic.BadRequestError);
  });
});

describe('without an edge', () => {
  const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }];
  const asked = { model, messages, max_tokens: 12, temperature: 0 };

  async function listenWithout(port: number, isOfflineAllowed: boolean): Promise<HttpListener> {
    const { tokenizer } = edge.target;
    const drafter = toyDrafter(0.8);
    const device = createDevice({ edge: `ws://127.0.0.1:${port}`, tokenizer, drafter });
    const local = isOfflineAllowed ? { tokenizer, drafter } : undefined;
    const nowMs = () => performance.now();
    const app = createHttpApp({
      completer: createDeviceCompleter({ device, model, nowMs, credentials: '', local }),
      version: '0.0.0',
      nowMs,
      randomBits: () => 1n,
      refuses: () => null,
      mayUse: () => true,
    });
    return listenHttp(app, '127.0.0.1', 0);
  }

  it('an answer fails, unless the draft may answer alone: that says so in every shape, until an edge is back', async () => {
    const gone = await startToyEdge();
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    await using strict = await listenWithout(port, false);
    await using offline = await listenWithout(port, true);
    const clientOf = ({ port: own }: HttpListener) =>
      new OpenAI({ apiKey: key, baseURL: `http://127.0.0.1:${own}/v1`, maxRetries: 0 });
    await expect(clientOf(strict).chat.completions.create(asked)).rejects.toMatchObject({
      status: 503,
      code: 'edge_unreachable',
    });
    const local = await clientOf(offline).chat.completions.create(asked).withResponse();
    expect(local.response.headers.get('x-outrider-verified')).toBe('no');
    expect(local.data).toMatchObject({ system_fingerprint: 'or_local', spec: { verified: false } });
    expect(local.data.usage?.completion_tokens).toBe(12);
    const streamed = await clientOf(offline).chat.completions.create({ ...asked, stream: true });
    for await (const chunk of streamed) expect(chunk).toMatchObject({ spec: { verified: false } });
    const anthropic = new Anthropic({ apiKey: key, baseURL: `http://127.0.0.1:${offline.port}`, maxRetries: 0 });
    expect(await anthropic.messages.create(asked)).toMatchObject({ spec: { verified: false } });
    const long = [{ role: 'user' as const, content: 'a '.repeat(4000) }];
    await expect(clientOf(offline).chat.completions.create({ ...asked, messages: long })).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    });
    // What is wrong with a request is no reason to answer alone.
    const wrong = clientOf(offline).chat.completions.create({ ...asked, stop: 'x'.repeat(100) });
    await expect(wrong).rejects.toMatchObject({ status: 400 });
    await using _ = await startToyEdge({ port });
    const verified = await clientOf(offline).chat.completions.create(asked).withResponse();
    expect(verified.response.headers.get('x-outrider-verified')).toBeNull();
    expect(verified.data.system_fingerprint).not.toBe('or_local');
    expect(verified.data).not.toHaveProperty('spec');
  });
});

describe('the endpoint on the port of an edge', () => {
  it("gives the same text, by the edge alone, for the edge's keys", async () => {
    const keyOf = (shown: string) => (shown === key ? edgeKey('test') : null);
    let listening: ToyEdge | null = null;
    const onApi: RequestListener = (request, response) => {
      if (listening === null) throw new Error('no request comes before the port is open');
      const access = { listen: { host: '127.0.0.1' }, routeKeys: { find: keyOf, nameOf: () => null } };
      const host = { isOwnName: () => false, onFault: () => {} };
      edgeEndpoint(listening.edge, listening.target, access, host).onApi(request, response);
    };
    listening = await startToyEdge({ keyOf, onApi });
    await using _ = listening;
    const name = listening.target.identity.name;
    const asked = { model: name, prompt: [...toyPrompt], max_tokens: 60, temperature: 0 };
    const own = { baseURL: `http://127.0.0.1:${listening.port}/v1`, maxRetries: 0 };
    const answer = await new OpenAI({ ...own, apiKey: key }).completions.create(asked);
    expect(answer.choices[0]).toMatchObject({ text: await textOf(60), finish_reason: 'length' });
    expect(answer.usage?.completion_tokens_details?.accepted_prediction_tokens).toBe(0);
    const chat = {
      model: name,
      messages: [{ role: 'user' as const, content: 'Again.' }],
      max_tokens: 60,
      temperature: 0,
    };
    const chats = new OpenAI({ ...own, apiKey: key }).chat.completions;
    const content = (await chats.create(chat)).choices[0]?.message.content ?? '';
    const predicted = await chats.create({ ...chat, prediction: { type: 'content', content } });
    expect(predicted.choices[0]?.message.content).toBe(content);
    expect(predicted.usage?.completion_tokens_details?.accepted_prediction_tokens).toBeGreaterThan(30);
    const stranger = new OpenAI({ ...own, apiKey: 'wrong' });
    await expect(stranger.completions.create(asked)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });
});

describe('any client', () => {
  const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${listener.port}${path}`, init);
  const headers = { authorization: `Bearer ${key}` };

  it('is told which fields had no effect', async () => {
    const body = JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 3,
      user: 'x',
      top_a: 1,
    });
    const answer = await ask('/v1/chat/completions', { method: 'POST', body, headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-ignored-params')).toBe('user, top_a');
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is refused from a foreign page or by a foreign name, and let in from an allowed page', async () => {
    expect((await ask('/v1/models', { headers: { ...headers, origin: 'https://evil.example' } })).status).toBe(403);
    const good = await ask('/v1/models', { headers: { ...headers, origin: 'https://page.example' } });
    expect(good.headers.get('access-control-allow-origin')).toBe('https://page.example');
    const preflight = await ask('/v1/models', { method: 'OPTIONS', headers: { origin: 'https://page.example' } });
    expect(preflight.status).toBe(204);
    const allowed = (preflight.headers.get('access-control-allow-headers') ?? '').split(', ');
    // Both clients in a page.
    const sent = ['authorization', 'x-api-key', 'user-agent', 'x-stainless-helper', 'x-stainless-timeout'];
    expect(allowed).toEqual(expect.arrayContaining([...sent, 'anthropic-dangerous-direct-browser-access']));
    expect(good.headers.get('access-control-expose-headers')).toContain('x-outrider-verified');
  });

  it('needs a key wherever no rule says otherwise, also where there is nothing', async () => {
    for (const path of ['/v1/models', '/v1/models/toy', '/version', '/nothing'])
      expect((await ask(path)).status).toBe(401);
    expect((await ask('/health')).status).toBe(200);
    expect((await ask('/nothing', { headers })).status).toBe(404);
    expect((await ask('/v1/chat/completions', { headers })).status).toBe(404);
    expect((await ask('/v1/models', { headers: { 'x-api-key': key } })).status).toBe(200);
  });

  it('is told what is wrong with a body', async () => {
    const post = (body: string) => ask('/v1/chat/completions', { method: 'POST', body, headers });
    for (const body of [
      '',
      '{',
      '[]',
      '{}',
      '{"model":"toy","messages":[]}',
      '{"model":"toy","messages":[{"role":"user","content":[{"type":"image_url"}]}]}',
    ]) {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
    expect((await post(JSON.stringify({ pad: 'x'.repeat(5e6) }))).status).toBe(413);
    expect((await ask('/v1/models', { method: 'DELETE', headers })).status).toBe(404);
  });

  it('may send a body in pieces, without its length, and no more of it than is allowed', async () => {
    const post = (pieces: readonly string[]) => {
      const body = ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)));
      return ask('/v1/chat/completions', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
    };
    const whole = JSON.stringify({ model, messages: [{ role: 'user', content: 'Grüße' }], max_tokens: 3 });
    expect((await post([whole.slice(0, 30), whole.slice(30)])).status).toBe(200);
    const pieces = Array.from({ length: 100 }, () => 'x'.repeat(1e5));
    expect((await post(pieces)).status).toBe(413);
  });
});
