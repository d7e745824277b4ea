// The HTTP app: routes, each with its rule, behind one guard that refuses every request that no rule allows. It does not depend on a port
// or a process.

import type { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import { asOutriderError } from '../../core/basics/errors.ts';
import { defaultKeptLimits } from '../../core/protocol/wire/kept-streams.ts';
import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import { peerAddress } from '../../network/transport-node/port-limits.ts';
import type { AnswerFormat, AnswerHead } from './answer-format.ts';
import { answerRequest, ignoredHeaders } from './answer-request.ts';
import { messagesFormat } from './anthropic-answers.ts';
import { readCountRequest, readMessagesRequest } from './anthropic-messages.ts';
import { ApiError, apiErrorOf } from './api-error.ts';
import { type ApiRequest, nothingAsked } from './api-request.ts';
import { type Completer, startingWith } from './completion-port.ts';
import { allowOrigin, isForForeignPage } from './cors.ts';
import { AnswerKeeper, type FailureEvents } from './kept-answers.ts';
import { addModels, requireModel } from './model-routes.ts';
import { chatFormat, textFormat } from './openai-answers.ts';
import { readChatRequest, readTextRequest } from './openai-requests.ts';
import { readResponsesRequest } from './openai-responses.ts';
import { type EndpointFacts, withOwnHeaders } from './outrider-headers.ts';
import { addPage, addPageFiles, type PageFiles } from './pages.ts';
import { beforeTheRest, bodyOf, type EarlyRefusals, messagesPath, refusedMs, retryHeaders } from './refusals.ts';
import { announcedCost, RequestBody } from './request-body.ts';
import { RequestIntake, requestBytes } from './request-intake.ts';
import { bodyLimitsOf, demandCounts, schemaCost } from './request-limits.ts';
import { type HttpObserver, RequestWatch } from './request-record.ts';
import { responsesFormat } from './responses-answers.ts';
import { type RouteScope, routeOf, routeRules } from './route-rules.ts';
import { addStreamRoutes, keptFor, ownerOf, replacedBy } from './stream-routes.ts';
import { addWeights, type TabFiles } from './tab-weights.ts';

type Format = (head: AnswerHead, request: ApiRequest) => AnswerFormat;

export interface HttpAppSettings {
  readonly completer: Completer;
  readonly version: string;
  readonly nowMs: () => number;
  /** Wall clock, which answers are dated by. Default: `Date.now`. */
  readonly dateMs?: () => number;
  /** 64 random bits: seeds of requests that name none, and ids. */
  readonly randomBits: () => bigint;
  /** Why a request may not come in, by its host and origin; null: it may. */
  readonly refuses: (headers: Headers) => string | null;
  /** Whether a key may use the routes that ask for this; undefined: none was shown. False: it is unknown. */
  readonly mayUse: (key: string | undefined, scope: RouteScope) => boolean | KeyRefusal;
  /** Whom a key that may be used counts for. Default: the address, without a bound of answers. */
  readonly accountOf?: (key: string | undefined, scope: RouteScope) => Account;
  /** What requests may cost. Default: as much as they do, but for the room of unfinished bodies. */
  readonly intake?: RequestIntake;
  /** Answers that outlive their connection. Default: those of this app. */
  readonly keeper?: AnswerKeeper;
  /** Notified of the keys that have to wait. */
  readonly early?: EarlyRefusals;
  /** Name of a key that is known, for logs, whatever it may be used for; default: keys have none. */
  readonly keyName?: (key: string | undefined) => string | null;
  /** What GET /metrics answers, as Prometheus reads it; default: nothing, with status 404. */
  readonly metrics?: (() => Promise<string>) | undefined;
  readonly observer?: HttpObserver | undefined;
  /** Default: none. */
  readonly pages?: PageFiles | undefined;
  /** What a browser's tab may load to draft here; default: nothing. */
  readonly tabFiles?: TabFiles | undefined;
  /** What GET /v1/models reports of this endpoint where a request asks for facts; default: nothing. */
  readonly facts?: EndpointFacts | undefined;
  /** Called for failures that are bugs. */
  readonly onFault?: (error: unknown) => void;
}

/** Who is counted together. */
export interface Account {
  /** Null: whoever is at the same address. */
  readonly keyId: string | null;
  /** Answers that may run or wait at the same time. */
  readonly mostAnswers: number;
}

/** The account of a request without a key that may be used. */
export const noAccount: Account = { keyId: null, mostAnswers: Number.POSITIVE_INFINITY };

/** Why a known key may not use a route. */
export interface KeyRefusal {
  /** 401: it is valid no more; 403: it lacks the scope. */
  readonly status: 401 | 403;
  /** One line. */
  readonly cause: string;
}

/** Text exposition format of Prometheus. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/** Routes behind one guard. */
export type HttpApp = Hono;

/** "GET /health": what the app answers, a line each. */
export function routesOf(app: HttpApp): readonly string[] {
  const routes = app.routes.filter(({ method }) => method !== 'ALL');
  return [...new Set(routes.map(({ method, path }) => `${method} ${path.replace('{.+}', '')}`))];
}

export function createHttpApp(settings: HttpAppSettings): HttpApp {
  const { completer, nowMs, dateMs, intake = new RequestIntake() } = settings;
  const { keeper = new AnswerKeeper(nowMs, defaultKeptLimits, dateMs) } = settings;
  const app = new Hono();
  const asks: Asks = new WeakMap();
  const newId = (): string => settings.randomBits().toString(16).padStart(16, '0');

  app.use(async (context, next) => {
    const { raw, method, path } = context.req;
    const about = { request: newId(), route: routeOf(method, path), address: addressOf(context.env) };
    const watch = new RequestWatch(settings.observer, nowMs, about);
    const body = new RequestBody(raw, incomingOf(context.env));
    const ask: Ask = { watch, body, account: noAccount, address: about.address ?? '' };
    asks.set(raw, ask);
    await next();
    if (context.res.status === 429) await new Promise((resolve) => setTimeout(resolve, refusedMs));
    if (context.res.status >= 400 && !body.isOver)
      context.res = await beforeTheRest(context.res, body.discard(senderOf(ask), intake));
    context.header('x-request-id', watch.id);
    // It may be for one key only, and a cache need not know all headers that carry one.
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store');
    watch.answered(context.res.status);
  });
  addGuard(app, { ...settings, intake }, asks);
  addFailures(app, settings, asks);
  addKnowledge(app, settings);
  if (settings.pages !== undefined) {
    addPage(app, settings.pages, '/', 'chat');
    addPageFiles(app, settings.pages);
  }
  if (settings.tabFiles !== undefined) {
    const senderOfAsk = (request: Request): Sender => senderOf(askOf(asks, request));
    addWeights(app, { files: settings.tabFiles, model: completer.model, nowMs, senderOf: senderOfAsk });
  }
  const jsonOf = async (raw: Request, path: string): Promise<unknown> => {
    const ask = askOf(asks, raw);
    const json = await ask.body.json(senderOf(ask), bodyLimitsOf(path, completer), intake);
    demandCounts(json, completer);
    intake.spend(senderOf(ask), schemaCost(json));
    return json;
  };
  addAnswers(app, { settings, asks, jsonOf, newId, keeper, intake });
  addStreamRoutes(app, {
    keeper,
    ownerOf: (raw) => ownerOf(senderOf(askOf(asks, raw)), raw.headers, keyOf(raw.headers)),
    jsonOf: (raw) => jsonOf(raw, ''),
    hasBody: (raw) => !askOf(asks, raw).body.isOver,
    spend: (raw, bytes) => intake.spend(senderOf(askOf(asks, raw)), bytes),
  });
  app.post(`${messagesPath}/count_tokens`, async (context) => {
    const { model, prompt } = readCountRequest(await jsonOf(context.req.raw, context.req.path));
    requireModel(completer, model);
    return context.json({ input_tokens: await completer.count(prompt) });
  });
  return app;
}

interface AnswerRoutes {
  readonly settings: HttpAppSettings;
  readonly asks: Asks;
  readonly jsonOf: (raw: Request, path: string) => Promise<unknown>;
  readonly newId: () => string;
  readonly keeper: AnswerKeeper;
  readonly intake: RequestIntake;
}

/** Routes that answer a prompt. */
function addAnswers(app: Hono, { settings, asks, jsonOf, newId, keeper, intake }: AnswerRoutes): void {
  const { completer, dateMs = Date.now } = settings;
  const answers = (path: string, idPrefix: string, format: Format, read: typeof readChatRequest): void => {
    app.post(path, async (context) => {
      const json = await jsonOf(context.req.raw, path);
      const request = withOwnHeaders(read(json, settings.randomBits), context.req.raw.headers);
      requireModel(completer, request.model);
      requireReady(completer);
      const ask = askOf(asks, context.req.raw);
      const { watch, account } = ask;
      const { headers, signal } = context.req.raw;
      const owner = ownerOf(senderOf(ask), headers, keyOf(headers));
      // One that is asked for again ends as soon as the new one may begin.
      const most = account.mostAnswers + replacedBy(keeper, request, owner, headers);
      const ended = intake.reserve(senderOf(ask), request.asked.length, most);
      const id = `${idPrefix}${watch.id}`;
      const head = { id, createdSeconds: Math.floor(dateMs() / 1000), model: completer.model };
      const written = format(head, request);
      const failures = failuresOf(format, head);
      const about = { owner, headers, responseId: id, format: written, failures };
      const kept = orElse(
        () => keptFor(keeper, request, about),
        () => request.asked.forEach(ended),
      );
      const counted = watch.watching(reportingEnd(completer, ended), request.stream);
      const asker = { credentials: keyOf(headers), signal, onFault: settings.onFault ?? (() => {}), newId, kept };
      const answer = answerRequest(counted, request, written, asker);
      if (!request.isBackground || request.stream || kept === null) return answer;
      // Whoever asks for it later gets the failure.
      answer.catch(() => {});
      return context.json(kept.begun, 200, ignoredHeaders(request));
    });
  };
  answers('/v1/chat/completions', 'chatcmpl-', chatFormat, readChatRequest);
  answers('/v1/completions', 'cmpl-', textFormat, readTextRequest);
  answers('/v1/responses', 'resp_', responsesFormat, readResponsesRequest);
  answers(messagesPath, 'msg_', messagesFormat, readMessagesRequest);
}

/** It lasts longer than the request, and holds nothing of it. */
function failuresOf(format: Format, head: AnswerHead): FailureEvents {
  return (error) => format(head, nothingAsked).stream().failed(error);
}

/** What is known of a request beside its headers. */
interface Ask {
  readonly watch: RequestWatch;
  readonly body: RequestBody;
  account: Account;
  /** Address of the peer; '': unknown. */
  readonly address: string;
}

type Asks = WeakMap<Request, Ask>;

function senderOf({ account: { keyId }, address }: Ask): Sender {
  return { keyId, address };
}

/** @param otherwise done where it throws */
function orElse<Value>(make: () => Value, otherwise: () => void): Value {
  try {
    return make();
  } catch (error) {
    otherwise();
    throw error;
  }
}

function askOf(asks: Asks, request: Request): Ask {
  const ask = asks.get(request);
  if (ask === undefined) throw new Error('a request that went by the first handler');
  return ask;
}

function addGuard(app: Hono, settings: HttpAppSettings & { readonly intake: RequestIntake }, asks: Asks): void {
  const { intake, completer } = settings;
  app.use(async (context, next) => {
    const { headers } = context.req.raw;
    const refusal = settings.refuses(headers);
    if (refusal !== null) throw new ApiError(403, 'forbidden', refusal);
    const origin = headers.get('origin');
    if (origin !== null) allowOrigin(context.res.headers, origin);
    if (context.req.method === 'OPTIONS') return context.body(null, 204);
    // Which paths there are is for those who may use some.
    const scope = routeRules[routeOf(context.req.method, context.req.path)] ?? 'chat';
    if (scope === 'public') return next();
    if (isForForeignPage(headers)) throw new ApiError(403, 'forbidden', foreignPage);
    const ask = askOf(asks, context.req.raw);
    const shown = keyOf(headers);
    const word = settings.mayUse(shown, scope);
    const mayUse = word === true;
    if (mayUse) ask.account = settings.accountOf?.(shown, scope) ?? noAccount;
    const limits = bodyLimitsOf(context.req.path, completer);
    ask.watch.key = settings.keyName?.(shown) ?? null;
    const cost = mayUse ? announcedCost(ask.body, limits) : requestBytes;
    try {
      intake.spend(senderOf(ask), cost);
    } catch (error) {
      const key = ask.watch.key;
      if (mayUse && error instanceof ApiError) settings.early?.add(ask.address, headers, { error, key, cost });
      throw error;
    }
    if (!mayUse) throw keyError(word || unknownKey);
    return next();
  });
}

const foreignPage = 'a page of another origin asks without saying which; list its origin, and let it ask by fetch';

const unknownKey: KeyRefusal = {
  status: 401,
  cause: 'the key is missing or wrong; send it as "Authorization: Bearer KEY"',
};

function keyError({ status, cause }: KeyRefusal): ApiError {
  return new ApiError(status, status === 403 ? 'missing_scope' : 'invalid_api_key', cause);
}

function addFailures(app: Hono, settings: HttpAppSettings, asks: Asks): void {
  app.onError((error, context) => {
    const answer = error instanceof ApiError ? error : apiErrorOf(asOutriderError(error));
    if (answer.code === 'internal') settings.onFault?.(error.cause ?? error);
    const watch = asks.get(context.req.raw)?.watch;
    if (watch !== undefined) watch.code = answer.code;
    for (const [name, value] of Object.entries(retryHeaders(answer))) context.header(name, value);
    return context.json(bodyOf(answer, context.req, watch?.id ?? ''), answer.status as 400);
  });
  app.notFound(({ req }) => {
    throw new ApiError(404, 'unknown_url', `there is no ${req.method} ${req.path}`);
  });
}

/** Routes that describe this process. */
function addKnowledge(app: Hono, { completer, version, metrics, facts }: HttpAppSettings): void {
  app.get('/health', (context) => {
    const { state } = completer;
    return context.json({ status: state }, state === 'ready' ? 200 : 503);
  });
  app.get('/metrics', async (context) => {
    if (metrics === undefined) throw new ApiError(404, 'unknown_url', 'this endpoint keeps no metrics');
    return context.body(await metrics(), 200, { 'content-type': metricsType });
  });
  app.get('/version', (context) => context.json({ version }));
  addModels(app, completer, facts);
}

/** The same completer; it reports the end of each answer that was begun. */
function reportingEnd(completer: Completer, ended: () => void): Completer {
  return startingWith(completer, async (request) => {
    try {
      const completion = await completer.start(request);
      completion.end.then(ended, ended);
      return completion;
    } catch (error) {
      ended();
      throw error;
    }
  });
}

/** The request of a port of Node's; undefined: the app was asked without one. */
function incomingOf(env: unknown): IncomingMessage | undefined {
  return (env as { readonly incoming?: IncomingMessage } | undefined)?.incoming;
}

/** The peer, where the app answers requests of a port of Node's. */
function addressOf(env: unknown): string | null {
  const address = peerAddress(incomingOf(env)?.socket.remoteAddress);
  return address === '' ? null : address;
}

/** A key by either header that the clients use. */
function keyOf(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? [];
  return bearer ?? headers.get('x-api-key') ?? undefined;
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
