// The weights of a tab over HTTP: whole, by ranges, known already, for whom, and how much.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { appOf, twoRounds } from './app.fixture.ts';
import { byteRangeOf } from './byte-range.ts';
import { defaultTabRate, mostStreams, TabBudget } from './tab-budget.ts';
import type { TabFiles, TabPart } from './tab-weights.ts';

const bytes = Uint8Array.from({ length: 600_000 }, (_, index) => (index * 31) % 251);

function partOf(held: Uint8Array<ArrayBuffer>, keptBytes = held.length): TabPart {
  const sha256 = createHash('sha256').update(held).digest('hex');
  const read = async (from: number, to: number) => held.slice(from, Math.min(to, keptBytes));
  return { sha256, byteLength: held.length, read };
}

const header = partOf(bytes.slice(0, 1000));
const weights = partOf(bytes);
const files: TabFiles = { name: 'd', fileBytes: bytes.length, tokenizerHash: 'ab', header, weights };
const path = `/weights/${weights.sha256}`;

function ask(range?: string, more: Readonly<Record<string, string>> = {}, tabFiles = files) {
  const { app } = appOf(twoRounds, { tabFiles });
  return app.request(path, { headers: { ...(range === undefined ? {} : { range }), ...more } });
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

describe('GET /weights', () => {
  it('says what there is to load', async () => {
    const { app } = appOf(twoRounds, { tabFiles: files });
    expect(await (await app.request('/weights')).json()).toEqual({
      model: 'm',
      name: 'd',
      fileBytes: 600_000,
      tokenizerHash: 'ab',
      header: { sha256: header.sha256, bytes: 1000 },
      weights: { sha256: weights.sha256, bytes: 600_000 },
    });
    const alone = appOf(twoRounds, { tabFiles: { ...files, weights: null } }).app;
    expect(await (await alone.request('/weights')).json()).toMatchObject({ weights: null });
    expect((await alone.request(path)).status).toBe(404);
    expect((await alone.request(`/weights/${header.sha256}`)).status).toBe(200);
  });

  it('asks for a key that may open sessions', async () => {
    const scopes: string[] = [];
    const { app } = appOf(twoRounds, { tabFiles: files, mayUse: (_key, scope) => scopes.push(scope) < 0 });
    for (const one of ['/weights', path]) expect((await app.request(one)).status).toBe(401);
    expect(scopes).toEqual(['verify', 'verify']);
  });
});

describe('GET /weights/DIGEST', () => {
  it('has all bytes, which never change', async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      etag: `"${weights.sha256}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=31536000, immutable',
      'content-length': '600000',
    });
    expect(await bytesOf(answer)).toEqual(bytes);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=10-299999', 10, 300_000],
    ['bytes=599990-', 599_990, 600_000],
    ['bytes=599990-700000', 599_990, 600_000],
    ['bytes=-7', 599_993, 600_000],
    ['bytes=-700000', 0, 600_000],
    ['Bytes = 5 - 6 ', 5, 7],
  ])('has the range %s', async (range, from, to) => {
    const answer = await ask(range);
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/600000`);
    expect(answer.headers.get('content-length')).toBe(`${to - from}`);
    expect(await bytesOf(answer)).toEqual(bytes.slice(from, to));
  });

  it.each([
    'bytes=600000-',
    'bytes=5-4',
    'bytes=-0',
    'bytes=-',
    'bytes=',
    'bytes=0-1,5-6',
    'bytes=a-b',
    'bytes=1e3-2e3',
    'bytes=-5-9',
    `bytes=${'9'.repeat(40)}-`,
  ])('refuses the range %s', async (range) => {
    const answer = await ask(range);
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */600000');
    expect(await answer.json()).toMatchObject({ error: { code: 'range_not_satisfiable' } });
  });

  it('ignores a range in another unit, and one of other bytes', async () => {
    expect((await ask('lines=1-2')).status).toBe(200);
    expect((await ask('bytes=0-9', { 'if-range': '"other"' })).status).toBe(200);
    expect((await ask('bytes=0-9', { 'if-range': `"${weights.sha256}"` })).status).toBe(206);
  });

  it('sends nothing to whoever has the bytes, or asks for the head', async () => {
    const known = await ask(undefined, { 'if-none-match': `"${weights.sha256}"` });
    expect([known.status, await known.text()]).toEqual([304, '']);
    const { app } = appOf(twoRounds, { tabFiles: files });
    const head = await app.request(path, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '600000', '']);
  });

  it('breaks off where the file has been cut', async () => {
    const cut = { ...files, weights: partOf(bytes, 300_000) };
    await expect(bytesOf(await ask(undefined, {}, cut))).rejects.toThrow();
  });
});

