// Bodies that are too large, too deep, too slow or too many: each is refused in words before it costs much.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import { createHttpApp, type HttpAppSettings } from './app.ts';
import type { Completer, Round } from './completion-port.ts';
import { listenHttp } from './listen-http.ts';
import { RequestBody } from './request-body.ts';
import { RequestIntake, requestBytes } from './request-intake.ts';
import { bodyLimitsOf } from './request-limits.ts';

const contextTokens = 2048;
const chatPath = '/v1/chat/completions';
const chatLimits = bodyLimitsOf(chatPath, { contextTokens });

/** An app that counts what it spends and starts. */
function appOf({ intake = {}, ...more }: Partial<Omit<HttpAppSettings, 'intake'>> & { intake?: object } = {}) {
  const spent: (readonly [Sender, number])[] = [];
  const counted: unknown[] = [];
  let started = 0;
  async function* rounds(): AsyncGenerator<Round> {
    yield { text: 'Hello', tokens: 1, acceptedDrafts: 0 };
  }
  const counts = { promptTokens: 1, completionTokens: 1, acceptedDrafts: 0, rejectedDrafts: 0 };
  const end = Promise.resolve({ reason: 'end' as const, stopText: null, ...counts, fingerprints: [] });
  const completer: Completer = {
    model: 'm',
    createdSeconds: 5,
    state: 'ready',
    contextTokens,
    count: (prompt) => counted.push(prompt),
    start: async () => {
      started += 1;
      return { promptTokens: 1, rounds: rounds(), end, fingerprint: () => null };
    },
  };
  const spend = (sender: Sender, bytes: number): number => {
    spent.push([sender, bytes]);
    return 0;
  };
  const app = createHttpApp({
    completer,
    version: '1',
    nowMs: () => 0,
    randomBits: () => 1n,
    refuses: () => null,
    mayUse: () => true,
    intake: new RequestIntake({ spend, ...intake }),
    ...more,
  });
  return { app, spent, counted, startedCount: () => started };
}

/** A body that is made as it is read. @returns also how many bytes of it were made */
function made(chunk: string, count: number) {
  let read = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        read += chunk.length;
        controller.enqueue(new TextEncoder().encode(chunk));
        if (read >= chunk.length * count) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { init: { method: 'POST', body, duplex: 'half' } as RequestInit, readCount: () => read };
}

const chat = (fields: object = {}): string =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields });
const post = (body: string, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-length': `${Buffer.byteLength(body)}`, ...headers },
});
const errorOf = async (answer: Response): Promise<{ code: string; message: string }> =>
  ((await answer.json()) as { error: { code: string; message: string } }).error;

afterEach(() => void vi.useRealTimers().restoreAllMocks());

