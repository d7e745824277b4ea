// Answers of a device's endpoint that outlive their edges: a local model goes on, and an edge that is back verifies what it wrote. Edges are
// real, the targets toys.

import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createDevice } from '../../src/device/device.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { createDeviceCompleter } from '../../src/http/device-completer.ts';
import { type HttpListener, listenHttp } from '../../src/http/listen-http.ts';
import type { Drafter } from '../../src/models/drafter.ts';
import { connectWebSocket } from '../../src/transport-node/websocket-client.ts';
import { startToyEdge, type ToyEdge, toyDrafter, toyPrompt } from './toy-edge.ts';

interface Spec {
  readonly verified: boolean;
  readonly from?: number;
  readonly differsAt?: number;
}

/** One token in so many ms: time for an edge to come back. */
function slowed(drafter: Drafter, ms: number): Drafter {
  return {
    async draft(request) {
      if (request.committedLength === undefined) await pause(ms);
      return drafter.draft(request);
    },
    async [Symbol.asyncDispose]() {},
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function endpointOf(edge: Pick<ToyEdge, 'url' | 'target'>, agreement: number, waitMs?: number) {
  const { tokenizer } = edge.target;
  const drafter = toyDrafter(agreement);
  const device = createDevice({ edge: connectWebSocket(edge.url), tokenizer, drafter });
  const nowMs = () => performance.timeOrigin + performance.now();
  const local = { tokenizer, drafter: slowed(drafter, 30) };
  const app = createHttpApp({
    completer: createDeviceCompleter({ device, model: 'toy', nowMs, credentials: '', local, waitMs }),
    ...{ version: '0.0.0', nowMs, randomBits: () => 1n, refuses: () => null, mayUse: () => true },
  });
  const listener = await listenHttp(app, '127.0.0.1', 0);
  const baseURL = `http://127.0.0.1:${listener.port}/v1`;
  return { listener, client: new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 }) };
}

const asked = { model: 'toy', prompt: [...toyPrompt], temperature: 0.7, seed: 5, max_tokens: 200 };

/** What the target writes alone. */
async function ownText(max_tokens: number): Promise<string> {
  await using edge = await startToyEdge();
  const { listener, client } = await endpointOf(edge, 1);
  await using _ = listener;
  return (await client.completions.create({ ...asked, max_tokens })).choices[0]?.text ?? '';
}

interface Streamed {
  readonly text: string;
  readonly specs: readonly (Spec | undefined)[];
  readonly fingerprint: string | undefined;
}

/** @param onText told of the text so far */
async function streamOf(client: OpenAI, max_tokens: number, onText: (text: string) => void): Promise<Streamed> {
  let [text, fingerprint] = ['', undefined as string | undefined];
  const specs: (Spec | undefined)[] = [];
  for await (const chunk of await client.completions.create({ ...asked, max_tokens, stream: true })) {
    text += chunk.choices[0]?.text ?? '';
    fingerprint = chunk.system_fingerprint;
    specs.push((chunk as { spec?: Spec }).spec);
    onText(text);
  }
  return { text, specs, fingerprint };
}

/** Ends it, and starts it again after so long. */
async function returning(edge: ToyEdge, afterMs: number): Promise<ToyEdge> {
  await edge[Symbol.asyncDispose]();
  await pause(afterMs);
  return startToyEdge({ port: edge.port });
}

async function gone(): Promise<{ port: number; url: string; target: ToyEdge['target'] }> {
  const { port, url, target, ...edge } = await startToyEdge();
  await edge[Symbol.asyncDispose]();
  return { port, url, target };
}

describe('an answer that outlives its edges', () => {
  it("whole: is the target's own, though it began without an edge and was written by a worse model", async () => {
    const away = await gone();
    const { listener, client } = await endpointOf(away, 0.5);
    await using _listener = listener;
    const answer = client.completions.create(asked).withResponse();
    await pause(500);
    await using _edge = await startToyEdge({ port: away.port });
    const { data, response } = await answer;
    expect(data.choices[0]?.text).toBe(await ownText(200));
    expect(data).not.toHaveProperty('spec');
    expect(response.headers.get('x-outrider-verified')).toBeNull();
    expect(data.usage?.completion_tokens).toBe(200);
  });

  it("whole: is the target's own where all edges were lost in its middle", async () => {
    const first = await startToyEdge();
    const { listener, client } = await endpointOf(first, 0.9);
    await using _listener: HttpListener = listener;
    const answer = client.completions.create({ ...asked, max_tokens: 400 });
    await pause(400);
    await first[Symbol.asyncDispose]();
    await pause(3500);
    await using _edge = await startToyEdge({ port: first.port });
    expect((await answer).choices[0]?.text).toBe(await ownText(400));
    expect(await answer).not.toHaveProperty('spec');
  });

  it('streamed: counts as verified in the end where the target agrees with all that was sent', async () => {
    const away = await gone();
    const { listener, client } = await endpointOf(away, 1);
    await using _listener = listener;
    const edge = pause(600).then(() => startToyEdge({ port: away.port }));
    const { text, specs, fingerprint } = await streamOf(client, 200, () => {});
    await using _edge = await edge;
    expect(text).toBe(await ownText(200));
    expect(specs[0]).toEqual({ verified: false, from: 0 });
    expect(specs.at(-1)).toEqual({ verified: true });
    expect(fingerprint).toMatch(/^or_[0-9a-f]{16}$/);
  });

  it('streamed: stays unverified from the first difference, and the target goes on after the text as sent', async () => {
    const away = await gone();
    const { listener, client } = await endpointOf(away, 0.5);
    await using _listener = listener;
    const edge = pause(600).then(() => startToyEdge({ port: away.port }));
    const { text, specs, fingerprint } = await streamOf(client, 200, () => {});
    await using _edge = await edge;
    const own = await ownText(200);
    const last = specs.at(-1);
    const at = last?.differsAt ?? -1;
    expect(last).toEqual({ verified: false, from: at, differsAt: at });
    expect([...text].slice(0, at).join('')).toBe([...own].slice(0, at).join(''));
    expect([...text][at]).not.toBe([...own][at]);
    expect(fingerprint).toMatch(/^or_[0-9a-f]{16}_local$/);
  });

  it('streamed: goes on without its edge, and is verified by the one that comes back', async () => {
    const first = await startToyEdge();
    const { listener, client } = await endpointOf(first, 1);
    await using _listener = listener;
    let second: Promise<ToyEdge> | null = null;
    const { text, specs } = await streamOf(client, 400, (soFar) => {
      if (soFar.length < 100 || second !== null) return;
      second = returning(first, 3500);
    });
    await using _edge = (await second) as unknown as ToyEdge;
    expect(text).toBe(await ownText(400));
    expect(specs[0]).toBeUndefined();
    expect(specs.find((spec) => spec !== undefined)).toMatchObject({ verified: false });
    expect(specs.at(-1)).toEqual({ verified: true });
  });
});
