// What is reported of a request when it is over.

import { describe, expect, it } from 'vitest';
import { OutriderError } from '../../core/basics/errors.ts';
import { createHttpApp, type HttpAppSettings } from './app.ts';
import type { Completer, CompletionEnd, Round } from './completion-port.ts';
import { createLateCompleter } from './late-completer.ts';
import type { MeteredAnswer, RequestRecord } from './request-record.ts';

const end: CompletionEnd = {
  reason: 'end',
  stopText: null,
  promptTokens: 3,
  completionTokens: 6,
  acceptedDrafts: 1,
  rejectedDrafts: 4,
  fingerprints: ['0123456789abcdef00'],
  mode: 'stream',
  edges: 2,
};
const lost = new OutriderError('edge-unreachable', 'nobody answers', 'try again');
const gone = new OutriderError('interrupted', 'the client has gone', 'ask again');
const malformed = new OutriderError(
  'bad-argument',
  'the grammar or JSON schema is refused: no text fits it',
  'check it',
);
const busy = new OutriderError('edge-full', 'no grammar can be followed in time: too many wait', 'try again in 7 s');
const secret = 'a-key-that-nobody-may-read';

/** @param failsAfter rounds; null: the answer ends well */
function completerOf(failsAfter: number | null, more: Partial<CompletionEnd> = {}, failure: Error = lost): Completer {
  return {
    model: 'm',
    createdSeconds: 5,
    state: 'ready',
    count: () => 3,
    async start() {
      if (failsAfter === 0) throw failure;
      const ended = Promise.withResolvers<CompletionEnd>();
      async function* rounds(): AsyncGenerator<Round> {
        yield { text: 'Hello', tokens: 2, acceptedDrafts: 0, atMs: 100 };
        yield { text: ' you', tokens: 3, acceptedDrafts: 1, atMs: 130 };
        if (failsAfter !== null) ended.reject(failure);
        if (failsAfter !== null) throw failure;
        ended.resolve({ ...end, ...more });
      }
      return { promptTokens: 3, rounds: rounds(), end: ended.promise, fingerprint: () => null };
    },
  };
}

function bed(completer: Completer, more: Partial<HttpAppSettings> = {}) {
  const records: RequestRecord[] = [];
  const commits: { readonly tokens: number; readonly sinceMs: number; readonly isFirst: boolean }[] = [];
  const ends: MeteredAnswer[] = [];
  let nowMs = 0;
  const app = createHttpApp({
    completer,
    version: '1.2.3',
    randomBits: () => 1n,
    refuses: () => null,
    nowMs: () => {
      nowMs += 1;
      return nowMs;
    },
    mayUse: (key) => key === secret,
    keyName: (shown) => (shown === secret ? 'phone' : null),
    observer: {
      ended: (record) => records.push(record),
      answers: { begun: () => {}, committed: (text) => commits.push(text), ended: (one) => ends.push(one) },
    },
    ...more,
  });
  const ask = (fields: object = {}, key = secret) =>
    app.request('/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Prompt' }], ...fields }),
    });
  return { app, ask, records, commits, ends };
}

