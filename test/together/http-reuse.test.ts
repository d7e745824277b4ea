// A growing conversation over HTTP: its beginning is evaluated once, for its owner alone, and its texts are those of an edge that holds nothing.

import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { edgeEndpoint } from '../../src/cli/edge/edge-endpoint.ts';
import { type EdgeKey, edgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import { createDevice } from '../../src/processes/device/device.ts';
import type { EdgeOptions } from '../../src/processes/edge/edge-options.ts';
import { createHttpApp } from '../../src/processes/http/app.ts';
import { createDeviceCompleter } from '../../src/processes/http/device-completer.ts';
import { createPromptOwners } from '../../src/processes/http/prompt-owners.ts';
import { createEdgeMetrics } from '../../src/processes/metrics/edge-metrics.ts';
import { startToyEdge, type ToyEdge, toyDrafter } from './toy-edge.ts';

interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** By the edge's count, without the token that the first step evaluates. */
  readonly evaluatedTokens: number;
}

type Ask = (key: string, messages: readonly Message[]) => Promise<Answer>;

const system: Message = { role: 'system', content: 'You are a coding agent. '.repeat(8) };
const answerTokens = 12;
const model = 'toy:11';

const keyOf = (shown: string): EdgeKey => edgeKey(shown);

/** @returns asks the app over a path, and counts what the edge evaluates for it */
function asking({ edge }: ToyEdge, post: (key: string, body: string) => Promise<Response>): Ask {
  return async (key, messages) => {
    const before = edge.status.prefillTokens;
    const response = await post(key, JSON.stringify({ model, messages, temperature: 0, max_tokens: answerTokens }));
    const answer = (await response.json()) as {
      readonly choices?: readonly { readonly message: { readonly content: string } }[];
      readonly usage?: {
        readonly prompt_tokens: number;
        readonly prompt_tokens_details: { readonly cached_tokens: number };
      };
    };
    return {
      status: response.status,
      text: answer.choices?.[0]?.message.content ?? '',
      promptTokens: answer.usage?.prompt_tokens ?? 0,
      cachedTokens: answer.usage?.prompt_tokens_details.cached_tokens ?? 0,
      evaluatedTokens: edge.status.prefillTokens - before,
    };
  };
}

/** The HTTP port of an edge. @param host that it is said to listen on */
async function edgePort(options: Partial<EdgeOptions> = {}, host = '127.0.0.1') {
  let onApi: RequestListener = () => {};
  const edge = await startToyEdge({ ...options, onApi: (request, response) => onApi(request, response) });
  const { keyOf: find } = options;
  const access = { listen: { host }, routeKeys: find && { find, nameOf: () => null } };
  ({ onApi } = edgeEndpoint(edge.edge, edge.target, access, { isOwnName: () => false, onFault: () => {} }));
  const url = `http://127.0.0.1:${edge.port}/v1/chat/completions`;
  const ask = asking(edge, (key, body) => {
    return fetch(url, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body });
  });
  return { edge, ask };
}

/** The endpoint of a device in front of an edge, as `outrider serve` opens it. @param credentials for the edge */
async function serve(options: Partial<EdgeOptions> = {}, credentials = '') {
  const edge = await startToyEdge(options);
  const device = createDevice({ edge: edge.url, tokenizer: edge.target.tokenizer, drafter: toyDrafter(0.8) });
  const nowMs = () => performance.timeOrigin + performance.now();
  const settings = { device, model, nowMs, credentials, ownerOf: createPromptOwners() };
  const app = createHttpApp({
    completer: createDeviceCompleter(settings),
    ...{ version: '0', nowMs, randomBits: () => 1n, refuses: () => null, mayUse: () => true },
  });
  const ask = asking(edge, async (key, body) => {
    const headers = { authorization: `Bearer ${key}` };
    return app.request('/v1/chat/completions', { method: 'POST', headers, body });
  });
  return { edge, ask };
}

const places = {
  'an edge that asks for keys': () => edgePort({ keyOf }),
  'an edge without keys, for this machine alone': () => edgePort(),
  'a device before an edge that asks for keys': () => serve({ keyOf }, 'of the device'),
  'a device before an edge without keys': () => serve(),
};

/** Asks for the turns of a conversation, each with all before it. */
async function converse(
  ask: Ask,
  turns: number,
): Promise<{ readonly asked: readonly Message[]; readonly answer: Answer }[]> {
  const said: { asked: readonly Message[]; answer: Answer }[] = [];
  let messages: readonly Message[] = [system];
  for (let turn = 0; turn < turns; turn += 1) {
    messages = [...messages, { role: 'user', content: `Now do part ${turn} of the task, and say so.` }];
    const answer = await ask('ada', messages);
    said.push({ asked: messages, answer });
    messages = [...messages, { role: 'assistant', content: answer.text }];
  }
  return said;
}

