// Routes to kept answers: llama-server's three for streams by the id of their conversation, and OpenAI's for responses that were asked for
// in the background. What is unknown and what is another's get the same answer.

import { createHash } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { StreamOwner, StreamPlace } from '../../core/protocol/wire/kept-streams.ts';
import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import type { AnswerFormat } from './answer-format.ts';
import { eventResponse } from './answer-request.ts';
import { ApiError, invalid } from './api-error.ts';
import { type ApiRequest, parse } from './api-request.ts';
import { type AnswerKeeper, type FailureEvents, type KeptAnswer, overrun, stopped } from './kept-answers.ts';

/** Names the conversation whose answer is kept. */
export const conversationHeader = 'x-conversation-id';
const mostIdLength = 256;
const mostIds = 256;

/** What the routes need of the app. */
export interface StreamRoutes {
  readonly keeper: AnswerKeeper;
  /** Whose streams a request may read. */
  readonly ownerOf: (request: Request) => StreamOwner;
  /** The body, where there is one. */
  readonly jsonOf: (request: Request) => Promise<unknown>;
  /** Counts bytes that are sent again as if their sender had sent them. @throws ApiError 429 */
  readonly spend: (request: Request, bytes: number) => void;
  /** Whether a body has come, or will. */
  readonly hasBody: (request: Request) => boolean;
}

/** The answer that is to be kept, as the request asks for it; null: it ends with its connection. @throws ApiError 400, 429 */
export function keptFor(
  keeper: AnswerKeeper,
  request: ApiRequest,
  about: {
    readonly owner: StreamOwner;
    readonly headers: Headers;
    readonly responseId: string;
    readonly format: AnswerFormat;
    readonly failures: FailureEvents;
  },
): KeptAnswer | null {
  const { owner, headers, responseId, format, failures } = about;
  const choices = request.asked.length;
  if (request.isBackground) {
    const [created] = format.stream().begin([], [], []);
    const begun = (created?.data as { readonly response?: object } | undefined)?.response;
    return keeper.begin({ owner, id: responseId, failures, choices, begun });
  }
  const id = conversationOf(request, headers);
  if (id === null) return null;
  if (id.length > mostIdLength) throw invalid(conversationHeader, `has more than ${mostIdLength} characters`);
  return keeper.begin({ owner, id, failures, choices });
}

/** Choices of the running answer whose place the answer to a request takes. */
export function replacedBy(keeper: AnswerKeeper, request: ApiRequest, owner: StreamOwner, headers: Headers): number {
  const id = conversationOf(request, headers);
  return id === null ? 0 : (keeper.find(owner, id)?.running ?? 0);
}

/** Null: it is not to be kept under such an id. */
function conversationOf(request: ApiRequest, headers: Headers): string | null {
  return request.stream && !request.isBackground ? headers.get(conversationHeader) || null : null;
}

/** What proxies say of whoever asks, the most usual one first. */
const forwardedHeaders = ['x-forwarded-for', 'forwarded', 'x-real-ip'];

/**
 * Whose kept answers a request may read: those of its key; where none is asked for, of its address, of what proxies say of it, and of what
 * it shows for a key. The last entry of what proxies say stands before the rest: a client can write the entries before it, and be
 * taken for many that have little each.
 */
export function ownerOf({ keyId, address }: Sender, headers: Headers, shown: string | undefined): StreamOwner {
  if (keyId !== null) return [`key ${keyId}`];
  const forwarded = forwardedHeaders.map((name) => headers.get(name) ?? '');
  const last =
    forwarded
      .find((text) => text !== '')
      ?.split(',')
      .at(-1)
      ?.trim() ?? '';
  return [`address ${address}`, digestOf(last), digestOf(forwarded.join('\n')), digestOf(shown ?? '')];
}

