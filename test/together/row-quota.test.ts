// A key with a quota of engine rows, over HTTP and over the protocol: one count for both.

import { afterEach, describe, expect, it } from 'vitest';
import { createPolicy } from '../../src/allocation/policies/policies.ts';
import type { Clock } from '../../src/core/basics/clock.ts';
import { edgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import { RowQuotas } from '../../src/core/protocol/edge/row-quotas.ts';
import { openPolicyProcess } from '../../src/files/policy-process.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import { reachBy } from '../../src/processes/controller/control-client.ts';
import { listenController, startController } from '../../src/processes/controller/controller-server.ts';
import { joinAsEdge } from '../../src/processes/controller/edge-agent.ts';
import { TicketBook } from '../../src/processes/controller/ticket-book.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { type ApiEdge, startApiEdge } from './api-edge.ts';
import { toyPrompt, toyTurn } from './toy-edge.ts';

/** As on a machine a thousand times as quick: of 60 rows a minute none comes back during a test, however busy this one is. */
const clock: Clock = { ...machineClock, nowMs: () => machineClock.nowMs() / 1000 };

const keyOf = (shown: string) =>
  shown === 'limited' ? edgeKey('limited', { rowsPerMinute: 60 }) : shown === 'free' ? edgeKey('free') : null;

const ask = ({ baseURL, model }: ApiEdge, key: string, fields: object) =>
  fetch(`${baseURL}/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model,
      prompt: [...toyPrompt],
      max_tokens: 5,
      temperature: 0,
      logit_bias: { 0: -100 },
      ...fields,
    }),
  });

/** When an edge has counted more rows of the key than its quota has, its own or those of others. */
async function usedUp({ quotas }: { readonly quotas: RowQuotas }): Promise<void> {
  const all = { key: 'limited', rows: 1000, rowsPerMinute: 60 };
  await expect.poll(() => quotas.stillUsed(all, clock.nowMs()).rows, { timeout: 55_000 }).toBeGreaterThan(60);
}

const startEdge = () => startApiEdge({ keyOf, clock });

const turn = (edge: ApiEdge, credentials: string) => startTurn(toyTurn(edge, { credentials, maxAnswerTokens: 5 }));

/** A member of a controller, with the keys above. */
async function joined(url: string, id: string) {
  const tickets = new TicketBook(machineClock);
  const quotas = new RowQuotas();
  const edge = await startApiEdge({ keyOf: tickets.beside(keyOf) as typeof keyOf, clock, quotas });
  const { identity, tokenizer, limits } = edge.target;
  const agent = joinAsEdge({
    reach: reachBy(connectWebSocket(url)),
    ...{ id, tickets, edge: edge.edge, reportEveryMs: 50 },
    facts: {
      ...{ address: edge.url, certificate: null, model: identity.name, fingerprint: identity.fingerprint },
      ...{ tokenizerHash: tokenizer.hash, places: limits.maxSequences, contextLength: limits.contextLength },
      ...{ bitsPerSecond: 1e9, place: null },
    },
  });
  undo.push(
    () => edge[Symbol.asyncDispose](),
    () => agent.close(),
  );
  return { ...edge, quotas };
}

/** A controller. */
async function startAt(wanted: number) {
  const policy = await openPolicyProcess('greedy', { clock: machineClock });
  const fallback = { name: 'greedy', decide: createPolicy('greedy') };
  const controller = startController({ policy, fallback, slotMs: 100 });
  const { port, close: closePort } = await listenController(controller, { host: '127.0.0.1', port: wanted });
  const close = async (): Promise<void> => {
    await controller.close();
    await closePort();
  };
  undo.push(() => policy[Symbol.asyncDispose](), close);
  return { url: `ws://127.0.0.1:${port}`, port, close };
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

describe('a key with a quota of rows', () => {
  it('has one quota on all edges of a controller', async () => {
    const { url } = await startAt(0);
    const [one, other] = [await joined(url, 'one'), await joined(url, 'other')];
    expect((await ask(other, 'limited', { max_tokens: 1 })).status).toBe(200);
    expect((await ask(one, 'limited', { max_tokens: 80 })).status).toBe(200);
    await usedUp(other);
    expect((await ask(other, 'limited', { max_tokens: 1 })).status).toBe(429);
    expect((await ask(other, 'free', {})).status).toBe(200);
  });

  it('has it too where the controller is started again after the rows were used', async () => {
    const first = await startAt(0);
    const [one, other] = [await joined(first.url, 'one'), await joined(first.url, 'other')];
    expect((await ask(other, 'limited', { max_tokens: 1 })).status).toBe(200);
    await first.close();
    expect((await ask(one, 'limited', { max_tokens: 80 })).status).toBe(200);
    expect((await ask(other, 'limited', { max_tokens: 1 })).status).toBe(200);
    await startAt(first.port);
    await usedUp(other);
    expect((await ask(other, 'limited', { max_tokens: 1 })).status).toBe(429);
  });

  it('writes a begun answer to its end, and gets 429 with the time for the next one, on HTTP and WebSocket', async () => {
    await using edge = await startEdge();
    const first = await ask(edge, 'limited', { max_tokens: 80 });
    expect(first.status).toBe(200);
    expect(await first.json()).toMatchObject({ usage: { completion_tokens: 80 } });
    const second = await ask(edge, 'limited', {});
    expect(second.status).toBe(429);
    const seconds = Number(second.headers.get('retry-after'));
    // It has used about 85 rows of 60, and needs one more.
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThan(30);
    expect(await second.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    const { outcome } = await turn(edge, 'limited').report;
    expect(outcome).toMatchObject({ kind: 'failed', code: 'quota-used' });
    expect((await ask(edge, 'free', {})).status).toBe(200);
  });

  it('counts what devices use for HTTP, drafts included', async () => {
    await using edge = await startEdge();
    const report = await startTurn(toyTurn(edge, { credentials: 'limited', maxAnswerTokens: 70 })).report;
    expect(report.outcome.kind).toBe('ended');
    expect((await ask(edge, 'limited', {})).status).toBe(429);
  });

  it('counts each choice', async () => {
    await using edge = await startEdge();
    const prompt = Array.from({ length: 40 }, (_, index) => 60 + index);
    expect((await ask(edge, 'limited', { prompt, n: 2, seed: 1 })).status).toBe(429);
    expect((await ask(edge, 'free', { prompt, n: 2, seed: 1 })).status).toBe(200);
  });
});
