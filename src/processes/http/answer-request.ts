// From a request that has been read to its HTTP answer: whole, or as server-sent events.

import { defined } from '../../core/basics/defined.ts';
import { asOutriderError, type OutriderError } from '../../core/basics/errors.ts';
import { retrySecondsOf } from '../../core/basics/retry-time.ts';
import { EmissionQueue } from '../device/emission-queue.ts';
import { ChoiceReader } from './answer-choice.ts';
import type { AnswerEvent, AnswerFormat, AnswerStream, ChoicePart, WholeChoice } from './answer-format.ts';
import { ApiError, apiErrorOf } from './api-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { Completer, Completion, CompletionEnd, Round } from './completion-port.ts';
import { eventText, type KeptAnswer } from './kept-answers.ts';

/** Who asks. */
export interface Asker {
  readonly credentials: string | undefined;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Called for failures that are bugs, after the status was sent. */
  readonly onFault: (error: unknown) => void;
  /** Ids for what an answer has parts of. */
  readonly newId: () => string;
  /** Where the answer is written to, so that it outlives the connection; null: it ends with that. */
  readonly kept: KeptAnswer | null;
}

/** One choice that has begun: its first text is there, so what could fail at the beginning has not. */
interface Begun {
  readonly completion: Completion;
  readonly first: IteratorResult<Round, unknown>;
  readonly rounds: AsyncIterator<Round, unknown>;
  readonly reader: ChoiceReader;
  /** Whether a round without text is a part, because it has tokens. */
  readonly countsTokens: boolean;
}

/** @throws ApiError as long as nothing was sent */
export async function answerRequest(
  completer: Completer,
  request: ApiRequest,
  format: AnswerFormat,
  asker: Asker,
): Promise<Response> {
  const headers = ignoredHeaders(request);
  const gone = new AbortController();
  const { kept } = asker;
  const signal = AbortSignal.any([kept?.signal ?? asker.signal, gone.signal]);
  const begin = async (asked: ApiRequest['asked'][number]): Promise<Begun> => {
    const completion = await completer.start({ ...asked, credentials: asker.credentials, signal });
    completion.end.catch(() => {});
    const rounds = completion.rounds[Symbol.asyncIterator]();
    const reader = new ChoiceReader(request, () => `${format.callPrefix}${asker.newId()}`);
    return { completion, first: await rounds.next(), rounds, reader, countsTokens: request.facts === true };
  };
  try {
    const begun = await Promise.all(request.asked.map(begin));
    if (begun.some(({ first }) => first.done !== true && first.value.standing?.verified === false))
      headers['x-outrider-verified'] = 'no';
    const failed = (error: unknown): ApiError => {
      const failure = failureOf(error, request);
      const answer = failure instanceof ApiError ? failure : apiErrorOf(failure);
      if (answer.code === 'internal') asker.onFault(error);
      return answer;
    };
    // Its words say more than those of an answer that was given up.
    if (kept?.stopped != null) throw kept.stopped;
    const events = eventsOf(begun, format.stream(), gone, failed);
    if (kept !== null) {
      kept.write(events).catch(asker.onFault);
      return eventResponse(kept.read(beginning, asker.signal), headers);
    }
    if (request.stream) return streamed(events, headers, gone);
    return Response.json(format.whole(await Promise.all(begun.map(wholeOf))), { headers });
  } catch (error) {
    // No client waits for the other choices.
    gone.abort();
    const failure = kept?.stopped ?? failureOf(error, request);
    kept?.fail(failure instanceof ApiError ? failure : apiErrorOf(failure));
    throw failure;
  }
}

const beginning = { sequence: 0, skip: 0 };

/**
 * A failure with the field of the request that it comes from, if any. A grammar that an edge can't follow comes from one; one that it can't
 * follow in time does not.
 */
function failureOf(error: unknown, { constraint, asked }: ApiRequest): ApiError | OutriderError {
  if (error instanceof ApiError) return error;
  const failure = asOutriderError(error);
  const { code, message, remedy } = failure;
  if (code === 'context-full') return apiErrorOf(failure, asked[0]?.promptField);
  if (constraint === null || !/grammar/i.test(message)) return failure;
  const text = `${message}; ${remedy}`;
  if (code === 'edge-full')
    return new ApiError(503, 'overloaded', text, { retryAfterSeconds: retrySecondsOf(remedy) ?? 5 });
  if (code !== 'bad-argument') return failure;
  return new ApiError(400, 'invalid_json_schema', `"${constraint.field}": ${text}`, { param: constraint.field });
}

/** Most fields that the header names. */
const mostIgnored = 24;

