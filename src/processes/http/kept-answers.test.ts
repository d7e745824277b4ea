// Answers that outlive their connection, over a completer that a test scripts.

import { describe, expect, it } from 'vitest';
import { appOf, round } from './app.fixture.ts';
import { bedOf, errorOf, gated, keptMs, leave, soon } from './kept-answers.fixture.ts';

describe('an answer with X-Conversation-Id', () => {
  it('is the same text as without, and can be read again from each of its bytes', async () => {
    const { begin, read, app } = bedOf();
    const plain = await (await appOf().ask({ stream: true })).text();
    const first = await (await begin('c')).text();
    expect(first.replaceAll('"created":1000', '"created":7')).toBe(plain);
    const bytes = new TextEncoder().encode(first);
    for (let from = 0; from <= bytes.length; from += 1) {
      const again = await read('c', from);
      expect(again.status).toBe(200);
      expect(new Uint8Array(await again.arrayBuffer())).toEqual(bytes.slice(from));
    }
    expect((await app.request('/health')).status).toBe(200);
  });

  it('goes on when its reader has gone, and gives the rest to a new one as it comes', async () => {
    const { script, signals, open } = gated();
    const { begin, read } = bedOf(script);
    await leave(await begin('c'));
    expect(signals[0]?.aborted).toBe(false);
    const [one, other] = [await read('c'), await read('c')];
    open();
    const text = await one.text();
    expect(text).toContain(' you');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    // A second reader reads along.
    expect(await other.text()).toBe(text);
  });

  it('is written to its end for nobody, and then kept', async () => {
    const { begin, read, records } = bedOf();
    await (await begin('c')).body?.cancel();
    await soon();
    expect(await (await read('c')).text()).toContain('[DONE]');
    expect(records.find(({ route }) => route === 'POST /v1/chat/completions')).toMatchObject({ outcome: 'answered' });
  });

  it('is given up when nobody has come back in time, and not before', async () => {
    const { script, signals } = gated();
    const { begin, read, clock, keeper } = bedOf(script);
    await leave(await begin('c'));
    clock.ms += keptMs - 1;
    const again = await read('c');
    await leave(again);
    expect(signals[0]?.aborted).toBe(false);
    clock.ms += keptMs - 1;
    expect(keeper.of(['key one'])).toHaveLength(1);
    clock.ms += 1;
    const late = await read('c');
    expect(late.status).toBe(404);
    expect((await errorOf(late)).code).toBe('stream_unknown');
    expect(signals[0]?.aborted).toBe(true);
    expect([keeper.count, keeper.bytes]).toEqual([0, 0]);
  });

  it('is not given up while somebody reads it', async () => {
    const { script, signals, open } = gated();
    const { begin, read, clock } = bedOf(script);
    const answer = await begin('c');
    const reader = answer.body?.getReader();
    await reader?.read();
    clock.ms += 10 * keptMs;
    expect((await read('other')).status).toBe(404);
    expect(signals[0]?.aborted).toBe(false);
    open();
    let last = await reader?.read();
    while (last?.done === false) last = await reader?.read();
    expect(last?.done).toBe(true);
  });

  it('is unknown when it has ended long ago', async () => {
    const { begin, read, clock } = bedOf();
    await (await begin('c')).text();
    clock.ms += keptMs - 1;
    expect((await read('c')).status).toBe(200);
    clock.ms += 1;
    expect((await read('c')).status).toBe(404);
  });

  it('ends by DELETE, which says nothing of what there is', async () => {
    const { script, signals } = gated();
    const { begin, read, asked } = bedOf(script);
    const answer = await begin('c');
    const drop = (id: string, key?: string) => asked(`/v1/stream?conv_id=${id}`, { method: 'DELETE' }, key);
    expect((await drop('c', 'two')).status).toBe(204);
    expect(signals[0]?.aborted).toBe(false);
    expect((await drop('c')).status).toBe(204);
    expect((await drop('c')).status).toBe(204);
    expect(signals[0]?.aborted).toBe(true);
    expect(await answer.text()).toContain('"code":"stream_stopped"');
    expect((await read('c')).status).toBe(404);
  });

  it('ends where a newer request has the same id', async () => {
    const { script, signals, open } = gated();
    const { begin, read } = bedOf(script);
    const first = await begin('c');
    const second = await begin('c');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(await first.text()).toContain('a newer request has the same X-Conversation-Id');
    open();
    expect(await (await read('c')).text()).toBe(await second.text());
  });

  it('needs a stream', async () => {
    const { begin, keeper } = bedOf();
    expect((await begin('c', { stream: false })).status).toBe(200);
    expect(keeper.count).toBe(0);
    const long = await begin('c'.repeat(257));
    expect(long.status).toBe(400);
    expect(await errorOf(long)).toMatchObject({ code: 'invalid_value', param: 'x-conversation-id' });
  });

  it.each(['/v1/completions', '/v1/responses', '/v1/messages'])('is kept on %s as well', async (path) => {
    const { asked, read } = bedOf();
    const fields = { prompt: 'Hi', input: 'Hi', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9 };
    const names = {
      '/v1/completions': ['prompt'],
      '/v1/responses': ['input'],
      '/v1/messages': ['messages', 'max_tokens'],
    };
    const own = Object.entries(fields).filter(([name]) => names[path as keyof typeof names].includes(name));
    const body = JSON.stringify({ model: 'm', stream: true, ...Object.fromEntries(own) });
    const answer = await asked(path, { method: 'POST', body, headers: { 'x-conversation-id': 'c' } });
    const text = await answer.text();
    expect(text).toContain('you');
    expect(await (await read('c', 20)).text()).toBe(text.slice(20));
  });

  it('counts for its key until it ends, whoever reads it', async () => {
    const { script } = gated();
    const { begin, asked } = bedOf(script, {}, 1);
    await leave(await begin('c'));
    expect((await begin('d')).status).toBe(429);
    expect((await begin('d', {}, 'two')).status).toBe(200);
    await asked('/v1/stream?conv_id=c', { method: 'DELETE' });
    await soon();
    expect((await begin('d')).status).toBe(200);
  });

  it('that fails before its first text has its status, and the failure for who comes back', async () => {
    const { begin, read } = bedOf(async function* () {
      yield* [];
      throw new Error('x is not a function');
    });
    expect((await begin('c')).status).toBe(500);
    const again = await read('c');
    expect(again.status).toBe(200);
    expect(await again.text()).toMatch(/^data: \{"error":.*"code":"internal"\}\}\n\n$/);
  });

  it('that is ended before its first text says so', async () => {
    const { begin, asked } = bedOf(async function* ({ signal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield* [];
    });
    const answer = begin('c');
    await soon();
    await asked('/v1/stream?conv_id=c', { method: 'DELETE' });
    expect((await answer).status).toBe(409);
    expect((await errorOf(await answer)).code).toBe('stream_stopped');
  });
});

describe('an event that is larger than a kept stream may be', () => {
  it('ends the answer with its cause, and nothing is kept beyond the bound', async () => {
    const { begin, read, keeper } = bedOf(
      async function* () {
        yield round('a');
        yield round('b'.repeat(20_000));
        yield round('c');
      },
      { streamBytes: 8000 },
    );
    const text = await (await begin('c')).text();
    expect(text).toContain('too large to be kept');
    expect(text).not.toContain('bbb');
    expect(keeper.bytes).toBeLessThan(8000);
    expect(await (await read('c')).text()).toContain('stream_overrun');
  });
});
