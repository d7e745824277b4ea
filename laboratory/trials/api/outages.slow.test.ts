// Answers of a device's endpoint that outlive their edges: a local model continues them, and an edge that is back verifies what it wrote. Edges are
// real, the targets toys.

import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import type { Drafter } from '../../../src/models/port/drafter.ts';
import type { Tokenizer } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { createDevice } from '../../../src/processes/device/device.ts';
import { createHttpApp } from '../../../src/processes/http/app.ts';
import { createDeviceCompleter } from '../../../src/processes/http/device-completer.ts';
import { type HttpListener, listenHttp } from '../../../src/processes/http/listen-http.ts';
import type { LocalWriter } from '../../../src/processes/http/local-writer.ts';
import { startToyEdge, type ToyEdge, toyDrafter, toyPrompt, toySeed } from '../../../test/together/toy-edge.ts';

interface Spec {
  readonly verified: boolean;
  readonly from?: number;
  readonly differsAt?: number;
}

/** One token in so many ms: time for an edge to come back. @param gate after 20 tokens, it continues when this is resolved */
function slowed(drafter: Drafter, ms: number, gate: Promise<void> = Promise.resolve()): Drafter {
  let written = 0;
  return {
    async draft(request) {
      if (request.committedLength === undefined) {
        await pause(ms);
        written += 1;
        if (written > 20) await gate;
      }
      return drafter.draft(request);
    },
    async [Symbol.asyncDispose]() {},
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface EndpointSettings {
  readonly waitMs?: number;
  readonly local?: LocalWriter | null;
}

/** @param agreement of the draft, which writes alone as well where no other model is given */
async function endpointOf(
  edge: Pick<ToyEdge, 'url' | 'target'>,
  agreement: number,
  { waitMs, local: given }: EndpointSettings = {},
) {
  const { tokenizer } = edge.target;
  const drafter = toyDrafter(agreement);
  const device = createDevice({ edge: connectWebSocket(edge.url), tokenizer, drafter });
  const nowMs = () => performance.now();
  const local = given === null ? undefined : (given ?? { tokenizer, drafter: slowed(drafter, 60) });
  const outages: boolean[] = [];
  const onOutage = (isDown: boolean) => outages.push(isDown);
  const app = createHttpApp({
    completer: createDeviceCompleter({ device, model: 'toy', nowMs, credentials: '', local, waitMs, onOutage }),
    version: '0.0.0',
    nowMs,
    randomBits: () => 1n,
    refuses: () => null,
    mayUse: () => true,
  });
  const listener = await listenHttp(app, '127.0.0.1', 0);
  const baseURL = `http://127.0.0.1:${listener.port}/v1`;
  return { listener, baseURL, outages, client: new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 }) };
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

/** @param onText receives the text so far */
async function streamOf(client: OpenAI, max_tokens: number, onText: (text: string) => void): Promise<Streamed> {
  let text = '';
  let fingerprint: string | undefined;
  const specs: (Spec | undefined)[] = [];
  for await (const chunk of await client.completions.create({ ...asked, max_tokens, stream: true })) {
    text += chunk.choices[0]?.text ?? '';
    fingerprint = chunk.system_fingerprint;
    specs.push((chunk as { spec?: Spec }).spec);
    onText(text);
  }
  return { text, specs, fingerprint };
}

/** Until an answer is in its middle: a fast machine ends one of 400 tokens within 400 ms. */
async function underWay({ edge }: ToyEdge): Promise<void> {
  const from = edge.status.steps;
  while (edge.status.steps < from + 20) await pause(1);
}

/** Ends it, and starts it again after so long. */
async function returning(edge: ToyEdge, afterMs: number, { seed = toySeed } = {}): Promise<ToyEdge> {
  await edge[Symbol.asyncDispose]();
  await pause(afterMs);
  return startToyEdge({ port: edge.port, seed });
}

async function gone(): Promise<{ port: number; url: string; target: ToyEdge['target'] }> {
  const { port, url, target, ...edge } = await startToyEdge();
  await edge[Symbol.asyncDispose]();
  return { port, url, target };
}

/** A model with a vocabulary and a chat format of its own: ids are counted from the other end. */
function foreignWriter(tokenizer: Tokenizer, drafter: Drafter, asked: string[]): LocalWriter {
  const turned = (ids: Iterable<number>): number[] => Array.from(ids, (id) => tokenizer.vocabularySize - 1 - id);
  const own: Tokenizer = {
    hash: 'another',
    vocabularySize: tokenizer.vocabularySize,
    endIds: new Set(turned(tokenizer.endIds)),
    encode: (text) => turned(tokenizer.encode(text)),
    encodeChat: (messages) => turned(tokenizer.encode(messages.map(({ content }) => `<${content}>`).join(''))),
    bytes: (id) => tokenizer.bytes(tokenizer.vocabularySize - 1 - id),
  };
  return {
    tokenizer: own,
    drafter: {
      async draft({ text, promptLength, sampling }) {
        asked.push(Buffer.concat(text.slice(0, promptLength).map(own.bytes)).toString('utf8'));
        const draft = await drafter.draft({ text: turned(text), promptLength, sampling });
        return draft === null ? null : { token: turned([draft.token])[0] as number, confidence: draft.confidence };
      },
      async [Symbol.asyncDispose]() {},
    },
  };
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
    const { listener, client, outages } = await endpointOf(first, 0.9);
    await using _listener: HttpListener = listener;
    const answer = client.completions.create({ ...asked, max_tokens: 400 });
    await underWay(first);
    await first[Symbol.asyncDispose]();
    await pause(3500);
    await using _edge = await startToyEdge({ port: first.port });
    expect((await answer).choices[0]?.text).toBe(await ownText(400));
    expect(await answer).not.toHaveProperty('spec');
    expect(outages).toEqual([true, false]);
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
      if (soFar.length >= 100) second ??= returning(first, 3500);
    });
    await using _edge = (await second) as unknown as ToyEdge;
    expect(text).toBe(await ownText(400));
    expect(specs[0]).toBeUndefined();
    expect(specs.find((spec) => spec !== undefined)).toMatchObject({ verified: false });
    expect(specs.at(-1)).toEqual({ verified: true });
  });

  it('may be written by a model with a vocabulary and a chat format of its own', async () => {
    const away = await gone();
    const asks: string[] = [];
    const local = foreignWriter(away.target.tokenizer, slowed(toyDrafter(0.8), 30), asks);
    const { listener, client } = await endpointOf(away, 0.8, { local });
    await using _listener = listener;
    const question = { model: 'toy', messages: [{ role: 'user' as const, content: 'abc' }], max_tokens: 150, seed: 4 };
    const alone = await client.chat.completions.create({ ...question, max_tokens: 5 });
    expect(alone).toMatchObject({ system_fingerprint: 'or_local', usage: { completion_tokens: 5 } });
    expect(new Set(asks)).toEqual(new Set(['<abc>']));
    // Ids of the target's vocabulary would be other words here.
    await expect(client.completions.create(asked)).rejects.toMatchObject({ status: 503, code: 'edge_unreachable' });
    const edge = pause(300).then(() => startToyEdge({ port: away.port }));
    const whole = await client.chat.completions.create(question);
    await using _edge = await edge;
    expect(whole).not.toHaveProperty('spec');
    expect(whole.choices).toEqual((await client.chat.completions.create(question)).choices);
  });

  it('streamed: is verified by another target only where that agrees from the beginning', async () => {
    const first = await startToyEdge();
    const { listener, client } = await endpointOf(first, 1);
    await using _listener = listener;
    let second: Promise<ToyEdge> | null = null;
    const { text, specs } = await streamOf(client, 300, (soFar) => {
      if (soFar.length >= 100) second ??= returning(first, 100, { seed: 12 });
    });
    await using _edge = (await second) as unknown as ToyEdge;
    expect(specs.at(-1)).toMatchObject({ verified: false, differsAt: expect.any(Number) });
    const own = (await client.completions.create({ ...asked, max_tokens: 300 })).choices[0]?.text ?? '';
    const at = specs.at(-1)?.differsAt ?? -1;
    expect([...text].slice(0, at)).toEqual([...own].slice(0, at));
    expect([...text][at]).not.toBe([...own][at]);
  });

  it('whole: is the text of the target that ends it, from its first token, though another one began', async () => {
    const first = await startToyEdge();
    const { listener, client } = await endpointOf(first, 0.9);
    await using _listener = listener;
    const answer = client.completions.create({ ...asked, max_tokens: 400 });
    await underWay(first);
    await using _edge = await returning(first, 5000, { seed: 12 });
    const { choices, system_fingerprint } = await answer;
    const again = await client.completions.create({ ...asked, max_tokens: 400 });
    expect(choices).toEqual(again.choices);
    expect(system_fingerprint).toBe(again.system_fingerprint);
  });

  it("survives an edge that comes and goes: the text is still the target's own", async () => {
    const first = await startToyEdge();
    const { listener, client, outages } = await endpointOf(first, 0.7);
    await using _listener = listener;
    const answer = client.completions.create({ ...asked, max_tokens: 2000 });
    let edge = first;
    for (let turn = 0; turn < 2; turn += 1) {
      // Each edge has written some of the answer before it goes, and none has written all of it.
      const { edge: writer } = edge;
      await expect.poll(() => writer.status.steps, { interval: 5 }).toBeGreaterThan(3);
      expect(writer.status.answering).toBe(1);
      edge = await returning(edge, 4000);
    }
    await using _edge = edge;
    expect((await answer).choices[0]?.text).toBe(await ownText(2000));
    expect(outages.length).toBeGreaterThanOrEqual(2);
  });

  it('ends when its client leaves, with an edge and without', async () => {
    const away = await gone();
    let drafts = 0;
    const { tokenizer } = away.target;
    const counted: Drafter = {
      draft: (request) => {
        drafts += 1;
        return slowed(toyDrafter(0.5), 20).draft(request);
      },
      async [Symbol.asyncDispose]() {},
    };
    const { listener, client } = await endpointOf(away, 0.5, { local: { tokenizer, drafter: counted } });
    await using _listener = listener;
    for await (const _ of await client.completions.create({ ...asked, max_tokens: 900, stream: true })) break;
    await pause(200);
    const before = drafts;
    await pause(300);
    expect(drafts).toBe(before);
    await using edge = await startToyEdge({ port: away.port });
    await pause(1500);
    expect(edge.edge.status.answering).toBe(0);
  });

  it('is written to its end for a client that reads slowly', async () => {
    const away = await gone();
    const { listener, baseURL } = await endpointOf(away, 1);
    await using _listener = listener;
    const body = JSON.stringify({ ...asked, stream: true });
    const response = await fetch(`${baseURL}/completions`, { method: 'POST', body });
    await pause(700);
    await using _edge = await startToyEdge({ port: away.port });
    await pause(2500);
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
    const chunks = lines.map((line) => JSON.parse(line.slice(6)));
    expect(chunks.map((chunk) => chunk.choices[0].text).join('')).toBe(await ownText(200));
    expect(chunks.at(-1).spec).toEqual({ verified: true });
  });

  it('waits for an edge as long as it is told to, and no longer', async () => {
    const away = await gone();
    const { listener, client } = await endpointOf(away, 1, { local: null, waitMs: 5000 });
    const impatient = await endpointOf(away, 1, { local: null, waitMs: 600 });
    await using _listeners = listener;
    await using _other = impatient.listener;
    const startMs = performance.now();
    await expect(impatient.client.completions.create(asked)).rejects.toMatchObject({ status: 503 });
    expect(performance.now() - startMs).toBeGreaterThan(400);
    const answer = client.completions.create(asked);
    await pause(300);
    await using _edge = await startToyEdge({ port: away.port });
    expect((await answer).choices[0]?.text).toBe(await ownText(200));
  });

  it('waits before a model of this device begins', async () => {
    const away = await gone();
    const { listener, client } = await endpointOf(away, 0.5, { waitMs: 1500 });
    await using _listener = listener;
    const startMs = performance.now();
    expect(await client.completions.create({ ...asked, max_tokens: 3 })).toMatchObject({ spec: { verified: false } });
    expect(performance.now() - startMs).toBeGreaterThan(1400);
    const answer = client.completions.create({ ...asked, max_tokens: 60, stream: false });
    await pause(300);
    await using _edge = await startToyEdge({ port: away.port });
    expect(await answer).not.toHaveProperty('spec');
  });
});