describe.each(Object.entries(places))('a growing conversation at %s', (_place, open) => {
  it('is evaluated once, said in usage, and its texts are those of a fresh edge', async () => {
    const { edge, ask } = await open();
    await using _edge = edge;
    const said = await converse(ask, 4);
    for (const [turn, { asked, answer }] of said.entries()) {
      const fresh = await edgePort();
      await using _fresh = fresh.edge;
      const cold = await fresh.ask('', asked);
      expect([cold.text, cold.cachedTokens, cold.evaluatedTokens]).toEqual([answer.text, 0, cold.promptTokens - 1]);
      expect(answer.text).not.toBe('');
      expect([answer.status, answer.promptTokens]).toEqual([200, cold.promptTokens]);
      expect(answer.evaluatedTokens).toBe(answer.promptTokens - 1 - answer.cachedTokens);
      // The prompt before is held whole, but for the generation prompt's last tokens at most.
      const before = said[turn - 1]?.answer.promptTokens ?? 0;
      expect(answer.cachedTokens).toBeGreaterThanOrEqual(before === 0 ? 0 : before - 1);
      expect(answer.cachedTokens === 0).toBe(turn === 0);
    }
  });

  it('is held for its owner alone: a right guess of another costs as much as a wrong one', async () => {
    const { edge, ask } = await open();
    await using _edge = edge;
    const [first] = await converse(ask, 1);
    const secret = first?.asked ?? [];
    const wrong = secret.map(({ role, content }) => ({ role, content: content.toUpperCase() }));
    const right = await ask('bob', secret);
    const other = await ask('eve', wrong);
    expect([right.cachedTokens, other.cachedTokens]).toEqual([0, 0]);
    for (const { evaluatedTokens, promptTokens } of [right, other]) expect(evaluatedTokens).toBe(promptTokens - 1);
    const again = await ask('ada', secret);
    expect([again.cachedTokens, again.evaluatedTokens]).toEqual([again.promptTokens - 1, 0]);
  });

  it('outlives a short request between two turns, as that for its title', async () => {
    const { edge, ask } = await open();
    await using _edge = edge;
    const said = await converse(ask, 2);
    await ask('ada', [{ role: 'user', content: 'Give a title.' }]);
    const { asked = [], answer } = said[1] ?? {};
    const next = await ask('ada', [
      ...asked,
      { role: 'assistant', content: answer?.text ?? '' },
      { role: 'user', content: 'Go on.' },
    ]);
    expect(next.cachedTokens).toBeGreaterThanOrEqual((answer?.promptTokens ?? 0) - 1);
  });
});

describe('an edge without keys that others reach', () => {
  it('holds nothing from one request to the next: it does not know whose they are', async () => {
    const { edge, ask } = await edgePort({}, '0.0.0.0');
    await using _edge = edge;
    for (const { answer } of await converse(ask, 2)) {
      expect([answer.cachedTokens, answer.evaluatedTokens]).toEqual([0, answer.promptTokens - 1]);
    }
  });
});

describe('what the edge holds', () => {
  it('costs a quota nothing, to begin with and to be written', async () => {
    const conversation = [system, { role: 'user', content: 'Begin.' }] as const;
    const fresh = await edgePort();
    await using _fresh = fresh.edge;
    const { promptTokens } = await fresh.ask('', conversation);
    // Enough for the first prompt and its answer, and for what the next turns add.
    const rowsPerMinute = promptTokens + 100;
    const limited = (shown: string): EdgeKey => edgeKey(shown, { rowsPerMinute });
    const { edge, ask } = await edgePort({ keyOf: limited });
    await using _edge = edge;
    expect(await ask('ada', conversation)).toMatchObject({ status: 200 });
    for (let turn = 0; turn < 3; turn += 1) expect(await ask('ada', conversation)).toMatchObject({ status: 200 });
    // Text that is not held does not fit into what is left.
    const other = conversation.map(({ role, content }) => ({ role, content: content.toUpperCase() }));
    expect(await ask('ada', other)).toMatchObject({ status: 429 });
    expect(await ask('ada', conversation)).toMatchObject({ status: 200 });
    expect(await ask('bob', other)).toMatchObject({ status: 200 });
  });

  it('counts as a hit of the prefix cache', async () => {
    const metrics = createEdgeMetrics({ model, version: '0', kvTokens: 8 * 1024 });
    const { edge, ask } = await edgePort({ meter: metrics.meter });
    await using _edge = edge;
    metrics.follow(edge.edge);
    const said = await converse(ask, 3);
    const value = async (name: string): Promise<number> =>
      Number(new RegExp(`^outrider_${name}\\{.*\\} (\\d+)$`, 'm').exec(await metrics.text())?.[1]);
    const sum = (of: (answer: Answer) => number): number => said.reduce((total, { answer }) => total + of(answer), 0);
    expect(await value('prefix_cache_queries_total')).toBe(sum(({ promptTokens }) => promptTokens));
    expect(await value('prefix_cache_hits_total')).toBe(sum(({ cachedTokens }) => cachedTokens));
    expect(await value('prefix_cache_hits_total')).toBeGreaterThan(0);
  });
});
