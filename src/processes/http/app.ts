// The HTTP app: routes, each with its rule, behind one guard that refuses what no rule lets through. It knows no port and no process.

import type { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import { asOutriderError } from '../../core/basics/errors.ts';
import { peerAddress } from '../../network/transport-node/port-limits.ts';
import type { AnswerFormat, AnswerHead } from './answer-format.ts';
import { answerRequest } from './answer-request.ts';
import { messagesError, messagesFormat } from './anthropic-answers.ts';
import { readCountRequest, readMessagesRequest } from './anthropic-messages.ts';
import { ApiError, apiErrorOf } from './api-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { Completer } from './completion-port.ts';
import { chatFormat, textFormat } from './openai-answers.ts';
import { readChatRequest, readTextRequest } from './openai-requests.ts';
import { readResponsesRequest } from './openai-responses.ts';
import { type HttpObserver, RequestWatch } from './request-record.ts';
import { responsesFormat } from './responses-answers.ts';

type Format = (head: AnswerHead, request: ApiRequest) => AnswerFormat;

/** What the app is made of. */
export interface HttpAppSettings {
  readonly completer: Completer;
  readonly version: string;
  readonly nowMs: () => number;
  /** 64 random bits: seeds of requests that name none, and ids. */
  readonly randomBits: () => bigint;
  /** Why a request may not come in, by its host and origin; null: it may. */
  readonly refuses: (headers: Headers) => string | null;
  /** Whether a key may use the routes that ask for one; undefined: none was shown. */
  readonly mayUse: (key: string | undefined) => boolean;
  /** Name of a key that may be used, for logs; default: keys have none. */
  readonly keyName?: (key: string | undefined) => string | null;
  /** What GET /metrics answers, as Prometheus reads it; default: nothing, with status 404. */
  readonly metrics?: (() => Promise<string>) | undefined;
  /** Told of each request and each answer. */
  readonly observer?: HttpObserver | undefined;
  /** Told of failures that are bugs. */
  readonly onFault?: (error: unknown) => void;
}

/** `public`: anybody; `key`: whoever shows a key that {@link HttpAppSettings.mayUse} takes. */
export type RouteRule = 'public' | 'key';

/** Every route of the app and its rule; what is not here is refused. */
export const routeRules: Readonly<Record<string, RouteRule>> = {
  'GET /health': 'public',
  'GET /version': 'key',
  'GET /metrics': 'key',
  'GET /v1/models': 'key',
  'GET /v1/models/:model': 'key',
  'POST /v1/chat/completions': 'key',
  'POST /v1/completions': 'key',
  'POST /v1/responses': 'key',
  'POST /v1/messages': 'key',
  'POST /v1/messages/count_tokens': 'key',
};

/** Those of Anthropic's clients begin so. */
const messagesPath = '/v1/messages';
/** Text exposition format of Prometheus. */
const metricsType = 'text/plain; version=0.0.4; charset=utf-8';
/** Largest body of a request, bytes. */
const maxBodyBytes = 4 * 1024 * 1024;

/** Routes behind one guard. */
export type HttpApp = Hono;

/** "GET /health": what the app answers, a line each. */
export function routesOf(app: HttpApp): readonly string[] {
  const routes = app.routes.filter(({ method }) => method !== 'ALL');
  return [...new Set(routes.map(({ method, path }) => `${method} ${path.replace('{.+}', '')}`))];
}

export function createHttpApp(settings: HttpAppSettings): HttpApp {
  const { completer, nowMs } = settings;
  const app = new Hono();
  const watches: Watches = new WeakMap();
  const newId = (): string => settings.randomBits().toString(16).padStart(16, '0');

  app.use(async (context, next) => {
    const { raw, method, path } = context.req;
    const about = { request: newId(), route: routeOf(method, path), address: addressOf(context.env) };
    const watch = new RequestWatch(settings.observer, nowMs, about);
    watches.set(raw, watch);
    await next();
    context.header('x-request-id', watch.id);
    watch.answered(context.res.status);
  });
  addGuard(app, settings, watches);
  addFailures(app, settings, watches);
  addKnowledge(app, settings);
  const answers = (path: string, idPrefix: string, format: Format, read: typeof readChatRequest): void => {
    app.post(path, async (context) => {
      const request: ApiRequest = read(await jsonOf(context.req.raw), settings.randomBits);
      requireModel(completer, request.model);
      requireReady(completer);
      const watch = watches.get(context.req.raw);
      const id = `${idPrefix}${watch?.id ?? newId()}`;
      const head = { id, createdSeconds: Math.floor(nowMs() / 1000), model: completer.model };
      const { headers, signal } = context.req.raw;
      const asker = { credentials: keyOf(headers), signal, onFault: settings.onFault ?? (() => {}), newId };
      return answerRequest(
        watch?.watching(completer, request.stream) ?? completer,
        request,
        format(head, request),
        asker,
      );
    });
  };
  answers('/v1/chat/completions', 'chatcmpl-', chatFormat, readChatRequest);
  answers('/v1/completions', 'cmpl-', textFormat, readTextRequest);
  answers('/v1/responses', 'resp_', responsesFormat, readResponsesRequest);
  answers(messagesPath, 'msg_', messagesFormat, readMessagesRequest);
  app.post(`${messagesPath}/count_tokens`, async (context) => {
    const { model, prompt } = readCountRequest(await jsonOf(context.req.raw));
    requireModel(completer, model);
    return context.json({ input_tokens: await completer.count(prompt) });
  });
  return app;
}

type Watches = WeakMap<Request, RequestWatch>;

/** Lets through what a rule lets through. */
function addGuard(app: Hono, settings: HttpAppSettings, watches: Watches): void {
  app.use(async (context, next) => {
    const { headers } = context.req.raw;
    const refusal = settings.refuses(headers);
    if (refusal !== null) throw new ApiError(403, 'forbidden', refusal);
    const origin = headers.get('origin');
    if (origin !== null) allowOrigin(context.res.headers, origin);
    if (context.req.method === 'OPTIONS') return context.body(null, 204);
    if (routeRules[routeOf(context.req.method, context.req.path)] === 'public') return next();
    if (!settings.mayUse(keyOf(headers)))
      throw new ApiError(401, 'invalid_api_key', 'the key is missing or wrong; send it as "Authorization: Bearer KEY"');
    const watch = watches.get(context.req.raw);
    if (watch !== undefined) watch.key = settings.keyName?.(keyOf(headers)) ?? null;
    return next();
  });
}

function addFailures(app: Hono, settings: HttpAppSettings, watches: Watches): void {
  app.onError((error, context) => {
    const answer = error instanceof ApiError ? error : apiErrorOf(asOutriderError(error));
    if (answer.code === 'internal') settings.onFault?.(error.cause ?? error);
    const watch = watches.get(context.req.raw);
    if (watch !== undefined) watch.code = answer.code;
    for (const [name, value] of Object.entries(retryHeaders(answer))) context.header(name, value);
    return context.json(bodyOf(answer, context.req.path, watch?.id ?? ''), answer.status as 400);
  });
  app.notFound((context) => {
    const cause = `there is no ${context.req.method} ${context.req.path}`;
    const answer = new ApiError(404, 'unknown_url', cause);
    const watch = watches.get(context.req.raw);
    if (watch !== undefined) watch.code = answer.code;
    return context.json(bodyOf(answer, context.req.path, watch?.id ?? ''), 404);
  });
}

/** A failure in the words of the route's clients. */
function bodyOf(error: ApiError, path: string, requestId: string): object {
  return path.startsWith(messagesPath) ? messagesError(error, requestId) : error.body;
}

/** Routes that tell what is here. */
function addKnowledge(app: Hono, { completer, version, metrics }: HttpAppSettings): void {
  const { model: id, createdSeconds: created } = completer;
  const model = { id, object: 'model', created, owned_by: 'outrider' };
  app.get('/health', (context) => {
    const { state } = completer;
    return context.json({ status: state }, state === 'ready' ? 200 : 503, { 'cache-control': 'no-store' });
  });
  app.get('/metrics', async (context) => {
    if (metrics === undefined) throw new ApiError(404, 'unknown_url', 'this endpoint keeps no metrics');
    return context.body(await metrics(), 200, { 'content-type': metricsType, 'cache-control': 'no-store' });
  });
  app.get('/version', (context) => context.json({ version }));
  app.get('/v1/models', (context) => context.json({ object: 'list', data: [model] }));
  app.get('/v1/models/:model{.+}', (context) => {
    requireModel(completer, context.req.param('model'));
    return context.json(model);
  });
}

/** The route that answers, as {@link routeRules} has it; `other`: none does, and only whoever may use the others is told so. */
function routeOf(method: string, path: string): string {
  const verb = method === 'HEAD' ? 'GET' : method;
  const route = `${verb} ${path}`;
  if (Object.hasOwn(routeRules, route)) return route;
  return route.startsWith('GET /v1/models/') ? 'GET /v1/models/:model' : 'other';
}

/** The peer, where the app answers requests of a port of Node's. */
function addressOf(env: unknown): string | null {
  const incoming = (env as { readonly incoming?: IncomingMessage } | undefined)?.incoming;
  const address = peerAddress(incoming?.socket.remoteAddress);
  return address === '' ? null : address;
}

/** A key by either header that the clients use. */
function keyOf(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? [];
  return bearer ?? headers.get('x-api-key') ?? undefined;
}

function allowOrigin(headers: Headers, origin: string): void {
  headers.set('access-control-allow-origin', origin);
  headers.set('vary', 'origin');
  headers.set('access-control-allow-methods', 'GET, POST, OPTIONS');
  headers.set('access-control-allow-headers', allowedHeaders);
  headers.set('access-control-expose-headers', 'x-request-id, x-ignored-params, x-outrider-verified, retry-after');
}

/** What the official clients send. */
const allowedHeaders = [
  ...[
    'authorization',
    'content-type',
    'x-api-key',
    'anthropic-version',
    'anthropic-beta',
    'anthropic-dangerous-direct-browser-access',
    'user-agent',
    'openai-beta',
    'openai-organization',
    'openai-project',
  ],
  ...['arch', 'async', 'helper', 'helper-method', 'lang', 'os', 'package-version', 'poll-helper', 'retry-count'].map(
    (name) => `x-stainless-${name}`,
  ),
  ...['x-stainless-runtime', 'x-stainless-runtime-version', 'x-stainless-timeout'],
].join(', ');

function retryHeaders({ retryAfterSeconds, status }: ApiError): Readonly<Record<string, string>> {
  if (retryAfterSeconds === null) return status >= 500 ? { 'x-should-retry': 'false' } : {};
  return {
    'retry-after': `${retryAfterSeconds}`,
    'retry-after-ms': `${1000 * retryAfterSeconds}`,
    'x-should-retry': 'true',
  };
}

/** @throws ApiError 400, 413 */
async function jsonOf(request: Request): Promise<unknown> {
  const text = await textOf(request);
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, 'invalid_json', 'the body is no JSON');
  }
}

