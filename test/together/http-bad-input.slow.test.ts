// Clients that are wrong, slow, or many, at the endpoint of a device and at that of an edge: each is refused in its own shape, and the others
// get their texts meanwhile.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDevice } from '../../src/processes/device/device.ts';
import { createHttpApp } from '../../src/processes/http/app.ts';
import type { Completer, Round } from '../../src/processes/http/completion-port.ts';
import { createDeviceCompleter } from '../../src/processes/http/device-completer.ts';
import { type HttpListener, listenHttp } from '../../src/processes/http/listen-http.ts';
import { type ApiEdge, startApiEdge } from './api-edge.ts';
import { toyDrafter, toyPrompt } from './toy-edge.ts';

/** Time for a whole request here; the default of both servers is longer. */
const requestMs = 1500;
const nowMs = () => performance.timeOrigin + performance.now();
const own = { version: '0.0.0', nowMs, randomBits: () => 1n, refuses: () => null, mayUse: () => true };

let edge: ApiEdge;
let endpoint: HttpListener;
const sockets: Socket[] = [];

beforeAll(async () => {
  edge = await startApiEdge({ portLimits: { requestMs }, sequences: 4 });
  const device = createDevice({ edge: edge.url, tokenizer: edge.target.tokenizer, drafter: toyDrafter(0.8) });
  const completer = createDeviceCompleter({ device, model: edge.model, nowMs, credentials: '' });
  endpoint = await listenHttp(createHttpApp({ completer, ...own }), '127.0.0.1', 0, { requestMs });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  await endpoint.close();
  await edge[Symbol.asyncDispose]();
});

const places = ['the endpoint of a device', 'the port of an edge'] as const;
const portOf = (place: (typeof places)[number]): number => (place === places[0] ? endpoint.port : edge.port);

const post = (port: number, body: string, path = '/v1/completions') =>
  fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
const asked = (fields: object = {}) =>
  JSON.stringify({ model: edge.model, prompt: [...toyPrompt], max_tokens: 8, temperature: 0, ...fields });

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

const mostPieces = 100;

