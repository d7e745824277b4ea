import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { EarlyRefusals, retryHeaders } from './refusals.ts';
import { requestBytes } from './request-intake.ts';
import type { RequestRecord } from './request-record.ts';

const path = '/v1/chat/completions';
const route = `POST ${path}`;
const tooMuch = new ApiError(429, 'rate_limit_exceeded', 'this key sends more than its share', {
  retryAfterSeconds: 3,
});
const shown = { authorization: 'Bearer a-key' };
const here = '127.0.0.1';
const refused = { error: tooMuch, key: 'phone', cost: requestBytes };
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A port where only what is refused early is refused; whatever else comes is answered with status 200. */
async function open() {
  const state = { nowMs: 0, lastId: 0 };
  const records: RequestRecord[] = [];
  const newId = (): string => {
    state.lastId += 1;
    return `${state.lastId}`;
  };
  const early = new EarlyRefusals(() => state.nowMs, newId, { ended: (record) => void records.push(record) });
  const answer = (request: IncomingMessage): number => (early.refuses(request, response(request), route) ? 429 : 200);
  const responses = new WeakMap<IncomingMessage, Parameters<EarlyRefusals['refuses']>[1]>();
  const response = (request: IncomingMessage) => responses.get(request) as Parameters<EarlyRefusals['refuses']>[1];
  const server = createServer((request, own) => {
    responses.set(request, own);
    // As a request that has come whole.
    request.on('end', () => answer(request) === 200 && own.end('ok')).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (headers: Record<string, string>, to = path, method = 'POST') => fetch(url + to, { method, headers });
  return { early, ask, records, state };
}

describe('retryHeaders', () => {
  it.each([
    [500, null, { 'x-should-retry': 'false' }],
    [503, null, { 'x-should-retry': 'false' }],
    [499, null, {}],
    [400, null, {}],
    [503, 2, { 'retry-after': '2', 'retry-after-ms': '2000', 'x-should-retry': 'true' }],
    [429, 0, { 'retry-after': '0', 'retry-after-ms': '0', 'x-should-retry': 'true' }],
  ])('of status %i after %j s', (status, retryAfterSeconds, headers) => {
    const error = new ApiError(status, 'internal', 'why', retryAfterSeconds === null ? {} : { retryAfterSeconds });
    expect(retryHeaders(error)).toEqual(headers);
  });
});

describe('EarlyRefusals', () => {
  it('refuses the key that was refused as that was, in the words of the route, and records it', async () => {
    const { early, ask, records } = await open();
    early.add(here, new Headers(shown), refused);
    const answer = await ask(shown);
    expect(answer.status).toBe(429);
    const headers = { 'retry-after': '3', 'x-request-id': '1', 'cache-control': 'no-store' };
    expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
    expect(await answer.json()).toEqual(tooMuch.body);
    expect(await (await ask(shown, '/v1/messages')).json()).toMatchObject({ type: 'error', request_id: '2' });
    const record = { route, key: 'phone', status: 429, outcome: 'refused', code: 'rate_limit_exceeded' };
    expect(records).toMatchObject([record, record]);
  });

  it('lets through other keys, pages, what costs nothing, and the same key after a quarter of a second', async () => {
    const { early, ask, state } = await open();
    early.add(here, new Headers(shown), refused);
    const others = [{ 'x-api-key': 'a-key' }, {}, { ...shown, origin: 'http://localhost' }];
    for (const headers of others) expect((await ask(headers)).status).toBe(200);
    expect((await ask(shown, '/v1/models', 'GET')).status).toBe(200);
    state.nowMs = 249;
    expect((await ask(shown)).status).toBe(429);
    state.nowMs = 250;
    expect((await ask(shown)).status).toBe(200);
  });

  it('lets through what costs less, and the same key of another address', async () => {
    const { early, ask } = await open();
    early.add(here, new Headers(shown), { ...refused, cost: requestBytes + 1 });
    early.add('127.0.0.2', new Headers(), refused);
    expect((await ask(shown)).status).toBe(200);
    expect((await ask({})).status).toBe(200);
    early.add(here, new Headers(shown), refused);
    expect((await ask(shown)).status).toBe(429);
  });

  it('remembers no more than 256 keys, the latest ones', async () => {
    const { early, ask } = await open();
    early.add(here, new Headers({ 'x-api-key': 'first' }), refused);
    for (let count = 0; count < 256; count += 1) early.add(here, new Headers({ 'x-api-key': `${count}` }), refused);
    expect((await ask({ 'x-api-key': 'first' })).status).toBe(200);
    expect((await ask({ 'x-api-key': '0' })).status).toBe(429);
  });
});
