// The form of a refusal, and refusals that cost little: a request shortly after a refusal of the same key is refused by its headers alone.
// Thousands of requests may come at once, and a refusal by the full handler costs three times as much.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { peerAddress } from '../../network/transport-node/port-limits.ts';
import { messagesError } from './anthropic-answers.ts';
import type { ApiError } from './api-error.ts';
import { requestBytes } from './request-intake.ts';
import { type HttpObserver, RequestWatch } from './request-record.ts';

/** Delay of a refusal by the rate limit, ms: without it, a client that retries at once would be refused thousands of times. */
export const refusedMs = 250;
/** Paths of Anthropic's API begin with this. */
export const messagesPath = '/v1/messages';

/** Requests of Anthropic's clients have this header, on routes of both APIs too. */
export const anthropicHeader = 'anthropic-version';

type Asked = { readonly path: string; header(name: string): string | undefined };

/** A failure in the words of whoever asks. */
export function bodyOf(error: ApiError, asked: Asked, requestId: string): object {
  const isAnthropic = asked.path.startsWith(messagesPath) || asked.header(anthropicHeader) !== undefined;
  return isAnthropic ? messagesError(error, requestId) : error.body;
}

export function retryHeaders({ retryAfterSeconds, status }: ApiError): Readonly<Record<string, string>> {
  if (retryAfterSeconds === null) return status >= 500 ? { 'x-should-retry': 'false' } : {};
  return {
    'retry-after': `${retryAfterSeconds}`,
    'retry-after-ms': `${1000 * retryAfterSeconds}`,
    'x-should-retry': 'true',
  };
}

/**
 * The answer to a request whose body has not come whole: it is sent at once, and its connection closed when the rest was read, because a
 * client that still sends would not come to read it otherwise.
 */
export async function beforeTheRest(answer: Response, rest: Promise<void>): Promise<Response> {
  const { status } = answer;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const headers = new Headers(answer.headers);
  headers.set('content-length', `${bytes.length}`);
  headers.set('connection', 'close');
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(bytes);
      await rest;
      controller.close();
    },
  });
  return new Response(body, { status, headers });
}

const mostKeys = 256;

interface Refused {
  readonly error: ApiError;
  readonly key: string | null;
  /** Cost of the request, as it counts in the rate of its key. */
  readonly cost: number;
  readonly untilMs: number;
}

/** Refusals of one endpoint, by key and address. */
export class EarlyRefusals {
  /** The latest ones last. */
  readonly #refused = new Map<string, Refused>();
  readonly #nowMs: () => number;
  readonly #newId: () => string;
  readonly #observer: HttpObserver | undefined;

  constructor(nowMs: () => number, newId: () => string, observer?: HttpObserver) {
    [this.#nowMs, this.#newId, this.#observer] = [nowMs, newId, observer];
  }

  /** Until this refusal is sent, what costs as much is refused as well. @param key its name */
  add(address: string, headers: Headers, refused: Omit<Refused, 'untilMs'>): void {
    const nowMs = this.#nowMs();
    for (const [name, { untilMs }] of this.#refused) {
      if (untilMs > nowMs && this.#refused.size < mostKeys) break;
      this.#refused.delete(name);
    }
    const name = nameOf(address, (header) => headers.get(header));
    this.#refused.delete(name);
    this.#refused.set(name, { ...refused, untilMs: nowMs + refusedMs });
  }

  /** @param route of its record @returns whether it is refused; else somebody else has to answer */
  refuses(request: IncomingMessage, response: ServerResponse, route: string): boolean {
    const { headers } = request;
    const address = peerAddress(request.socket.remoteAddress);
    const refused = this.#refused.get(nameOf(address, (header) => headers[header]));
    if (refused === undefined || refused.untilMs <= this.#nowMs()) return false;
    // A page has to learn whether it may read the answer, and what has not come has to be read.
    if (request.method !== 'POST' || headers.origin !== undefined || !request.complete) return false;
    if (requestBytes + Number(headers['content-length'] ?? 0) < refused.cost) return false;
    const { error, key } = refused;
    const watch = new RequestWatch(this.#observer, this.#nowMs, { request: this.#newId(), route, address });
    [watch.key, watch.code] = [key, error.code];
    const own = { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-request-id': watch.id };
    const more = { ...retryHeaders(error), ...own };
    const asked = { path: request.url ?? '', header: (name: string) => headers[name]?.toString() };
    setTimeout(() => {
      watch.answered(error.status);
      response.writeHead(error.status, more);
      response.end(JSON.stringify(bodyOf(error, asked, watch.id)));
    }, refusedMs);
    return true;
  }
}

/** An address and what it shows for a key, by either header. */
function nameOf(address: string, header: (name: string) => unknown): string {
  return `${address}\n${header('authorization') ?? ''}\n${header('x-api-key') ?? ''}`;
}