/** Texts of requests may be long, or a key. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

export function addStreamRoutes(app: Hono, routes: StreamRoutes): void {
  const { keeper, ownerOf, jsonOf, spend } = routes;
  const known = ({ raw }: Context['req'], id: string): KeptAnswer => {
    const answer = keeper.find(ownerOf(raw), id);
    if (answer !== undefined) return answer;
    throw new ApiError(404, 'stream_unknown', `${unknownStream}; ask again`);
  };
  app.get('/v1/stream', ({ req }) => {
    const answer = known(req, conversationIn(req));
    const { stream } = answer;
    const beyond = `"from": the stream has ${stream.totalBytes} bytes`;
    return reading(req, answer, [stream.placeOf(numberIn(req, 'from') ?? 0), beyond], spend);
  });
  app.delete('/v1/stream', ({ req, body }) => {
    const answer = keeper.find(ownerOf(req.raw), conversationIn(req));
    if (answer !== undefined) keeper.remove(answer, stoppedByOwner);
    return body(null, 204);
  });
  app.post('/v1/streams/lookup', async ({ req, json }) => {
    const { conversation_ids: ids } = parse(lookupSchema, await jsonOf(req.raw));
    const own = keeper.of(ownerOf(req.raw));
    // llama-server's page adds the model to the id.
    const found = own.filter(({ stream: { id } }) =>
      ids.some((one) => one !== '' && (id === one || id.startsWith(`${one}::`))),
    );
    return json(found.map(stateOf));
  });
  addResponseRoutes(app, routes, (req) => {
    const answer = known(req, req.param('id') ?? '');
    if (answer.stream.head.length === 0) return known(req, '');
    return answer;
  });
}

type Known = (request: Context['req']) => KeptAnswer;

function addResponseRoutes(app: Hono, { keeper, jsonOf, hasBody, spend }: StreamRoutes, known: Known): void {
  const path = '/v1/responses/:id';
  app.get(path, ({ req, json }) => {
    const answer = known(req);
    if (req.query('stream') === 'true') {
      const { stream } = answer;
      const beyond = `"starting_after": the last event is ${stream.nextSequence - 1}`;
      return reading(req, answer, [stream.placeAfter(numberIn(req, 'starting_after') ?? -1), beyond], spend);
    }
    answer.touch();
    spend(req.raw, answer.stream.wholeBytes);
    return json(responseOf(answer));
  });
  app.post(`${path}/cancel`, async ({ req, json }) => {
    if (hasBody(req.raw)) await jsonOf(req.raw);
    const answer = known(req);
    answer.stop(stopped(stoppedByOwner));
    spend(req.raw, answer.stream.wholeBytes);
    return json(responseOf(answer));
  });
  app.delete(path, ({ req, json }) => {
    const answer = known(req);
    keeper.remove(answer, stoppedByOwner);
    return json({ id: answer.stream.id, object: 'response', deleted: true });
  });
}

const unknownStream =
  'this key has no such answer: it ended more than 5 minutes ago, or the endpoint was started again';
const stoppedByOwner = 'whoever asked for this answer has ended it; ask again';

const lookupSchema = z.looseObject({ conversation_ids: z.array(z.string().max(mostIdLength)).max(mostIds) });

function conversationIn(request: Context['req']): string {
  const id = request.query('conv_id') ?? '';
  if (id === '') throw invalid('conv_id', 'is missing: the X-Conversation-Id of the request');
  return id;
}

/** @throws ApiError 400 */
function numberIn(request: Context['req'], name: string): number | undefined {
  const text = request.query(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalid(name, 'is no whole number from 0');
  return Number(text);
}

/** @param beyond why there is no such place yet @throws ApiError 400 */
function reading(
  { raw }: Context['req'],
  answer: KeptAnswer,
  [place, beyond]: readonly [place: StreamPlace | 'lost' | 'beyond', beyond: string],
  spend: StreamRoutes['spend'],
): Response {
  if (place === 'lost') throw overrun(answer.stream);
  if (place === 'beyond')
    throw new ApiError(400, 'stream_overrun', `${beyond}; read from there, or from its beginning`);
  spend(raw, answer.stream.costFrom(place));
  return eventResponse(answer.read(place, raw.signal), {});
}

/** As llama-server has it; times in seconds since 1970. */
function stateOf({ stream: { id, totalBytes }, startedAtMs, endedAtMs }: KeptAnswer): object {
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  return {
    conversation_id: id,
    is_done: endedAtMs !== null,
    total_bytes: totalBytes,
    started_at: seconds(startedAtMs),
    completed_at: endedAtMs === null ? 0 : seconds(endedAtMs),
  };
}

/** The response as far as it has come: its text is there when it has ended. */
function responseOf(answer: KeptAnswer): object {
  const { begun, last } = answer;
  if (last === null) return begun ?? {};
  if (last['response'] !== undefined) return last['response'] as object;
  if (answer.stopped !== null) return { ...begun, status: 'cancelled' };
  const { code, message } = last;
  return { ...begun, status: 'failed', error: { code, message } };
}
