// The routes to answers that are kept, and what they refuse.

import { describe, expect, it } from 'vitest';
import { defaultKeptLimits, KeptStreams } from '../../core/protocol/wire/kept-streams.ts';
import { appOf, dataOf, round, type Script } from './app.fixture.ts';
import { bedOf, errorOf, gated, keptMs, leave, soon } from './kept-answers.fixture.ts';
import { RequestIntake } from './request-intake.ts';
import { ownerOf } from './stream-routes.ts';

describe('the routes of streams', () => {
  it("answer for another key's stream as for one that there is not", async () => {
    const { script } = gated();
    const { begin, read, asked } = bedOf(script);
    await begin('c');
    const [foreign, unknown] = [await read('c', 0, 'two'), await read('nowhere', 0, 'two')];
    expect(foreign.status).toBe(404);
    expect(await foreign.text()).toBe(await unknown.text());
    const lookup = (key: string) => {
      const body = JSON.stringify({ conversation_ids: ['c', 'nowhere', ''] });
      return asked('/v1/streams/lookup', { method: 'POST', body }, key);
    };
    expect(await (await lookup('two')).json()).toEqual([]);
    const [found] = (await (await lookup('one')).json()) as Readonly<Record<string, unknown>>[];
    expect(found).toEqual({
      conversation_id: 'c',
      is_done: false,
      total_bytes: expect.any(Number),
      started_at: 1000,
      completed_at: 0,
    });
  });

  it('look streams up by the id that the page of llama-server has, and say when one has ended', async () => {
    const { begin, asked, clock } = bedOf();
    const bytes = (await (await begin('c::m')).arrayBuffer()).byteLength;
    clock.ms += 5000;
    const body = JSON.stringify({ conversation_ids: ['c'] });
    expect(await (await asked('/v1/streams/lookup', { method: 'POST', body })).json()).toEqual([
      { conversation_id: 'c::m', is_done: true, total_bytes: bytes, started_at: 1000, completed_at: 1000 },
    ]);
  });

  it('have the date of the wall clock after the machine has slept', async () => {
    const { script, open } = gated();
    const { begin, asked, clock } = bedOf(script);
    const running = await begin('c');
    clock.sleptMs = 3_600_000;
    open();
    await running.text();
    const body = JSON.stringify({ conversation_ids: ['c'] });
    const [found] = (await (await asked('/v1/streams/lookup', { method: 'POST', body })).json()) as readonly object[];
    expect(found).toMatchObject({ started_at: 1000, completed_at: 4600 });
    const later = await begin('d');
    expect(await later.text()).toContain('"created":4600,');
  });

  it.each([
    ['/v1/stream', 'invalid_value'],
    ['/v1/stream?conv_id=c&from=-1', 'invalid_value'],
    ['/v1/stream?conv_id=c&from=x', 'invalid_value'],
    ['/v1/stream?conv_id=c&from=999999', 'stream_overrun'],
  ])('refuse %s by %s', async (path, code) => {
    const { begin, asked } = bedOf();
    await (await begin('c')).text();
    const answer = await asked(path);
    expect(answer.status).toBe(400);
    expect((await errorOf(answer)).code).toBe(code);
  });

  it('say what is lost, at the beginning and to a reader that is too slow', async () => {
    const long: Script = async function* () {
      for (let count = 0; count < 60; count += 1) yield round('word ');
    };
    const { begin, read } = bedOf(long, { streamBytes: 4000 });
    const slow = await begin('c');
    await soon();
    const lost = await read('c', 0);
    expect(lost.status).toBe(400);
    expect(await errorOf(lost)).toMatchObject({
      code: 'stream_overrun',
      message: expect.stringMatching(/; ask again$/),
    });
    expect(await slow.text()).toMatch(/^data: \{"error":.*"code":"stream_overrun"/);
  });

  it('end the oldest of nine readers', async () => {
    const { script, open } = gated();
    const { begin, read } = bedOf(script);
    await leave(await begin('c'));
    const readers = [];
    for (let count = 0; count < 9; count += 1) {
      const reader = (await read('c')).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
      await reader.read();
      readers.push(reader);
    }
    open();
    const lastOf = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> => {
      let text = '';
      for (let next = await reader.read(); next.done !== true; next = await reader.read())
        text = new TextDecoder().decode(next.value);
      return text;
    };
    const lasts = await Promise.all(readers.map(lastOf));
    expect(lasts[0]).toContain('"code":"stream_stopped"');
    expect(lasts.slice(1)).toEqual(Array(8).fill('data: [DONE]\n\n'));
  });

  it('refuse one more where too many run, and count none of it', async () => {
    const { script } = gated();
    const { begin, keeper } = bedOf(script, { ownerStreams: 2 }, 3);
    for (const id of ['a', 'b']) await leave(await begin(id));
    for (const id of ['c', 'd', 'e']) expect((await begin(id)).status).toBe(429);
    expect(keeper.count).toBe(2);
    // Its places are free: the third answer of the key may run without being kept.
    expect((await begin('')).status).toBe(200);
  });
});

describe('an answer that is asked for again', () => {
  it('takes the place of the one before, where the key may have no more', async () => {
    const { script, signals } = gated();
    const { begin } = bedOf(script, {}, 2);
    await leave(await begin('c', { n: 2 }));
    expect((await begin('d')).status).toBe(429);
    expect((await begin('c', { n: 3 })).status).toBe(429);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    for (let count = 0; count < 5; count += 1) {
      expect((await begin('c', { n: 2 })).status).toBe(200);
      await soon();
      expect(signals.filter(({ aborted }) => !aborted)).toHaveLength(2);
    }
  });
});

describe('without keys, a stream', () => {
  it("is its reader's: of an address, what a proxy says of it, and what it shows for a key", () => {
    const sender = { keyId: null, address: '10.0.0.1' };
    const ownerFor = (forwarded: object, shown?: string, address = sender.address) =>
      ownerOf({ ...sender, address }, new Headers({ ...forwarded }), shown);
    const owners = [
      ownerFor({}),
      ownerFor({}, 'k'),
      ownerFor({ 'x-forwarded-for': '192.0.2.1' }),
      ownerFor({ 'x-forwarded-for': '192.0.2.2' }),
      ownerFor({ 'x-real-ip': '192.0.2.2' }),
      ownerFor({ forwarded: 'for=192.0.2.2' }),
      ownerFor({}, undefined, '10.0.0.2'),
    ];
    expect(new Set(owners.map((owner) => owner.join(' '))).size).toBe(owners.length);
    // They share what one address may keep.
    expect(new Set(owners.map(([account]) => account)).size).toBe(2);
    expect(ownerFor({ 'x-forwarded-for': '192.0.2.1' })).toEqual(owners[2]);
    const byKey = ownerOf({ ...sender, keyId: 'one' }, new Headers({ 'x-real-ip': '192.0.2.2' }), 'k');
    expect(byKey).toEqual(['key one']);
  });

  it.each([
    ['x-forwarded-for', (client: string, said: string) => `${said}, ${client}`],
    ['forwarded', (client: string, said: string) => `for=${said}, for=${client}`],
  ])('goes before those of other clients of one proxy, whatever it has written into %s', (header, forwarded) => {
    const streams = new KeptStreams({ ...defaultKeptLimits, ownerStreams: 8 });
    const keep = (client: string, said: string, id: string): void => {
      const headers = new Headers({ [header]: forwarded(client, said) });
      const stream = streams.begin(
        ownerOf({ keyId: null, address: '10.0.0.1' }, headers, undefined),
        id,
        0,
        new Uint8Array(),
      );
      if (stream !== null) stream.endedMs = 0;
    };
    for (const id of ['one', 'two']) keep('192.0.2.1', '192.0.2.1', id);
    for (let count = 0; count < 20; count += 1) keep('192.0.2.9', `198.51.100.${count}`, `${count}`);
    const headers = new Headers({ [header]: forwarded('192.0.2.1', '192.0.2.1') });
    const kept = streams.of(ownerOf({ keyId: null, address: '10.0.0.1' }, headers, undefined));
    expect(kept.map(({ id }) => id)).toEqual(['one', 'two']);
  });
});

/** As clients post without a body. */
const bodyless = { method: 'POST', headers: { 'content-length': '0' } };

describe('a response in the background', () => {
  type Data = Readonly<Record<string, unknown>> & { readonly sequence_number: number };
  const dataIn = (text: string): readonly Data[] => dataOf(text) as readonly Data[];
  const idIn = ([created]: readonly Data[]): string => (created as { response?: { id?: string } }).response?.id ?? '';

  it('can be read again from each of its events', async () => {
    const { respond, asked } = bedOf();
    const all = dataIn(await (await respond({ stream: true })).text());
    const id = idIn(all);
    expect(all.map(({ sequence_number: number }) => number)).toEqual(all.map((_, index) => index));
    for (const { sequence_number: number } of all.slice(0, -1)) {
      const again = await asked(`/v1/responses/${id}?stream=true&starting_after=${number}`);
      expect(dataIn(await again.text())).toEqual(all.slice(number + 1));
    }
    expect(dataIn(await (await asked(`/v1/responses/${id}?stream=true`)).text())).toEqual(all);
    const beyond = await asked(`/v1/responses/${id}?stream=true&starting_after=${all.length}`);
    expect((await errorOf(beyond)).code).toBe('stream_overrun');
  });

  it('is answered at once, and asked for until it has ended', async () => {
    const { script, open } = gated();
    const { respond, asked, clock } = bedOf(script);
    const begun = (await (await respond({})).json()) as { readonly id: string; readonly status: string };
    expect(begun).toMatchObject({ object: 'response', status: 'in_progress', background: true, output: [] });
    const now = async (): Promise<unknown> => (await asked(`/v1/responses/${begun.id}`)).json();
    // Who asks has come back.
    for (let count = 0; count < 4; count += 1) {
      clock.ms += keptMs - 1;
      expect(await now()).toEqual(begun);
    }
    open();
    await soon();
    const text = { output: [{ content: [{ text: 'Hello you' }] }] };
    expect(await now()).toMatchObject({ id: begun.id, status: 'completed', ...text });
  });

  it('is cancelled once, and stays so', async () => {
    const { script, signals } = gated();
    const { respond, asked } = bedOf(script);
    const { id } = (await (await respond({})).json()) as { readonly id: string };
    const cancel = async (key?: string) => asked(`/v1/responses/${id}/cancel`, bodyless, key);
    await soon();
    expect((await cancel('two')).status).toBe(404);
    expect(signals[0]?.aborted).toBe(false);
    for (let count = 0; count < 2; count += 1)
      expect(await (await cancel()).json()).toMatchObject({ id, status: 'cancelled', output: [] });
    expect(signals[0]?.aborted).toBe(true);
    expect(await (await asked(`/v1/responses/${id}`)).json()).toMatchObject({ status: 'cancelled' });
    const deleted = await asked(`/v1/responses/${id}`, { method: 'DELETE' });
    expect(await deleted.json()).toEqual({ id, object: 'response', deleted: true });
    for (const method of ['GET', 'DELETE']) expect((await asked(`/v1/responses/${id}`, { method })).status).toBe(404);
  });

  it('says that it has failed, and why', async () => {
    const { respond, asked } = bedOf(async function* () {
      yield* [];
      throw new Error('x is not a function');
    });
    const { id } = (await (await respond({})).json()) as { readonly id: string };
    await soon();
    const failed = await (await asked(`/v1/responses/${id}`)).json();
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'internal' } });
  });

  it('is no response where it was a chat', async () => {
    const { begin, asked } = bedOf();
    await (await begin('c')).text();
    expect((await asked('/v1/responses/c')).status).toBe(404);
  });

  it('numbers the event of its end as the others', async () => {
    const { script } = gated();
    const { respond, asked } = bedOf(script);
    const answer = await respond({ stream: true });
    const reader = answer.body?.getReader();
    const id = idIn(dataIn(new TextDecoder().decode((await reader?.read())?.value)));
    await soon();
    await asked(`/v1/responses/${id}/cancel`, bodyless);
    const all = dataIn(await (await asked(`/v1/responses/${id}?stream=true`)).text());
    expect(all.map(({ sequence_number: number }) => number)).toEqual(all.map((_, index) => index));
    expect(all.at(-1)).toMatchObject({ type: 'error', code: 'stream_stopped' });
  });
});

it('reading again counts as much as sending what is read', async () => {
  let spent = 0;
  const intake = new RequestIntake({
    spend(_, bytes) {
      spent += bytes;
      return 0;
    },
  });
  const { app, ask } = appOf(undefined, { intake });
  const asked = await ask({ stream: true }, { headers: { 'x-conversation-id': 'c' } });
  const { byteLength } = await asked.arrayBuffer();
  const costOf = async (path: string): Promise<number> => {
    const before = spent;
    await (await app.request(path)).arrayBuffer();
    return spent - before;
  };
  expect((await costOf('/v1/stream?conv_id=c')) - (await costOf('/v1/models'))).toBeGreaterThanOrEqual(byteLength);
});