describe('the record of a request', () => {
  it('counts no prompt that is repeated, and takes its time for none of the answer', async () => {
    const inner = completerOf(null);
    const start: Completer['start'] = async (request) => {
      const completion = await inner.start(request);
      async function* rounds(): AsyncGenerator<Round> {
        yield { text: 'Prompt', tokens: 0, acceptedDrafts: 0 };
        yield* completion.rounds;
      }
      return { ...completion, rounds: rounds() };
    };
    const { ask, records, commits } = bed({ ...inner, start });
    expect(await (await ask()).json()).toMatchObject({ choices: [{ message: { content: 'PromptHello you' } }] });
    await expect.poll(() => records).toHaveLength(1);
    expect(commits.map(({ tokens, isFirst }) => [tokens, isFirst])).toEqual([
      [2, true],
      [3, false],
    ]);
    expect(records[0]?.answer).toMatchObject({ completionTokens: 6 });
  });

  it('tells figures, and neither text nor key', async () => {
    const { ask, records, commits, ends } = bed(completerOf(null));
    await (await ask({ n: 2 })).text();
    await expect.poll(() => records).toHaveLength(1);
    expect(records).toMatchObject([
      {
        request: '0000000000000001',
        route: 'POST /v1/chat/completions',
        address: null,
        key: 'phone',
        status: 200,
        outcome: 'answered',
        code: null,
        answer: {
          model: 'm',
          stream: false,
          choices: 2,
          mode: 'stream',
          promptTokens: 3,
          completionTokens: 12,
          acceptedDrafts: 2,
          rejectedDrafts: 8,
          verified: true,
          finishReasons: ['end', 'end'],
        },
      },
    ]);
    expect(commits.filter(({ isFirst }) => !isFirst)).toEqual([
      ...[1, 2].map(() => ({ tokens: 3, sinceMs: 30, isFirst: false })),
    ]);
    // The end token has no text of its own.
    expect(ends.map(({ moreTokens, handovers }) => [moreTokens, handovers])).toEqual([...[1, 2].map(() => [1, 1])]);
    expect(JSON.stringify(records)).not.toMatch(/Hello|you|Prompt|a-key/);
  });

  it('waits for the end of a stream', async () => {
    let nowMs = 5000;
    const inner = completerOf(null, { fingerprints: ['local'] });
    const start: Completer['start'] = async (request) => {
      const completion = await inner.start(request);
      async function* rounds(): AsyncGenerator<Round> {
        for await (const round of completion.rounds) {
          nowMs += 20;
          yield round;
        }
      }
      return { ...completion, rounds: rounds() };
    };
    const { ask, records } = bed({ ...inner, start }, { nowMs: () => nowMs });
    const answer = await ask({ stream: true });
    expect(records).toEqual([]);
    await answer.text();
    await expect.poll(() => records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      outcome: 'answered',
      ms: 40,
      answer: { stream: true, verified: false, firstTokenMs: 20 },
    });
  });

  it('tells what was refused, and why', async () => {
    const { app, ask, records } = bed(completerOf(0));
    await ask({}, 'wrong');
    await ask({ max_tokens: -1 });
    await ask();
    await app.request('/nowhere', { headers: { 'x-api-key': secret } });
    await app.request('/health');
    await expect.poll(() => records).toHaveLength(5);
    expect(records.map(({ route, status, outcome, code, key }) => [route, status, outcome, code, key])).toEqual([
      ['POST /v1/chat/completions', 401, 'refused', 'invalid_api_key', null],
      ['POST /v1/chat/completions', 400, 'refused', 'invalid_value', 'phone'],
      ['POST /v1/chat/completions', 503, 'refused', 'edge_unreachable', 'phone'],
      ['other', 404, 'refused', 'unknown_url', 'phone'],
      ['GET /health', 200, 'answered', null, null],
    ]);
  });

  it('tells of an answer that fails after its status', async () => {
    const { ask, records, ends } = bed(completerOf(2));
    await (await ask({ stream: true })).text();
    await expect.poll(() => records).toHaveLength(1);
    expect(records[0]).toMatchObject({ status: 200, outcome: 'failed', code: 'edge_unreachable' });
    expect(records[0]?.answer).toMatchObject({ completionTokens: 5, finishReasons: [] });
    expect(ends).toMatchObject([{ reason: 'failed', promptTokens: 3, verified: true }]);
  });

  it('counts a bug as failed, and what there is too much of as refused', async () => {
    for (const [failure, status, outcome] of [
      [new TypeError('x is not a function'), 500, 'failed'],
      [new OutriderError('tokenizer-mismatch', 'it has another', 'take the same'), 502, 'failed'],
      [lost, 503, 'refused'],
    ] as const) {
      const { ask, records } = bed(completerOf(0, {}, failure));
      await ask();
      await expect.poll(() => records).toHaveLength(1);
      expect(records[0]).toMatchObject({ status, outcome });
    }
  });

  it.each([false, true])('tells that a client has left, and of no failure; streamed: %s', async (stream) => {
    const { ask, records, ends } = bed(completerOf(2, {}, gone));
    await (await ask({ stream })).text();
    await expect.poll(() => records).toHaveLength(1);
    expect(records[0]).toMatchObject({ status: stream ? 200 : 499, outcome: 'left', code: null });
    expect(ends).toMatchObject([{ reason: 'left' }]);
  });

  it.each([0, 2])('counts an error of the client as refused, not as failed; after %i rounds', async (rounds) => {
    const { ask, records, ends } = bed(completerOf(rounds, {}, malformed));
    await (await ask({ stream: true, response_format: { type: 'json_object' } })).text();
    await expect.poll(() => records).toHaveLength(1);
    expect(records[0]).toMatchObject({ outcome: 'refused' });
    expect(ends).toMatchObject([{ reason: 'refused' }]);
  });

  it('has the status of an overload where a grammar can not be followed in time', async () => {
    const answer = await bed(completerOf(0, {}, busy)).ask({ response_format: { type: 'json_object' } });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7']);
    expect(await answer.json()).toMatchObject({ error: { code: 'overloaded' } });
    // Without a grammar it is a place that is missing.
    expect((await bed(completerOf(0, {}, busy)).ask()).status).toBe(429);
  });
});

describe('an endpoint', () => {
  it('is loading, ready, and draining, and says when to try again', async () => {
    const late = createLateCompleter('m', 5);
    const { app, ask } = bed(late);
    const health = async () => {
      const answer = await app.request('/health');
      return [answer.status, await answer.json()];
    };
    expect(await health()).toEqual([503, { status: 'loading' }]);
    const early = await ask();
    expect(early.status).toBe(503);
    expect(early.headers.get('retry-after')).toBe('2');
    expect(await early.json()).toMatchObject({ error: { code: 'model_loading' } });
    late.open(completerOf(null));
    expect(await health()).toEqual([200, { status: 'ready' }]);
    expect((await ask()).status).toBe(200);
    late.drain();
    expect(await health()).toEqual([503, { status: 'draining' }]);
    const refused = await ask();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.json()).toMatchObject({ error: { code: 'edge_draining' } });
  });
});
