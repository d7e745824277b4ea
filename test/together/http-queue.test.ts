// Requests to an edge whose places are all taken: they wait for a bounded time, and are then told when to try again.

import { describe, expect, it } from 'vitest';
import { edgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import { type ApiEdge, startApiEdge } from './api-edge.ts';
import { toyPrompt } from './toy-edge.ts';

const keyOf = (shown: string) => (['small', 'large'].includes(shown) ? edgeKey(shown) : null);

const ask = ({ baseURL, model }: ApiEdge, key: string, tokens: number, signal: AbortSignal | null = null) =>
  fetch(`${baseURL}/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model,
      prompt: [...toyPrompt],
      max_tokens: tokens,
      temperature: 0,
      logit_bias: { 0: -100 },
    }),
    signal,
  });

/** Holds the only place until the signal. */
async function occupy(edge: ApiEdge, key: string): Promise<() => void> {
  const giveUp = new AbortController();
  ask(edge, key, 900, giveUp.signal).then(
    (answer) => answer.text(),
    () => {},
  );
  await expect.poll(() => edge.edge.status.answering).toBe(1);
  return () => giveUp.abort();
}

describe('a request to a full edge', () => {
  it('waits until a place is free', async () => {
    await using edge = await startApiEdge({ keyOf, sequences: 1 });
    const free = await occupy(edge, 'large');
    const waiting = ask(edge, 'large', 5);
    await expect.poll(() => edge.edge.status.waiting).toBe(1);
    free();
    expect((await waiting).status).toBe(200);
  });

  it('gets 429 and the time to wait if too many wait, and so does a stream', async () => {
    await using edge = await startApiEdge({ keyOf, sequences: 1, places: { maxWaiting: 0 } });
    const free = await occupy(edge, 'large');
    const answer = await ask(edge, 'large', 5);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ error: { code: 'rate_limit_exceeded', type: 'rate_limit_error' } });
    free();
  });

  it('gets 429 when it has waited its time', async () => {
    await using edge = await startApiEdge({ keyOf, sequences: 1, places: { waitMs: 300 } });
    const free = await occupy(edge, 'large');
    const answer = await ask(edge, 'large', 5);
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({
      error: { message: expect.stringMatching(/none became free within 0.3 s; try again in \d+ s/) },
    });
    free();
  });

  it("waits in the order of its key's share: a key without a place comes before one that has some", async () => {
    await using edge = await startApiEdge({ keyOf, sequences: 2, places: { fairWaitMs: 60_000 } });
    const order: string[] = [];
    const frees = [await occupy(edge, 'large')];
    const second = new AbortController();
    ask(edge, 'large', 900, second.signal).catch(() => {});
    await expect.poll(() => edge.edge.status.answering).toBe(2);
    const third = ask(edge, 'large', 400).then(() => order.push('large'));
    await expect.poll(() => edge.edge.status.waiting).toBe(1);
    const other = ask(edge, 'small', 5).then(() => order.push('small'));
    await expect.poll(() => edge.edge.status.waiting).toBe(2);
    second.abort();
    await other;
    expect(order).toEqual(['small']);
    for (const free of frees) free();
    await third;
  });

  it('that is given up waits no more', async () => {
    await using edge = await startApiEdge({ keyOf, sequences: 1 });
    const free = await occupy(edge, 'large');
    const gone = new AbortController();
    const waiting = ask(edge, 'large', 5, gone.signal).catch(() => 'given up');
    await expect.poll(() => edge.edge.status.waiting).toBe(1);
    gone.abort();
    expect(await waiting).toBe('given up');
    await expect.poll(() => edge.edge.status.waiting).toBe(0);
    free();
  });
});
