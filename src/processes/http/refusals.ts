// What a refusal looks like, and refusals that cost little: what a key asks just after it was refused is refused by its head alone. Thousands
// of requests may come at once, and the whole way to a refusal costs three times as much.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { peerAddress } from '../../network/transport-node/port-limits.ts';
import { messagesError } from './anthropic-answers.ts';
import type { ApiError } from './api-error.ts';
import { type HttpObserver, RequestWatch } from './request-record.ts';

/** Who is refused for asking too much is answered after so long, ms: whoever asks again at once would be refused thousands of times. */
export const refusedMs = 250;
/** Those of Anthropic's clients begin so. */
export const messagesPath = '/v1/messages';

/** A failure in the words of the route's clients. */
export function bodyOf(error: ApiError, path: string, requestId: string): object {
  return path.startsWith(messagesPath) ? messagesError(error, requestId) : error.body;
}

export function retryHeaders({ retryAfterSeconds, status }: ApiError): Readonly<Record<string, string>> {
  if (retryAfterSeconds === null) return status >= 500 ? { 'x-should-retry': 'false' } : {};
  return {
    'retry-after': `${retryAfterSeconds}`,
    'retry-after-ms': `${1000 * retryAfterSeconds}`,
    'x-should-retry': 'true',
  };
}

/** Keys that are remembered. */
const mostKeys = 256;

interface Refused {
  readonly error: ApiError;
  readonly key: string | null;
  readonly untilMs: number;
}

/** Of one endpoint. */
export class EarlyRefusals {
  readonly #refused = new Map<string, Refused>();
  readonly #nowMs: () => number;
  readonly #newId: () => string;
  readonly #observer: HttpObserver | undefined;

  constructor(nowMs: () => number, newId: () => string, observer?: HttpObserver) {
    [this.#nowMs, this.#newId, this.#observer] = [nowMs, newId, observer];
  }

  /** What shows the same key is refused as well until this refusal is sent. @param key its name */
  add(headers: Headers, error: ApiError, key: string | null): void {
    const shown = shownOf((name) => headers.get(name));
    const untilMs = this.#nowMs() + refusedMs;
    if (this.#refused.size < mostKeys || this.#refused.has(shown)) this.#refused.set(shown, { error, key, untilMs });
  }

  /** @param route of its record @returns whether it is refused; else somebody else has to answer */
  refuses(request: IncomingMessage, response: ServerResponse, route: string): boolean {
    const shown = shownOf((name) => request.headers[name]);
    const refused = this.#refused.get(shown);
    if (refused === undefined) return false;
    if (refused.untilMs <= this.#nowMs()) {
      this.#refused.delete(shown);
      return false;
    }
    // A page has to be told whether it may read the answer, and what has not come has to be read.
    if (request.method !== 'POST' || request.headers.origin !== undefined || !request.complete) return false;
    const { error, key } = refused;
    const about = { request: this.#newId(), route, address: peerAddress(request.socket.remoteAddress) };
    const watch = new RequestWatch(this.#observer, this.#nowMs, about);
    [watch.key, watch.code] = [key, error.code];
    const headers = { ...retryHeaders(error), 'content-type': 'application/json', 'x-request-id': watch.id };
    setTimeout(() => {
      watch.answered(error.status);
      response.writeHead(error.status, headers);
      response.end(JSON.stringify(bodyOf(error, request.url ?? '', watch.id)));
    }, refusedMs);
    return true;
  }
}

/** What is shown for a key, by either header. */
function shownOf(header: (name: string) => unknown): string {
  return `${header('authorization') ?? ''}\n${header('x-api-key') ?? ''}`;
}
