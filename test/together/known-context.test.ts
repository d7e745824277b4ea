// What a prompt has to fit into, and long texts beside other work.

import { describe, expect, it } from 'vitest';
import { createToyModel } from '../../src/models/port/toy.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import { listEdges } from '../../src/processes/device/edge-list.ts';
import { demandRoomFor, EncodingTurns, KnownContext } from '../../src/processes/http/known-context.ts';
import { startToyEdge } from './toy-edge.ts';

const { tokenizer } = createToyModel({ seed: 1, role: 'target' });

describe('the known context', () => {
  it('is the least of the edges that answer, and is asked for once', async () => {
    await using small = await startToyEdge({ contextLength: 300 });
    await using large = await startToyEdge({ contextLength: 900 });
    let nowMs = 0;
    const edges = listEdges([large.url, 'ws://127.0.0.1:1', small.url], (address) => connectWebSocket(address));
    const context = new KnownContext(edges, () => nowMs);
    expect(await Promise.all([context.tokens(), context.tokens()])).toEqual([300, 300]);
    await small[Symbol.asyncDispose]();
    expect(await context.tokens()).toBe(300);
    nowMs = 61_000;
    expect(await context.tokens()).toBe(900);
  });

  it('is not known where no edge answers', async () => {
    const edges = listEdges('ws://127.0.0.1:1', (address) => connectWebSocket(address));
    const context = new KnownContext(edges, () => 0);
    await expect(context.tokens()).rejects.toMatchObject({ code: 'edge-unreachable' });
  });
});

describe('a long text', () => {
  const context = { tokens: async () => 1024 };
  const text = (length: number) => ({ kind: 'text', text: 'x'.repeat(length) }) as const;

  it('is refused before it is encoded if no division into tokens fits', async () => {
    const longest = Math.max(
      ...Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.bytes(id).length),
    );
    await demandRoomFor(text(16_384), tokenizer, context);
    const most = 1023 * longest;
    if (most > 16_384) await demandRoomFor(text(most), tokenizer, context);
    const refusal = { code: 'context-full', message: expect.stringContaining('at least') };
    await expect(demandRoomFor(text(Math.max(most, 16_384) + 1), tokenizer, context)).rejects.toMatchObject(refusal);
    const messages = [{ role: 'user', content: 'x'.repeat(4e6) }] as const;
    await expect(demandRoomFor({ kind: 'chat', messages }, tokenizer, context)).rejects.toMatchObject(refusal);
  });

  it('waits for its turn, and others come between', async () => {
    const turns = new EncodingTurns();
    const order: string[] = [];
    setImmediate(() => order.push('another'));
    await Promise.all([
      turns.mine(text(20_000)).then(() => order.push('first')),
      turns.mine(text(20_000)).then(() => order.push('second')),
      turns.mine(text(10)).then(() => order.push('short')),
    ]);
    expect(order).toEqual(['short', 'another', 'first', 'second']);
  });
});
