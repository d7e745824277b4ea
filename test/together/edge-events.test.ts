// What an edge says of itself while devices and strangers come and go, and how it goes down.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { edgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { EdgeLogEvent } from '../../src/processes/edge/edge-events.ts';
import { startToyEdge, type ToyEdge, toyPrompt, toyReference, toyTurn } from './toy-edge.ts';

const key = 'a-key-that-nobody-may-read';

async function start(options: Parameters<typeof startToyEdge>[0] = {}) {
  const events: EdgeLogEvent[] = [];
  const edge = await startToyEdge({
    onEvent: (event) => events.push(event),
    keyOf: (credentials) => (credentials === key ? edgeKey('1', { name: 'phone' }) : null),
    ...options,
  });
  const kinds = (): readonly string[] => events.map(({ kind }) => kind);
  const only = <Kind extends EdgeLogEvent['kind']>(kind: Kind) =>
    events.filter((event): event is Extract<EdgeLogEvent, { kind: Kind }> => event.kind === kind);
  return { edge, events, kinds, only };
}

describe('the events of an edge', () => {
  it('tell of a session from its opening to its end', async () => {
    const { edge, events, kinds, only } = await start();
    const report = await startTurn(toyTurn(edge, { credentials: key })).report;
    expect(report.outcome).toMatchObject({ kind: 'ended' });
    await expect.poll(kinds).toContain('connection-closed');
    await edge[Symbol.asyncDispose]();
    expect(kinds()).toEqual(['connection-opened', 'session-opened', 'session-ended', 'connection-closed', 'closed']);
    expect(only('session-opened')).toMatchObject([
      { session: 1, address: '127.0.0.1', key: 'phone', mode: 'stream', promptTokens: 5, answerTokens: 0 },
    ]);
    const [ended] = only('session-ended');
    expect(ended).toMatchObject({ session: 1, key: 'phone', reason: 'length', tokens: 60 });
    expect(ended?.firstTokenMs).toBeGreaterThan(0);
    expect(ended?.msPerToken).toBeGreaterThan(0);
    expect(ended?.acceptedRows).toBeGreaterThan(0);
    const text = JSON.stringify(events);
    expect(text).not.toContain(key);
    expect(text).not.toContain(toyPrompt.join(','));
    expect(text).not.toMatch(/[0-9a-f]{32}/);
  });

  it('tell of refusals and count them', async () => {
    const { edge, only } = await start();
    const { outcome } = await startTurn(toyTurn(edge, { credentials: 'wrong' })).report;
    expect(outcome).toMatchObject({ code: 'unauthorized' });
    const tooLong = toyTurn(edge, { credentials: key, prompt: Array.from({ length: 2000 }, () => 70) });
    expect((await startTurn(tooLong).report).outcome).toMatchObject({ code: 'context-full' });
    expect(only('refused')).toMatchObject([
      { code: 'unauthorized', address: '127.0.0.1', key: null },
      { code: 'context-full', address: '127.0.0.1', key: 'phone' },
    ]);
    const foreign = new WebSocket(edge.url, 'chat');
    await new Promise((resolve) => foreign.addEventListener('error', resolve));
    expect(only('upgrade-refused')).toMatchObject([{ reason: 'subprotocol', address: '127.0.0.1' }]);
    expect(edge.edge.status.counts).toMatchObject({
      connectionsOpened: 2,
      sessionsOpened: 0,
      upgradeRefusals: { subprotocol: 1 },
      refusals: { unauthorized: 1, 'context-full': 1 },
    });
    await edge[Symbol.asyncDispose]();
  });

  it('tell of a session that was lost and forgotten, and of one that was left', async () => {
    const { edge, kinds, only } = await start({ keepLostMs: 50 });
    const stop = new AbortController();
    const turn = startTurn(toyTurn(edge, { credentials: key, maxAnswerTokens: 900, signal: stop.signal }));
    for await (const _ of turn) break;
    stop.abort();
    await turn.report.catch(() => {});
    await expect.poll(kinds).toContain('session-ended');
    expect(only('session-ended')).toMatchObject([{ reason: 'left' }]);
    const network = createInMemoryNetwork(edge.edge.accept);
    const lost = startTurn(
      toyTurn(edge, { credentials: key, connect: network.connect, maxAnswerTokens: 900, giveUpAfterMs: 1 }),
    );
    for await (const _ of lost) break;
    network.close();
    await expect.poll(kinds).toContain('session-forgotten');
    expect(only('session-lost')).toMatchObject([{ session: 2, address: null }]);
    await edge[Symbol.asyncDispose]();
  });
});

describe('an edge that drains', () => {
  async function begin(edge: ToyEdge, maxAnswerTokens: number) {
    const turn = startTurn(toyTurn(edge, { credentials: key, maxAnswerTokens, giveUpAfterMs: 5000 }));
    const tokens = turn[Symbol.asyncIterator]();
    await tokens.next();
    return turn;
  }

  it('lets a running answer end, refuses new ones with a code, and is closed then', async () => {
    const { edge, kinds } = await start();
    const running = await begin(edge, 120);
    const drained = edge.edge.drain(20_000);
    expect(edge.edge.status.state).toBe('draining');
    const late = await startTurn(toyTurn(edge, { credentials: key })).report;
    expect(late.outcome).toMatchObject({ kind: 'failed', code: 'edge-draining' });
    expect((await running.report).tokens).toEqual(await toyReference(neutralSampling, 120));
    await drained;
    expect(edge.edge.status.state).toBe('closed');
    expect(kinds()).toContain('draining');
    await edge[Symbol.asyncDispose]();
  });

  it('ends what runs longer, and its device continues when the edge is back', async () => {
    const first = await start();
    const running = await begin(first.edge, 300);
    await first.edge.edge.drain(0);
    await first.edge[Symbol.asyncDispose]();
    const second = await start({ port: first.edge.port });
    expect((await running.report).tokens).toEqual(await toyReference(neutralSampling, 300));
    await second.edge[Symbol.asyncDispose]();
  });

  it('says on /health whether it takes sessions, and reports other requests', async () => {
    const { edge, only } = await start();
    const health = async () => {
      const response = await fetch(`http://127.0.0.1:${edge.port}/health`);
      return [response.status, await response.text()];
    };
    const asked = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${edge.port}${path}`, { method });
    expect((await asked('/')).status).toBe(426);
    expect((await asked('/health', 'POST')).status).toBe(426);
    expect((await asked('/health?for=me')).status).toBe(200);
    const head = await asked('/health', 'HEAD');
    expect([head.status, await head.text(), head.headers.get('cache-control')]).toEqual([200, '', 'no-store']);
    expect(only('upgrade-refused').slice(1)).toMatchObject([{ reason: 'plain', address: '127.0.0.1' }]);
    expect(await health()).toEqual([200, '{"status":"ready"}\n']);
    const running = await begin(edge, 500);
    const drained = edge.edge.drain(20_000);
    expect(await health()).toEqual([503, '{"status":"draining"}\n']);
    running.stop();
    await drained;
    await edge[Symbol.asyncDispose]();
  });
});
