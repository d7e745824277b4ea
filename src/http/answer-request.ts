// From a request that has been read to its HTTP answer: whole, or as server-sent events.

import { asOutriderError } from '../basics/errors.ts';
import { ApiError, apiErrorOf } from './api-error.ts';
import type { Completer, Completion, CompletionEnd, Round } from './completion-port.ts';
import { type AnswerHead, type AnswerShape, systemFingerprint, usageOf } from './openai-answers.ts';
import type { ApiRequest } from './openai-requests.ts';

/** Who asks. */
export interface Asker {
  readonly credentials: string | undefined;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** One choice that has begun: its first text is there, so what could fail at the beginning has not. */
interface Begun {
  readonly completion: Completion;
  readonly first: IteratorResult<Round, unknown>;
  readonly rounds: AsyncIterator<Round, unknown>;
}

/** @throws ApiError as long as nothing was sent */
export async function answerRequest(
  completer: Completer,
  request: ApiRequest,
  shape: AnswerShape,
  head: AnswerHead,
  asker: Asker,
): Promise<Response> {
  const headers: Record<string, string> = {};
  if (request.ignored.length > 0) headers['x-ignored-params'] = request.ignored.map(headerText).join(', ');
  const gone = new AbortController();
  const signal = AbortSignal.any([asker.signal, gone.signal]);
  const begin = async (asked: ApiRequest['asked'][number]): Promise<Begun> => {
    const completion = await completer.start({ ...asked, credentials: asker.credentials, signal });
    completion.end.catch(() => {});
    const rounds = completion.rounds[Symbol.asyncIterator]();
    return { completion, first: await rounds.next(), rounds };
  };
  try {
    const begun = await Promise.all(request.asked.map(begin));
    if (request.stream) return streamed(begun, request, shape, head, { headers, gone });
    return Response.json(await whole(begun, request, shape, head), { headers });
  } catch (error) {
    // The other choices would go on for nobody.
    gone.abort();
    throw error instanceof ApiError ? error : apiErrorOf(asOutriderError(error));
  }
}

/** Names of fields are the client's words. */
function headerText(name: string): string {
  return name.slice(0, 64).replace(/[^\x21-\x7e]/g, '?');
}

async function whole(
  begun: readonly Begun[],
  request: ApiRequest,
  shape: AnswerShape,
  head: AnswerHead,
): Promise<object> {
  const choices = await Promise.all(
    begun.map(async ({ completion, first, rounds }) => {
      let text = '';
      for (let next = first; next.done !== true; next = await rounds.next()) text += next.value.text;
      const end = await completion.end;
      return { text, finishReason: end.finishReason, end };
    }),
  );
  const ends = choices.map(({ end }) => end);
  const fingerprints = [...new Set(ends.flatMap((end) => end.fingerprints))];
  return { ...shape.whole(head, choices, systemFingerprint(fingerprints)), usage: usageOf(ends, request.choices) };
}

interface StreamParts {
  readonly headers: Readonly<Record<string, string>>;
  readonly gone: AbortController;
}

/** The next event is made when the client has read the last one, so a client that stops reading stops its answer. */
function streamed(
  begun: readonly Begun[],
  request: ApiRequest,
  shape: AnswerShape,
  head: AnswerHead,
  { headers, gone }: StreamParts,
): Response {
  const events = eventsOf(begun, request, shape, head);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await events.next();
        if (next.done === true) controller.close();
        else controller.enqueue(encoder.encode(`data: ${next.value}\n\n`));
      },
      cancel: () => gone.abort(),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  });
}

async function* eventsOf(
  begun: readonly Begun[],
  request: ApiRequest,
  shape: AnswerShape,
  head: AnswerHead,
): AsyncGenerator<string> {
  const fingerprints = new Set(begun.flatMap(({ completion }) => completion.fingerprint() ?? []));
  const more = {
    system_fingerprint: systemFingerprint([...fingerprints]),
    ...(request.includesUsage ? { usage: null } : {}),
  };
  const chunk = (choices: readonly object[], own: object = {}): string =>
    JSON.stringify(shape.chunk(head, choices, { ...more, ...own }));
  try {
    const ends: CompletionEnd[] = [];
    for (const index of begun.keys()) {
      const opening = shape.begin(index);
      if (opening !== null) yield chunk([opening]);
    }
    for await (const { index, round } of merged(begun)) {
      if (round !== null) {
        if (round.text !== '') yield chunk([shape.text(index, round.text)]);
        continue;
      }
      const end = await (begun[index] as Begun).completion.end;
      ends.push(end);
      yield chunk([shape.finish(index, end.finishReason)]);
    }
    if (request.includesUsage) yield chunk([], { usage: usageOf(ends, request.choices) });
    yield '[DONE]';
  } catch (error) {
    // The status has been sent: the clients take this for a failure, and raise it.
    yield JSON.stringify(apiErrorOf(asOutriderError(error)).body);
  }
}

/** Rounds of all choices as they come; null: the choice has no more. */
async function* merged(
  begun: readonly Begun[],
): AsyncGenerator<{ readonly index: number; readonly round: Round | null }> {
  const waiting = new Map(begun.map(({ first }, index) => [index, Promise.resolve({ index, next: first })] as const));
  while (waiting.size > 0) {
    const { index, next } = await Promise.race(waiting.values());
    if (next.done === true) {
      waiting.delete(index);
      yield { index, round: null };
      continue;
    }
    const { rounds } = begun[index] as Begun;
    waiting.set(
      index,
      rounds.next().then((later) => ({ index, next: later })),
    );
    yield { index, round: next.value };
  }
}