/** Reads no more than may be kept, whatever length was announced. @throws ApiError 413 */
async function textOf({ headers, body }: Request): Promise<string> {
  const tooLarge = new ApiError(413, 'request_too_large', `the body has more than ${maxBodyBytes} bytes`);
  if (Number(headers.get('content-length') ?? 0) > maxBodyBytes) throw tooLarge;
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) throw tooLarge;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    throw error === tooLarge ? error : new ApiError(400, 'invalid_json', 'the body did not come whole');
  }
  return text + decoder.decode();
}

/** @throws ApiError 503 */
function requireReady({ state }: Completer): void {
  if (state === 'ready') return;
  const [code, cause, retryAfterSeconds] = notReady[state];
  throw new ApiError(503, code, `${cause}; try again later`, { retryAfterSeconds });
}

/** Code, cause, and seconds after which another attempt may succeed. */
const notReady: Readonly<Record<Exclude<Completer['state'], 'ready'>, readonly [string, string, number]>> = {
  loading: ['model_loading', 'the models are being loaded', 2],
  draining: ['edge_draining', 'this endpoint takes no new requests: it is going down', 5],
  stalled: ['edge_stalled', 'the engine does not return from a step', 5],
};

/** @throws ApiError 404 */
function requireModel({ model }: Completer, asked: string): void {
  if (asked === model) return;
  const cause = `there is no model "${asked.slice(0, 100)}"; this endpoint has "${model}"`;
  throw new ApiError(404, 'model_not_found', cause, { param: 'model' });
}