describe('the budget of downloads', () => {
  const phone = { keyId: 'phone', address: '10.0.0.1' };
  const fileBytes = 80e6;

  it('gives a key a number of files, then more with time, and leaves other keys theirs', () => {
    let nowMs = 0;
    const budget = new TabBudget({ fileBytes, nowMs: () => nowMs });
    const load = (sender = phone) => budget.begin(sender, fileBytes)(fileBytes);
    let count = 0;
    expect(() => {
      for (; count < 1000; count++) load();
    }).toThrow('has loaded its share');
    expect(count).toBe(32);
    // From another address with the same key, too.
    expect(() => load({ ...phone, address: '10.0.0.2' })).toThrow();
    load({ keyId: 'other', address: '10.0.0.1' });
    load({ keyId: null as never, address: '10.0.0.1' });
    nowMs = 61_000;
    load();
    expect(() => load()).toThrow();
  });

  it('takes for a download that breaks off what was sent, and gives back no more than it took', () => {
    let whole = 0;
    const budget = new TabBudget({ fileBytes, nowMs: () => 0 });
    for (let count = 0; count < 200; count += 1) budget.begin(phone, fileBytes)(fileBytes / 100);
    expect(() => {
      for (; ; whole += 1) budget.begin(phone, fileBytes)(2 * fileBytes);
    }).toThrow('has loaded its share');
    expect(whole).toBe(30);
  });

  it('bounds the streams at the same time', () => {
    const budget = new TabBudget({ fileBytes, nowMs: () => 0 });
    const ends = Array.from({ length: mostStreams }, () => budget.begin(phone, 1));
    expect(() => budget.begin(phone, 1)).toThrow('at most 8');
    ends[0]?.(1);
    // Ended once, however often it is said.
    ends[0]?.(1);
    budget.begin(phone, 1);
    expect(() => budget.begin(phone, 1)).toThrow('at most 8');
  });

  it('sends all streams together at one rate', async () => {
    let nowMs = 0;
    const waits: number[] = [];
    const sleep = async (ms: number) => void waits.push(ms);
    const budget = new TabBudget({ fileBytes, nowMs: () => nowMs, sleep });
    for (let piece = 0; piece < 3; piece++) await budget.pace(defaultTabRate / 10);
    expect(waits.map(Math.round)).toEqual([100, 200]);
    nowMs = 10_000;
    await budget.pace(1);
    expect(waits.length).toBe(2);
  });

  it('takes nothing for what is not sent', async () => {
    const { app } = appOf(twoRounds, { tabFiles: files });
    // As whole files these would be more than the budget.
    for (let count = 0; count < 300; count += 1) await (await app.request(path)).body?.cancel();
    expect((await app.request(path)).status).toBe(200);
  });

  it('counts a stream that is left as ended', async () => {
    const { app } = appOf(twoRounds, { tabFiles: files });
    for (let round = 0; round < 3 * mostStreams; round++) {
      const answer = await app.request(path);
      expect(answer.status).toBe(200);
      await answer.body?.cancel();
    }
    const kept = [];
    for (let round = 0; round < mostStreams; round++) kept.push(await app.request(path));
    const refused = await app.request(path);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    for (const answer of kept) await answer.body?.cancel();
  });
});

it('no range of any text has more bytes than the file', () => {
  for (const range of ['bytes=0-999999999999999', 'bytes=-999999999999999']) {
    expect(byteRangeOf(range, 10)).toEqual({ from: 0, to: 10 });
  }
});