describe('a body that costs more than it says', () => {
  it.each([
    ['nested a million deep', '[', 'is nested deeper than 64'],
    ['of a million values', '[],', `has more than ${chatLimits.values} values`],
  ])('%s is refused before it is parsed', async (_, piece, words) => {
    const parse = vi.spyOn(JSON, 'parse');
    const { init } = made(`${piece.repeat(10_000)}`, 100);
    const answer = await appOf().app.request(chatPath, init);
    expect(answer.status).toBe(400);
    expect(parse).not.toHaveBeenCalled();
    expect((await errorOf(answer)).message).toContain(words);
  });

  it('is refused at its limit, which follows the context, and is told', async () => {
    const { init, readCount } = made('x'.repeat(65_536), 1600);
    const answer = await appOf().app.request(chatPath, init);
    expect([answer.status, (await errorOf(answer)).message]).toEqual([
      ...[413, `the body has more than ${chatLimits.bytes} bytes`],
    ]);
    expect(answer.headers.get('connection')).toBe('close');
    // The answer is whole when the rest has been read, up to a bound.
    expect(readCount()).toBeLessThan(chatLimits.bytes + 8.2 * 1_048_576);
    const more = bodyLimitsOf(chatPath, { contextTokens: 32_768 });
    // Each character of a full prompt as \uXXXX.
    expect(more.bytes).toBeGreaterThan(chatLimits.bytes);
    expect(bodyLimitsOf('/v1/messages', { contextTokens }).bytes).toBeLessThan(chatLimits.bytes);
    expect(bodyLimitsOf('/v1/messages', { contextTokens: 32_768 }).bytes).toBeGreaterThan(32_768 * 4 * 6);
  });

  it.each([
    ['after a pause of four seconds, and not after one of six', () => 0, 9500, 2],
    ['no further than its address may send, and the connection stays open for five seconds', () => 1, 8500, 1],
  ])('of a refused request is read %s', async (_, spend, endMs, count) => {
    vi.useFakeTimers();
    const pausesMs = [4000, 6000, 0];
    let readCount = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, pausesMs[readCount]));
          readCount += 1;
          controller.enqueue(new Uint8Array(10));
        },
      },
      { highWaterMark: 0 },
    );
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
    const refused = new RequestBody(new Request('http://localhost/', init), undefined);
    let isDone = false;
    void refused.discard({ keyId: null, address: '' }, new RequestIntake({ spend })).then(() => {
      isDone = true;
    });
    await vi.advanceTimersByTimeAsync(4500);
    expect([readCount, isDone]).toEqual([1, false]);
    await vi.advanceTimersByTimeAsync(endMs - 4500 - 600);
    expect(isDone).toBe(false);
    await vi.advanceTimersByTimeAsync(1200);
    expect(isDone).toBe(true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(readCount).toBe(count);
    vi.useRealTimers();
  });

  it('is refused before it is read where it is announced too long', async () => {
    await using listener = await listenHttp(appOf().app, '127.0.0.1', 0);
    const socket = connect(listener.port, '127.0.0.1');
    socket.write(`POST ${chatPath} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString('latin1')).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it.each([
    [
      'fields',
      chat(Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, 1]))),
      'has 5002 fields',
    ],
    ['ids', chat({ logit_bias: Object.fromEntries(Array.from({ length: 5000 }, (_, id) => [id, 'x'])) }), '5000 ids'],
    ['stops', chat({ stop: Array.from({ length: 5000 }, () => 1) }), '5000 texts'],
    ['tools', chat({ tools: Array.from({ length: 5000 }, () => 1) }), '5000 tools'],
  ])('with thousands of %s is refused by their count, whatever they are', async (_, body, words) => {
    const answer = await appOf().app.request(chatPath, post(body));
    expect(answer.status).toBe(400);
    expect((await errorOf(answer)).message).toContain(words);
  });

  it.each([
    ['messages', chatPath, { messages: Array.from({ length: 5000 }, () => ({})) }],
    ['input', '/v1/responses', { input: Array.from({ length: 5000 }, () => ({})) }],
    ['prompt', '/v1/completions', { prompt: Array.from({ length: 5000 }, () => 1) }],
  ])('of more %s than the context has tokens does not fit, and is not looked at', async (_, path, fields) => {
    const answer = await appOf().app.request(path, post(JSON.stringify({ model: 'm', ...fields })));
    expect([answer.status, (await errorOf(answer)).code]).toEqual([400, 'context_length_exceeded']);
  });
});

describe('a body in single bytes', () => {
  it('takes little more memory than its bytes', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heapBytes = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const count = 50_000;
    const before = heapBytes();
    let grown = Number.POSITIVE_INFINITY;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < count; sent += 1) yield Uint8Array.of(0x20);
      grown = heapBytes() - before;
      yield new TextEncoder().encode('5');
    }
    const request = { headers: new Headers(), body: chunks() } as unknown as Request;
    const sender: Sender = { keyId: null, address: 'a' };
    const body = new RequestBody(request, undefined).json(sender, chatLimits, new RequestIntake());
    expect(await body).toBe(5);
    expect(grown / count).toBeLessThan(100);
  });
});

describe('what is sent', () => {
  it('counts for the key before it is read, refused or not, and for the address with a wrong key', async () => {
    const accountOf = () => ({ keyId: 'a', mostAnswers: 9 });
    const { app, spent } = appOf({ mayUse: (key) => key === 'right', accountOf });
    const right = { authorization: 'Bearer right' };
    for (const body of [chat(), chat({ n: 'x' }), '{', `[${'[],'.repeat(5e4)}]`]) {
      spent.length = 0;
      await app.request(chatPath, post(body, right));
      expect(spent[0]).toEqual([{ keyId: 'a', address: '' }, requestBytes + body.length]);
    }
    spent.length = 0;
    expect((await app.request(chatPath, post(chat()))).status).toBe(401);
    expect(spent.at(0)).toEqual([{ keyId: null, address: '' }, requestBytes]);
    spent.length = 0;
    const { init } = made('x'.repeat(1000), 50);
    await app.request(chatPath, { ...init, headers: right });
    expect(spent.filter(([{ keyId }]) => keyId === 'a').reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(
      requestBytes + 50_000,
    );
  });

  it('counts eight times where it is a schema, before a grammar is made of it', async () => {
    const { app, spent } = appOf({});
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', wrong: {} } } }];
    const format = { type: 'json_schema', json_schema: { name: 'j', schema: { type: 'wrong' } } };
    await app.request(chatPath, post(chat({ tools, response_format: format })));
    const bytes = JSON.stringify(tools).length + JSON.stringify(format).length;
    expect(spent.map(([, cost]) => cost)).toContain(8 * bytes);
  });

  it('is refused with 429 and the time where the rate is used, and not read', async () => {
    const parse = vi.spyOn(JSON, 'parse');
    const { app, startedCount } = appOf({ intake: { spend: () => 2500 } });
    const answer = await app.request(chatPath, post(chat()));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3']);
    expect(parse).not.toHaveBeenCalled();
    expect(startedCount()).toBe(0);
  });

  it('is refused so after a moment, and otherwise at once', async () => {
    vi.useFakeTimers();
    let answered = 0;
    const ask = async (intake: object, body: string): Promise<void> => {
      await appOf({ intake }).app.request(chatPath, post(body));
      answered += 1;
    };
    await ask({}, '{');
    const asked = ask({ spend: () => 2500 }, chat());
    await vi.advanceTimersByTimeAsync(200);
    expect(answered).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    await asked;
  });

  it('starts no answer of a request that has more than may run or wait', async () => {
    const { app, startedCount } = appOf({ accountOf: () => ({ keyId: 'a', mostAnswers: 9 }) });
    expect((await app.request(chatPath, post(chat({ n: 10 })))).status).toBe(429);
    expect(startedCount()).toBe(0);
    // Room comes back with the end of each answer.
    for (let count = 0; count < 3; count += 1)
      expect((await app.request(chatPath, post(chat({ n: 9 })))).status).toBe(200);
  });
});

describe('bodies on a port', () => {
  const head = (length: number): string =>
    `POST ${chatPath} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  const dial = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const statusOf = async (socket: Socket): Promise<number> => {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return Number(data.toString('latin1').split(' ')[1]);
  };

  it('that never end make room for one that does', async () => {
    const { app } = appOf({ intake: { unfinishedBytes: 1_000_000 } });
    await using listener = await listenHttp(app, '127.0.0.1', 0);
    const small = await dial(listener.port);
    const body = chat({ user: 'x'.repeat(50_000) });
    small.write(head(body.length) + body.slice(0, -10));
    const large = [];
    for (let count = 0; count < 4; count += 1) {
      const socket = await dial(listener.port);
      socket.write(head(600_000) + 'x'.repeat(500_000));
      large.push(socket);
    }
    // Two of half a megabyte are too many beside the small one.
    expect(await Promise.race(large.map(statusOf))).toBe(429);
    small.write(body.slice(-10));
    expect(await statusOf(small)).toBe(200);
  });

  it('may come byte by byte, cut inside of characters', async () => {
    const { app } = appOf();
    await using listener = await listenHttp(app, '127.0.0.1', 0);
    const socket = await dial(listener.port);
    socket.setNoDelay();
    const bytes = Buffer.from(chat({ messages: [{ role: 'user', content: '☃🂡 "\\[' }] }));
    socket.write(head(bytes.length));
    for (const byte of bytes) {
      socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await statusOf(socket)).toBe(200);
  });

  it('are read as they were sent, in chunks of any size', async () => {
    const { app, counted } = appOf();
    await using listener = await listenHttp(app, '127.0.0.1', 0);
    for (const length of [1, 16_383, 16_384, 16_385, 70_000, 150_000]) {
      const content = Array.from({ length: Math.ceil(length / 7) }, (_, index) => `${index % 1000}"\\☃`).join('');
      const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] });
      const path = '/v1/messages/count_tokens';
      await fetch(`http://127.0.0.1:${listener.port}${path}`, { method: 'POST', body });
      expect(counted.at(-1)).toEqual({ kind: 'chat', messages: [{ role: 'user', content }] });
    }
    expect(counted).toHaveLength(6);
  });
});
