import { describe, expect, it } from 'vitest';
import type { AnswerPart, Question } from '../parts/answerer.ts';
import { HttpAnswerer } from './http-answerer.ts';

const question: Question = {
  ...{ said: [{ role: 'user', text: 'Hi' }], seed: 7, temperature: 0.5, mostTokens: 9, withDrafts: true },
};
const models = { data: [{ id: 'm', outrider: { drafts: 'device', emulated: { roundTripMs: 60 } } }] };
const event = (data: unknown): string => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const text = (content: string, outrider?: object) => event({ choices: [{ delta: { content } }], outrider });
const last = event({
  choices: [{ delta: {}, finish_reason: 'length' }],
  outrider: { mode: 'mix', edges: ['e'], tokens: 3, acceptedDrafts: 2, rejectedDrafts: 5 },
});

/** @param parts of the answer's bytes; an error ends them */
function answererOf(answer: Response | readonly (string | Uint8Array | Error)[], key: string | null = null) {
  const requests: { readonly path: string; readonly headers: Headers; readonly body: unknown }[] = [];
  const encoder = new TextEncoder();
  const answerer = new HttpAnswerer(
    () => key,
    async (path, { headers, body }) => {
      requests.push({ path, headers: new Headers(headers), body: JSON.parse(String(body ?? 'null')) });
      if (answer instanceof Response) return answer;
      if (path === '/v1/models') return Response.json(models);
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const part of answer) {
            if (part instanceof Error) return controller.error(part);
            controller.enqueue(typeof part === 'string' ? encoder.encode(part) : part);
          }
          return controller.close();
        },
      });
      return new Response(stream);
    },
  );
  const parts: AnswerPart[] = [];
  const ask = (more: Partial<Question> = {}) =>
    answerer.answer({ ...question, ...more }, (part) => parts.push(part), new AbortController().signal);
  return { answerer, ask, parts, requests };
}

describe('the answerer over HTTP', () => {
  it('asks what the endpoint is, and for facts, with the key', async () => {
    const { answerer, requests } = answererOf([], 'k');
    expect(await answerer.open()).toEqual({ model: 'm', drafts: 'device', emulated: { roundTripMs: 60 } });
    const [request] = requests;
    expect([...(request?.headers ?? [])]).toEqual([
      ['authorization', 'Bearer k'],
      ['x-outrider-facts', 'yes'],
    ]);
  });

  it('reads text, tokens and figures of a stream, however it is cut into pieces', async () => {
    const pieces = [{ text: 'né', drafted: true }];
    const stream = `${text('')}${text('né', { pieces })}${text('!')}${last}${event('[DONE]')}`;
    const bytes = new TextEncoder().encode(stream);
    const { ask, parts, requests } = answererOf([...bytes].map((byte) => Uint8Array.of(byte)));
    const end = await ask();
    expect(end).toEqual({
      ...{ reason: 'length', mode: 'mix', edges: ['e'], tokens: 3, acceptedDrafts: 2, sentDrafts: 7 },
    });
    expect(parts).toEqual([
      { text: 'né', pieces, verified: true },
      { text: '!', pieces: [], verified: true },
    ]);
    expect(requests[1]).toMatchObject({
      path: '/v1/chat/completions',
      body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }], seed: 7, max_tokens: 9, stream: true },
    });
    expect(requests[1]?.headers.get('x-outrider-mode')).toBeNull();
  });

  it('asks for the edge alone where there shall be no drafts', async () => {
    const { ask, requests } = answererOf([event('[DONE]')]);
    await ask({ withDrafts: false });
    expect(requests[1]?.headers.get('x-outrider-mode')).toBe('ar');
  });

  it('reports text that no edge has verified, and when one has', async () => {
    const local = event({ choices: [{ delta: { content: 'a' } }], spec: { verified: false, from: 0 } });
    const checked = event({ choices: [{ delta: { content: '' } }], spec: { verified: true } });
    const { ask, parts } = answererOf([local, checked, last, event('[DONE]')]);
    await ask();
    expect(parts.map(({ text: part, verified }) => [part, verified])).toEqual([
      ['a', false],
      ['', true],
    ]);
  });

  it.each<[string, readonly (string | Error)[]]>([
    ['ends before its end', [text('half'), text('of')]],
    ['breaks', [text('half'), new Error('reset')]],
    ['is not what it says', [text('half'), event('{"choices":')]],
  ])('calls an answer cut that %s, after what has come', async (_, answer) => {
    const { ask, parts } = answererOf(answer);
    await expect(ask()).rejects.toMatchObject({ kind: 'cut' });
    expect(parts[0]?.text ?? 'half').toBe('half');
  });

  it.each([
    [event({ error: { code: 'invalid_api_key', message: 'revoked' } }), { kind: 'key' }],
    [event({ error: { code: 'edge_silent', message: 'silent' } }), { kind: 'refused', message: 'silent' }],
  ])('raises what fails in the middle: %s', async (failure, expected) => {
    const { ask, parts } = answererOf([text('half'), failure]);
    await expect(ask()).rejects.toMatchObject(expected);
    expect(parts).toHaveLength(1);
  });

  it.each([
    [Response.json({ error: { code: 'invalid_api_key' } }, { status: 401 }), { kind: 'key' }],
    [Response.json({ error: { code: 'missing_scope' } }, { status: 403 }), { kind: 'key' }],
    [Response.json({ error: { message: 'full' } }, { status: 429 }), { kind: 'refused', message: 'full' }],
    [new Response('<html>Bad gateway</html>', { status: 502 }), { kind: 'refused', message: 'status 502' }],
    [new Response('<html>Welcome</html>'), { kind: 'away' }],
  ])('says why there is no answer: %#', async (answer, expected) => {
    await expect(answererOf(answer).answerer.open()).rejects.toMatchObject(expected);
  });

  it('says that nothing answers', async () => {
    const answerer = new HttpAnswerer(
      () => null,
      () => Promise.reject(new TypeError('Failed to fetch')),
    );
    await expect(answerer.open()).rejects.toMatchObject({ kind: 'away' });
  });
});