export function ignoredHeaders({ ignored }: Pick<ApiRequest, 'ignored'>): Record<string, string> {
  return ignored.length > 0 ? { 'x-ignored-params': ignoredText(ignored) } : {};
}

function ignoredText(names: readonly string[]): string {
  const shown = names.slice(0, mostIgnored).map(headerText);
  return [...shown, ...(names.length > mostIgnored ? [`and ${names.length - mostIgnored} more`] : [])].join(', ');
}

/** Names of fields are the client's words. */
function headerText(name: string): string {
  return name.slice(0, 96).replace(/[^\x21-\x7e]/g, '?');
}

async function wholeOf({ completion, first, rounds, reader }: Begun): Promise<WholeChoice> {
  for (let next = first; next.done !== true; next = await rounds.next()) reader.read(next.value);
  const end = await completion.end;
  reader.end(end);
  return reader.whole(end);
}

/** The next event is made when the client has read the last one. */
function streamed(
  events: AsyncGenerator<AnswerEvent>,
  headers: Readonly<Record<string, string>>,
  gone: AbortController,
): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await events.next();
        if (next.done === true) controller.close();
        else controller.enqueue(encoder.encode(eventText(next.value)));
      },
      cancel: () => gone.abort(),
    },
    { highWaterMark: 0 },
  );
  return eventResponse(body, headers);
}

/** @param body server-sent events */
export function eventResponse(body: ReadableStream<Uint8Array>, headers: Readonly<Record<string, string>>): Response {
  return new Response(body, {
    headers: {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'transfer-encoding': 'chunked',
    },
  });
}

async function* eventsOf(
  begun: readonly Begun[],
  stream: AnswerStream,
  gone: AbortController,
  failed: (error: unknown) => ApiError,
): AsyncGenerator<AnswerEvent> {
  try {
    const completions = begun.map(({ completion }) => completion);
    const fingerprints = new Set(completions.flatMap((completion) => completion.fingerprint() ?? []));
    const prompts = completions.map(({ promptTokens, cachedTokens }) => ({
      promptTokens,
      cachedTokens: cachedTokens?.(),
    }));
    const standings = begun.map(({ first }) => (first.done === true ? undefined : first.value.standing));
    yield* stream.begin([...fingerprints], prompts, standings);
    const ends: CompletionEnd[] = [];
    for await (const { index, round, end } of merged(begun)) {
      const { reader } = begun[index] as Begun;
      const { pieces, ...notes } = round ?? {};
      for (const [at, part] of (round === null ? reader.end(end) : partsOf(round, begun[index] as Begun)).entries()) {
        const once = at === 0 ? defined({ pieces }) : {};
        yield* stream.part(index, part, { ...notes, ...once, logprobs: reader.takeLogprobs() });
      }
      if (round !== null) continue;
      ends.push(end);
      yield* stream.finish(index, reader.whole(end), reader.takeLogprobs());
    }
    yield* stream.done(ends);
  } catch (error) {
    // No client waits for the other choices.
    gone.abort();
    // The status has been sent: the clients take this for a failure, and raise it.
    yield* stream.failed(failed(error));
  }
}

/** A delta without text reports how much of the text so far is verified. */
function partsOf(round: Round, { reader, countsTokens }: Begun): readonly ChoicePart[] {
  const parts = reader.read(round);
  const isNoted = round.standing !== undefined || (countsTokens && round.tokens > 0);
  return parts.length === 0 && isNoted ? [{ kind: 'text', text: '' }] : parts;
}

/** A choice has another round, or its end. */
type Next = { readonly round: Round; readonly end: null } | { readonly round: null; readonly end: CompletionEnd };

/** Rounds of all choices as they come, and the end of each. */
async function* merged(begun: readonly Begun[]): AsyncGenerator<Next & { readonly index: number }> {
  // A race would be kept, in each round of the others, by a choice that takes long.
  const settled = new EmissionQueue<Promise<{ readonly index: number; readonly next: Begun['first'] }>>(() => {});
  for (const [index, { first: next }] of begun.entries()) settled.push(Promise.resolve({ index, next }));
  let running = begun.length;
  for await (const one of settled) {
    const { index, next } = await one;
    const { rounds, completion } = begun[index] as Begun;
    if (next.done === true) {
      running -= 1;
      if (running === 0) settled.end();
      yield { index, round: null, end: await completion.end };
      continue;
    }
    const later = rounds.next().then((following) => ({ index, next: following }));
    // The reader may be slow: a failure waits until it is read, and ends no process.
    const put = (): void => settled.push(later);
    later.then(put, put);
    yield { index, round: next.value, end: null };
  }
}