/** Sends a body of 100 MB, of which nothing is known before, until its connection is closed. @returns how many MB were taken off */
async function piecesTaken(port: number): Promise<number> {
  const socket = await dial(port);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write('POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
  const piece = Buffer.concat([Buffer.from('f4240\r\n'), Buffer.alloc(1_000_000, 'x'), Buffer.from('\r\n')]);
  for (let taken = 0; ; taken += 1) {
    if (taken === mostPieces || socket.destroyed) return taken;
    if (!socket.write(piece)) await Promise.race([closed, new Promise((resolve) => socket.once('drain', resolve))]);
  }
}

let expected: unknown;
/** Somebody else gets its text, soon. @param mostMs a bound that only a server that stands still exceeds */
async function expectServed(port: number, mostMs = 30_000): Promise<void> {
  const startMs = performance.now();
  const answer = await post(port, asked());
  expect(answer.status).toBe(200);
  const { choices } = (await answer.json()) as { readonly choices: unknown };
  expected ??= choices;
  expect(choices).toEqual(expected);
  expect(performance.now() - startMs).toBeLessThan(mostMs);
}

describe.each(places)('%s', (place) => {
  it('refuses a body of 100 MB at its limit, whatever length it announces, and serves others meanwhile', async () => {
    const port = portOf(place);
    const [taken] = await Promise.all([piecesTaken(port), expectServed(port)]);
    // What the system holds between the two counts as well. What the server must not do is read it all.
    expect(taken).toBeLessThan(mostPieces);
    const announced = await dial(port);
    announced.write('POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n{');
    const [data] = (await once(announced, 'data')) as [Buffer];
    expect(data.toString('latin1')).toMatch(/^HTTP\/1.1 413 /);
  });

  it('closes half a request that goes silent, in its head and in its body', async () => {
    const port = portOf(place);
    const head = 'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n';
    const halves = await Promise.all(
      [head, `${head}Content-Length: 200\r\n\r\n{"model"`, ''].map(async (text) => {
        const socket = await dial(port);
        socket.resume();
        socket.write(text);
        return socket;
      }),
    );
    await expectServed(port);
    await Promise.all(halves.slice(0, 2).map((socket) => socket.closed || once(socket, 'close')));
    await expectServed(port);
  });

  it('serves others beside 1,000 connections that ask for nothing, and keeps the stream that runs', async () => {
    const port = portOf(place);
    const stream = await post(port, asked({ max_tokens: 700, stream: true, logit_bias: { 0: -100 } }));
    expect(stream.status).toBe(200);
    const text = stream.text();
    for (let count = 0; count < 1000; count += 1) await dial(port);
    await expectServed(port);
    expect(await text).toContain('[DONE]');
    await expectServed(port);
  });

  it('tells a client whose JSON or numbers are wrong the field, with status 400', async () => {
    const port = portOf(place);
    for (const body of ['', '{', '{"model":', '\u0000', 'null', '[]', `${'['.repeat(1e5)}`]) {
      const answer = await post(port, body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
    const wrong: readonly (readonly [object, string])[] = [
      [{ max_tokens: -1 }, 'max_tokens'],
      [{ max_tokens: 1e300 }, 'max_tokens'],
      [{ temperature: -1e9 }, 'temperature'],
      [{ top_p: 1e9 }, 'top_p'],
      [{ n: 1e9 }, 'n'],
      [{ n: -1 }, 'n'],
      [{ seed: 1e30 }, 'seed'],
      [{ prompt: [-1] }, 'prompt'],
      [{ prompt: [1e9] }, 'prompt'],
      [{ logit_bias: { 99999999: 1 } }, 'logit_bias.99999999'],
      [{ logit_bias: { 1: 1e9 } }, 'logit_bias.1'],
      [{ logit_bias: Object.fromEntries(Array.from({ length: 301 }, (_, id) => [id, 1])) }, 'logit_bias'],
      [{ stop: 'x'.repeat(65) }, 'stop'],
      [{ stop: [''] }, 'stop'],
    ];
    for (const [fields, param] of wrong) {
      const answer = await post(port, asked(fields));
      expect([answer.status, JSON.stringify(fields).slice(0, 60)]).toEqual([400, expect.any(String)]);
      const { error } = (await answer.json()) as { readonly error: { readonly param: string } };
      expect(error.param).toMatch(new RegExp(`^${param}`));
    }
    const long = JSON.stringify({ model: edge.model, messages: [{ role: 'user', content: ' '.repeat(1e6) }] });
    const [refused] = await Promise.all([post(port, long, '/v1/chat/completions'), expectServed(port)]);
    expect(await refused.json()).toMatchObject({ error: { code: 'context_length_exceeded' } });
  });
});

describe('a client that stops reading', () => {
  it('loses its answer after a while, which is not written on for nobody', async () => {
    let [written, ended] = [0, 0];
    async function* rounds(): AsyncGenerator<Round> {
      for (;;) {
        yield { text: 'x'.repeat(10_000), tokens: 1, acceptedDrafts: 0 };
        written += 10_000;
      }
    }
    const completer: Completer = {
      ...{ model: 'm', createdSeconds: 0, state: 'ready', count: () => 1 },
      async start({ signal }) {
        signal.addEventListener('abort', () => {
          ended += 1;
        });
        return { promptTokens: 1, rounds: rounds(), fingerprint: () => 'f', end: new Promise(() => {}) };
      },
    };
    await using listener = await listenHttp(createHttpApp({ completer, ...own }), '127.0.0.1', 0, { unreadMs: 2000 });
    const body = JSON.stringify({ model: 'm', prompt: 'x', stream: true });
    const head = `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
    const slow = await dial(listener.port);
    slow.write(head + body);
    slow.pause();
    // One that reads, if slowly, is waited for.
    const reader = await dial(listener.port);
    reader.write(head + body);
    reader.on('data', () => {
      reader.pause();
      setTimeout(() => reader.resume(), 10);
    });
    await expect.poll(() => ended, { timeout: 20_000 }).toBe(1);
    // Both, with what the system keeps of each.
    expect(written).toBeLessThan(64e6);
    await sleep(3000);
    expect([ended, reader.closed]).toEqual([1, false]);
  });
});