describe('with an edge process that is killed and started again', () => {
  const flags = ['--model', `toy:${toySeed}`, '--context', '1024', '--sessions', '2'];

  it("a whole answer is the target's own, and a stream that agrees counts as verified", async () => {
    const first = await startEdgeProcess(flags, () => {});
    const port = Number(new URL(first.url).port);
    const target = createToyModel({ seed: toySeed, role: 'target' });
    const started = Promise.withResolvers<void>();
    const local = { tokenizer: target.tokenizer, drafter: slowed(toyDrafter(1), 60, started.promise) };
    const { listener, client, outages } = await endpointOf({ url: first.url, target }, 1, { local });
    await using _listener = listener;
    const own = (await client.completions.create(asked)).choices[0]?.text ?? '';
    process.kill(first.processId, 'SIGKILL');
    await first.lost;
    const whole = client.completions.create(asked);
    const stream = streamOf(client, 200, () => {});
    await pause(300);
    const second = await startEdgeProcess(flags, () => {}, { port });
    started.resolve();
    expect((await whole).choices[0]?.text).toBe(own);
    expect(await whole).not.toHaveProperty('spec');
    const { text, specs } = await stream;
    expect(text).toBe(own);
    expect(specs[0]).toEqual({ verified: false, from: 0 });
    expect(specs.at(-1)).toEqual({ verified: true });
    expect(outages).toEqual([true, false]);
    await second.close();
  });

  it('an edge that falls silent is left, and verifies when it speaks again', async () => {
    const edge = await startEdgeProcess([...flags, '--profile', 'edge-8b-rtx4090'], () => {});
    const target = createToyModel({ seed: toySeed, role: 'target' });
    const { listener, client, outages } = await endpointOf({ url: edge.url, target }, 1);
    await using _listener = listener;
    const own = (await client.completions.create({ ...asked, max_tokens: 600 })).choices[0]?.text ?? '';
    let stopped: Promise<void> | null = null;
    const { text, specs } = await streamOf(client, 600, (soFar) => {
      if (soFar.length < 100 || stopped !== null) return;
      process.kill(edge.processId, 'SIGSTOP');
      stopped = pause(9000).then(() => void process.kill(edge.processId, 'SIGCONT'));
    });
    await stopped;
    expect(outages).toEqual([true, false]);
    expect(text).toBe(own);
    expect(specs.at(-1)).toEqual({ verified: true });
    await edge.close();
  });
});
