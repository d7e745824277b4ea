// The tables of docs/use/http.md: each row is shown by requests, and the page has the rows as they are.

import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { type ErrorCode, OutriderError } from '../src/core/basics/errors.ts';
import { createGrammarEngine } from '../src/models/engines/xgrammar.ts';
import { createToyTokenizer } from '../src/models/port/toy-tokenizer.ts';
import { createHttpApp, type HttpAppSettings } from '../src/processes/http/app.ts';
import type { Completer, CompletionRequest } from '../src/processes/http/completion-port.ts';
import { listenHttp } from '../src/processes/http/listen-http.ts';
import { routeRules } from '../src/processes/http/route-rules.ts';
import { type Ask, least, paths } from './http-page/ask.ts';
import { failureRows, type Proof } from './http-page/failures.ts';
import { fieldRows } from './http-page/fields.ts';
import { pageWithTables, routeWords } from './http-page/page.ts';
import { schemaRows } from './http-page/schemas.ts';

const page = readFileSync('docs/use/http.md', 'utf8');

interface Bed {
  readonly app: ReturnType<typeof createHttpApp>;
  /** What the writer was asked for. */
  readonly written: CompletionRequest[];
}

/** An endpoint whose writer notes what it is asked, and fails. */
function bedOf(
  more: Partial<HttpAppSettings> = {},
  failure = new OutriderError('edge-unreachable', 'nobody writes', 'try again'),
  state: Completer['state'] = 'ready',
): Bed {
  const written: CompletionRequest[] = [];
  const app = createHttpApp({
    completer: {
      model: 'm',
      createdSeconds: 0,
      contextTokens: 2048,
      state,
      count: () => 1,
      start(request) {
        written.push(request);
        return Promise.reject(failure);
      },
    },
    version: '0.0.0',
    nowMs: () => 0,
    randomBits: () => 1n,
    refuses: () => null,
    mayUse: () => true,
    ...more,
  });
  return { app, written };
}

interface Answered {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;
  readonly retryAfter: string | null;
}

async function ask({ app }: Bed, { path = paths.chat, body }: Ask): Promise<Answered> {
  const sent = JSON.stringify({ model: 'm', ...least[path], ...body });
  return answered(await app.request(path, { method: 'POST', body: sent }));
}

/** Below /v1/messages the type of the error stands for its code. */
async function answered(response: Response): Promise<Answered> {
  const { status, headers } = response;
  const { error } = (await response.json()) as { readonly error?: { code?: string; param?: string; message?: string } };
  return { status, code: error?.code ?? null, param: error?.param ?? null, retryAfter: headers.get('retry-after') };
}

