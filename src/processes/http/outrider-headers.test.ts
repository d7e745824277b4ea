// Headers that are Outrider's own: what they add to an answer, and that they add nothing where they are not sent.

import { describe, expect, it } from 'vitest';
import { startToyEdge, toyDrafter } from '../../../test/together/toy-edge.ts';
import { createDevice } from '../device/device.ts';
import { appOf, dataOf, round } from './app.fixture.ts';
import type { CompletionRequest, Round } from './completion-port.ts';
import { createDeviceCompleter } from './device-completer.ts';

const facts = { 'x-outrider-facts': 'yes' };

async function* threeRounds(): AsyncGenerator<Round> {
  yield { ...round('Hello'), tokens: 1, pieces: [{ text: 'Hello', drafted: false }] };
  // Half a character.
  yield { ...round(''), tokens: 1, pieces: [{ text: '', drafted: true }] };
  yield { ...round(' you'), tokens: 1, acceptedDrafts: 1, pieces: [{ text: ' you', drafted: true }] };
}

async function eventsOf(
  answer: Response | Promise<Response>,
): Promise<readonly { outrider?: object; choices: object[] }[]> {
  const events = dataOf(await (await answer).text());
  return events.slice(0, -1) as readonly { outrider?: object; choices: object[] }[];
}

describe('x-outrider-facts', () => {
  it('reports the tokens of each chunk, and the figures of the end', async () => {
    const { ask } = appOf(threeRounds);
    const events = await eventsOf(ask({ stream: true }, { headers: facts }));
    expect(events.map(({ outrider }) => outrider)).toEqual([
      undefined,
      { pieces: [{ text: 'Hello', drafted: false }] },
      { pieces: [{ text: '', drafted: true }] },
      { pieces: [{ text: ' you', drafted: true }] },
      { tokens: 2, acceptedDrafts: 1, rejectedDrafts: 4 },
    ]);
  });

  it('changes nothing for those who do not ask, to the last byte', async () => {
    const { ask } = appOf(threeRounds);
    const chunk = (choice: string): string =>
      `data: {"id":"chatcmpl-0000000000000001","object":"chat.completion.chunk","created":7,"model":"m","system_fingerprint":"or_0123456789abcdef","choices":[{"index":0,${choice}}]}\n\n`;
    expect(await (await ask({ stream: true })).text()).toBe(
      [
        chunk('"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null'),
        chunk('"delta":{"content":"Hello"},"logprobs":null,"finish_reason":null'),
        chunk('"delta":{"content":" you"},"logprobs":null,"finish_reason":null'),
        chunk('"delta":{},"logprobs":null,"finish_reason":"stop"'),
        'data: [DONE]\n\n',
      ].join(''),
    );
    expect(await (await ask()).json()).not.toHaveProperty('outrider');
  });

  it('reports of the endpoint who drafts, and what is emulated', async () => {
    const own = { drafts: 'device', emulated: { roundTripMs: 60 } } as const;
    const { app } = appOf(undefined, { facts: own });
    const listed = async (path: string, headers = {}) => (await app.request(path, { headers })).json();
    expect(await listed('/v1/models', facts)).toMatchObject({ data: [{ id: 'm', outrider: own }] });
    expect(await listed('/v1/models/m', facts)).toMatchObject({ id: 'm', outrider: own });
    expect(JSON.stringify(await listed('/v1/models'))).not.toContain('outrider":{');
  });
});

describe('x-outrider-mode', () => {
  it('reaches what writes the answer', async () => {
    const asked: CompletionRequest[] = [];
    const { ask } = appOf(async function* (request) {
      asked.push(request);
      yield round('x');
    });
    await (await ask({}, { headers: { 'x-outrider-mode': 'ar' } })).text();
    await (await ask()).text();
    expect(asked.map(({ mode }) => mode)).toEqual(['ar', undefined]);
  });

  it('and a target reach it', async () => {
    const asked: CompletionRequest[] = [];
    const { ask } = appOf(async function* (request) {
      asked.push(request);
      yield round('x');
    });
    await (await ask({}, { headers: { 'x-outrider-target-ms': '62.5' } })).text();
    await (await ask()).text();
    expect(asked.map(({ targetMsPerToken }) => targetMsPerToken)).toEqual([62.5, undefined]);
  });

  it.each([
    ['x-outrider-mode', 'stream'],
    ['x-outrider-facts', 'no'],
    ['x-outrider-target-ms', '0'],
    ['x-outrider-target-ms', '-5'],
    ['x-outrider-target-ms', '4000000'],
    ['x-outrider-target-ms', 'fast'],
  ])('is refused with another value: %s %s', async (name, value) => {
    const { ask } = appOf();
    const answer = await ask({}, { headers: { [name]: value } });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 'invalid_value', param: name } });
  });

  it('leaves an answer to the edge alone, and its text as it was', async () => {
    await using edge = await startToyEdge();
    const device = createDevice({ edge: edge.url, tokenizer: edge.target.tokenizer, drafter: toyDrafter(0.8) });
    const nowMs = () => performance.now();
    const completer = createDeviceCompleter({ device, model: 'm', nowMs, mode: 'stream' });
    const { ask } = appOf(undefined, { completer });
    const fields = { stream: true, max_tokens: 60, temperature: 0, prediction: { type: 'content', content: 'no' } };
    const run = async (headers: object) => {
      const events = await eventsOf(ask(fields, { headers: { ...facts, ...headers } }));
      const pieces = events.flatMap(
        ({ outrider }) => (outrider as { pieces?: Round['pieces'] } | undefined)?.pieces ?? [],
      );
      return { text: pieces.map(({ text }) => text).join(''), pieces, end: events.at(-1)?.outrider };
    };
    const [plain, drafted] = [await run({ 'x-outrider-mode': 'ar' }), await run({})];
    expect(plain.text).toBe(drafted.text);
    expect(plain.end).toMatchObject({ mode: 'ar', acceptedDrafts: 0, rejectedDrafts: 0, edges: [edge.url] });
    expect(plain.pieces.some((piece) => piece.drafted)).toBe(false);
    expect(drafted.pieces.filter((piece) => piece.drafted).length).toBeGreaterThan(5);
  });
});
