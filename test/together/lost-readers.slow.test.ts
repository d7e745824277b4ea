// Clients that lose their sockets at any token of a stream, at the port of an edge and at the endpoint of a device before one.

import { type ClientRequest, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createDevice } from '../../src/processes/device/device.ts';
import { createHttpApp } from '../../src/processes/http/app.ts';
import { createDeviceCompleter } from '../../src/processes/http/device-completer.ts';
import { listenHttp } from '../../src/processes/http/listen-http.ts';
import { type ApiEdge, startApiEdge } from './api-edge.ts';
import { toyDrafter } from './toy-edge.ts';

const tokens = 16;
const fields = {
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: tokens,
  seed: 5,
  temperature: 0.7,
  stream: true,
};

interface Place extends AsyncDisposable {
  readonly baseURL: string;
  readonly model: string;
}

/** The endpoint of a device before this edge, as `outrider serve` opens it. */
async function serve(edge: ApiEdge): Promise<Place> {
  const device = createDevice({ edge: edge.url, tokenizer: edge.target.tokenizer, drafter: toyDrafter(0.8) });
  const nowMs = () => performance.timeOrigin + performance.now();
  const { model } = edge;
  let ids = 0n;
  const app = createHttpApp({
    completer: createDeviceCompleter({ device, model, nowMs, credentials: '' }),
    ...{ version: '0', nowMs, refuses: () => null, mayUse: () => true },
    randomBits: () => {
      ids += 1n;
      return ids;
    },
  });
  const listener = await listenHttp(app, '127.0.0.1', 0);
  return { model, baseURL: `http://127.0.0.1:${listener.port}/v1`, [Symbol.asyncDispose]: () => listener.close() };
}

/** Asks, and has its socket for a while. */
function ask({ baseURL, model }: Place, id: string): ClientRequest {
  const headers = { 'content-type': 'application/json', 'x-conversation-id': id };
  const asked = request(`${baseURL}/chat/completions`, { method: 'POST', headers });
  asked.on('error', () => {});
  asked.end(JSON.stringify({ model, ...fields }));
  return asked;
}

/** @returns the bytes of so many events, or of all; the socket is gone then */
async function bytesUntil(asked: ClientRequest, events: number): Promise<Buffer> {
  const had: Buffer[] = [];
  const ended = '\n\n';
  return new Promise((resolve) => {
    const end = (): void => resolve(Buffer.concat(had));
    asked.on('response', (answer) => {
      answer.on('data', (bytes: Buffer) => {
        had.push(bytes);
        if (Buffer.concat(had).toString().split(ended).length <= events) return;
        asked.destroy();
        end();
      });
      answer.on('end', end);
      answer.on('error', end);
    });
  });
}

async function isKnown({ baseURL }: Place, id: string): Promise<boolean> {
  const body = JSON.stringify({ conversation_ids: [id] });
  const found = await fetch(`${baseURL}/streams/lookup`, { method: 'POST', body });
  return ((await found.json()) as readonly unknown[]).length > 0;
}

async function read({ baseURL }: Place, id: string, from: number): Promise<Buffer> {
  return Buffer.from(await (await fetch(`${baseURL}/stream?conv_id=${id}&from=${from}`)).arrayBuffer());
}

function textOf(bytes: Buffer): string {
  const events = bytes
    .toString()
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'));
  const chunks = events.map((event) => JSON.parse(event.slice(6)) as { choices: { delta: { content?: string } }[] });
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
}

describe('a client that loses its socket', () => {
  it.each(['an edge', 'a device'])('at any token gets the identical rest, from %s', async (where) => {
    await using edge = await startApiEdge({ sequences: 4 });
    await using place = where === 'an edge' ? edge : await serve(edge);
    const whole = await bytesUntil(ask(place, 'whole'), Number.POSITIVE_INFINITY);
    const own = textOf(whole);
    expect(own.length).toBeGreaterThan(tokens);
    for (let events = 0; events <= tokens + 2; events += 1) {
      const id = `cut-${events}`;
      const asked = ask(place, id);
      let had: Buffer = Buffer.alloc(0);
      if (events > 0) had = await bytesUntil(asked, events);
      else {
        await expect.poll(() => isKnown(place, id), { interval: 1 }).toBe(true);
        asked.destroy();
      }
      const rest = await read(place, id, had.length);
      expect(textOf(Buffer.concat([had, rest])), id).toBe(own);
      expect(await read(place, id, 0), id).toEqual(Buffer.concat([had, rest]));
    }
    expect(edge.edge.status.answering).toBe(0);
  });

  it('leaves the edge to others when it ends its stream', async () => {
    await using edge = await startApiEdge({ sequences: 1 });
    const body = JSON.stringify({ model: edge.model, ...fields, max_tokens: 900 });
    const headers = { 'x-conversation-id': 'long' };
    const stop = new AbortController();
    const answer = await fetch(`${edge.baseURL}/chat/completions`, {
      method: 'POST',
      body,
      headers,
      signal: stop.signal,
    });
    await answer.body?.getReader().read();
    stop.abort();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(edge.edge.status.answering).toBe(1);
    await fetch(`${edge.baseURL}/stream?conv_id=long`, { method: 'DELETE' });
    await expect.poll(() => edge.edge.status.answering).toBe(0);
  });
});