describe('the page', () => {
  it('has the tables as they are: "npm run docs:commands" writes them', () => {
    expect(pageWithTables(page)).toBe(page);
    expect(pageWithTables(page.replace('| `seed` |', '| `seeds` |'))).toBe(page);
    expect(() => pageWithTables('no place here')).toThrow('<!-- routes -->');
  });

  it('names every route', () => {
    expect(Object.keys(routeWords).sort()).toEqual(Object.keys(routeRules).sort());
  });

  it('names every code that the endpoint has', () => {
    const folder = 'src/processes/http/';
    const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.includes('.test.'));
    const literals = sources.flatMap((name) => [
      ...readFileSync(`${folder}${name}`, 'utf8').matchAll(
        /(?<=ApiError\(\d{3}, '|\[\d{3}, '|403 \? '|403 \? 'missing_scope' : '|: \[')[a-z]+_[a-z_]+(?=')/g,
      ),
    ]);
    const codes = new Set(literals.map(([code]) => code));
    const told = new Set(failureRows.flatMap((row) => row.codes));
    expect(codes.size).toBeGreaterThan(20);
    expect([...codes].filter((code) => !told.has(code))).toEqual([]);
  });
});

describe('the fields', () => {
  it.each(fieldRows)('$fields', async ({ fields, asks }) => {
    for (const one of asks) {
      const bed = bedOf();
      const { path = paths.chat, body, writes, ignores, refused } = one;
      const about = JSON.stringify(one, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
      const found = await ask(bed, one);
      if (refused !== undefined) {
        const [status, code, param] = refused;
        // Anthropic's shape has neither.
        const names = path === paths.messages ? { code: null, param: null } : { code, param };
        expect(found, about).toMatchObject({ status, ...names });
        continue;
      }
      expect(found.status, about).toBe(503);
      if (writes !== undefined) expect(bed.written, about).toMatchObject(writes);
      if (ignores !== undefined) expect(await ignoredOf(path, body), about).toEqual(ignores);
    }
    const sent = asks.map(({ body }) => JSON.stringify(body)).join();
    for (const [, name = ''] of fields.matchAll(/`([a-z_.]+)`/g))
      for (const part of name.split('.')) expect(sent, `no request has ${name}`).toContain(`"${part}"`);
  });
});

async function ignoredOf(path: string, body: object): Promise<readonly string[]> {
  const { app } = bedOf({
    completer: {
      ...{ model: 'm', createdSeconds: 0, contextTokens: 2048, state: 'ready' as const, count: () => 1 },
      async start() {
        const counts = { promptTokens: 1, completionTokens: 0, acceptedDrafts: 0, rejectedDrafts: 0 };
        const end = Promise.resolve({ reason: 'end' as const, stopText: null, ...counts, fingerprints: ['0123'] });
        return { promptTokens: 1, rounds: (async function* () {})(), end, fingerprint: () => '0123' };
      },
    },
  });
  const sent = JSON.stringify({ model: 'm', ...least[path], ...body });
  const response = await app.request(path, { method: 'POST', body: sent });
  return response.headers.get('x-ignored-params')?.split(', ') ?? [];
}

describe('JSON schemas', () => {
  const tokenizer = createToyTokenizer(2048);
  const grammars = createGrammarEngine(tokenizer, { compileWork: 5e9 });
  afterAll(() => grammars[Symbol.asyncDispose]());
  const formatOf = (schema: object, strict: boolean) => ({
    response_format: { type: 'json_schema', json_schema: { name: 'x', strict, schema } },
  });

  async function takes(grammar: NonNullable<CompletionRequest['grammar']>, text: string): Promise<boolean> {
    const ids = tokenizer.encode(text);
    const [end = 0] = tokenizer.endIds;
    const matcher = await grammars.open(grammar);
    const masks = await matcher.masks(0, () => [], ids);
    await matcher.close();
    return [...ids, end].every((id, place) => (((masks[place]?.[id >> 5] ?? 0) >> (id & 31)) & 1) === 1);
  }

  it.each(schemaRows)('$keywords', async ({ keywords, asks }) => {
    for (const { schema, fits = [], others = [], unkept = [] } of asks) {
      const about = JSON.stringify(schema);
      const bed = bedOf();
      await ask(bed, { body: formatOf(schema, false) });
      const [request] = bed.written;
      if (request?.grammar === undefined) throw new Error(`${about} has no grammar`);
      for (const text of fits) expect(await takes(request.grammar, text), `${about} ${text}`).toBe(true);
      for (const text of others) expect(await takes(request.grammar, text), `${about} ${text}`).toBe(false);
      const field = 'response_format.json_schema.schema';
      const ignored = await ignoredOf(paths.chat, formatOf(schema, false));
      expect(ignored, about).toEqual(unkept.map((name) => `${field}.${name}`));
      const strict = await ask(bedOf(), { body: formatOf(schema, true) });
      expect(strict.code, about).toBe(unkept.length > 0 ? 'invalid_json_schema' : 'edge_unreachable');
    }
    const sent = JSON.stringify(asks);
    for (const [, name = ''] of keywords.matchAll(/`([$A-Za-z]+)`/g))
      expect(sent, `no schema has ${name}`).toContain(`"${name}"`);
  });
});

describe('the failures', () => {
  it.each(failureRows)('$status $codes', async ({ status, codes, retries, proofs }) => {
    const seen = new Set<string>();
    for (const proof of proofs) {
      const found = await comesOf(proof);
      const about = JSON.stringify(proof).slice(0, 200);
      expect(found.status, about).toBe(status);
      if (retries === true) expect(Number(found.retryAfter), about).toBeGreaterThan(0);
      else expect(found.retryAfter, about).toBeNull();
      if (found.code !== null) seen.add(found.code);
    }
    expect([...seen].sort()).toEqual([...codes].sort());
  });
});

async function comesOf(proof: Proof): Promise<Answered> {
  if ('asks' in proof) return ask(bedOf(), proof.asks);
  if ('fails' in proof) return ask(bedOf({}, failureOf(proof.fails, proof.message)), { body: bodyOf(proof.schema) });
  if ('kept' in proof) return answered(await keptBy(proof.kept));
  if ('state' in proof) return ask(bedOf({}, undefined, proof.state), { body: {} });
  if ('app' in proof) {
    const { app } = bedOf(proof.app);
    return answered(await app.request(proof.path ?? '/v1/models', { headers: proof.headers ?? {} }));
  }
  return sentTo(proof.head, proof.endsAfterMs);
}

/** Asks for a stream whose writer writes nothing. */
async function keptBy(kept: 'from beyond its end' | 'ended while it is asked for'): Promise<Response> {
  const { completer } = silent;
  const { app } = bedOf({ completer });
  const headers = { 'x-conversation-id': 'c' };
  const body = JSON.stringify({ model: 'm', ...least[paths.chat], stream: true });
  const asked = app.request(paths.chat, { method: 'POST', body, headers });
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (kept === 'from beyond its end') return app.request('/v1/stream?conv_id=c&from=1');
  await app.request('/v1/stream?conv_id=c', { method: 'DELETE' });
  return asked;
}

const silent: Pick<HttpAppSettings, 'completer'> = {
  completer: {
    ...{ model: 'm', createdSeconds: 0, contextTokens: 2048, state: 'ready', count: () => 1 },
    start: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new OutriderError('interrupted', 'given up', 'ask again')));
      }),
  },
};

function failureOf(code: ErrorCode, message = 'it has failed'): OutriderError {
  return new OutriderError(code, message, 'do something about it');
}

function bodyOf(hasSchema: true | undefined): Ask['body'] {
  return hasSchema === true ? { response_format: { type: 'json_object' } } : {};
}

/** @param head what is sent @param requestMs time for the request to be whole */
async function sentTo(head: string, requestMs = 30_000): Promise<Answered> {
  await using listener = await listenHttp(bedOf().app, '127.0.0.1', 0, { requestMs });
  const socket = connect(listener.port, '127.0.0.1');
  socket.write(head);
  const answer = await textOf(socket);
  const [, status] = /^HTTP\/1.1 (\d+)/.exec(answer) ?? [];
  const [, code = null] = /"code":"([a-z_]+)"/.exec(answer) ?? [];
  return { status: Number(status), code, param: null, retryAfter: null };
}
