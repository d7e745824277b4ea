// A key with a quota of engine rows, over HTTP and over the protocol: one count for both.

import { describe, expect, it } from 'vitest';
import { startTurn } from '../../src/device/turn.ts';
import { edgeKey } from '../../src/protocol/edge-key.ts';
import { type ApiEdge, startApiEdge } from './api-edge.ts';
import { toyPrompt, toyTurn } from './toy-edge.ts';

/** 60 rows are a row a second, so nothing comes back during a test. */
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

const turn = (edge: ApiEdge, credentials: string) => startTurn(toyTurn(edge, { credentials, maxAnswerTokens: 5 }));

describe('a key with a quota of rows', () => {
  it('writes a begun answer to its end, and gets 429 with the time for the next one, on HTTP and WebSocket', async () => {
    await using edge = await startApiEdge({ keyOf });
    const first = await ask(edge, 'limited', { max_tokens: 80 });
    expect(first.status).toBe(200);
    expect(await first.json()).toMatchObject({ usage: { completion_tokens: 80 } });
    const second = await ask(edge, 'limited', {});
    expect(second.status).toBe(429);
    const seconds = Number(second.headers.get('retry-after'));
    // It has used about 85 rows of 60, and needs 5 more.
    expect(seconds).toBeGreaterThan(15);
    expect(seconds).toBeLessThan(40);
    expect(await second.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    const { outcome } = await turn(edge, 'limited').report;
    expect(outcome).toMatchObject({ kind: 'failed', code: 'quota-used' });
    expect((await ask(edge, 'free', {})).status).toBe(200);
  });

  it('counts what devices use for HTTP, drafts included', async () => {
    await using edge = await startApiEdge({ keyOf });
    const report = await startTurn(toyTurn(edge, { credentials: 'limited', maxAnswerTokens: 70 })).report;
    expect(report.outcome.kind).toBe('ended');
    expect((await ask(edge, 'limited', {})).status).toBe(429);
  });

  it('counts each choice', async () => {
    await using edge = await startApiEdge({ keyOf });
    const prompt = Array.from({ length: 40 }, (_, index) => 60 + index);
    expect((await ask(edge, 'limited', { prompt, n: 2, seed: 1 })).status).toBe(429);
    expect((await ask(edge, 'free', { prompt, n: 2, seed: 1 })).status).toBe(200);
  });
});
