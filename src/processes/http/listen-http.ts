// The HTTP app on a port of its own.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { defaultPortLimits, limitRequests } from '../../network/transport-node/port-limits.ts';
import { bindServer } from '../../network/transport-node/websocket-server.ts';
import { giveUpUnread } from './unread-answer.ts';

/** A listening port; closing it ends its connections. */
export interface HttpListener extends AsyncDisposable {
  readonly port: number;
  /** Waits until every request has its whole answer, for at most `forMs`. New ones are still answered. */
  settle(forMs: number): Promise<void>;
  close(): Promise<void>;
}

/** A request has to be whole within this time, ms; an answer may take as long as it takes. */
const wholeMs = 30_000;

/** Times in ms. */
export interface AnswerLimits {
  /** An answer of which the client takes nothing for this long is given up; default 60,000. */
  readonly unreadMs?: number;
  /** Time for a request to be whole; default 30,000. */
  readonly requestMs?: number;
}

/** What answers plain requests of a server that is there already, such as the port of an edge. */
export function requestListenerOf(app: Hono, limits: AnswerLimits = {}): RequestListener {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (request, response) => {
    giveUpUnread(response, limits.unreadMs);
    void listener(request, response);
  };
}

/** How often it is checked whether requests have ended, ms. */
const checkEveryMs = 20;

/** The requests that do not have their whole answer yet. */
export class OpenRequests {
  #count = 0;

  /** The same listener, whose requests are counted. */
  counting(listener: RequestListener): RequestListener {
    return (request, response) => {
      this.#count += 1;
      response.once('close', () => {
        this.#count -= 1;
      });
      listener(request, response);
    };
  }

  /** Waits until there are none, for at most `forMs`. */
  async settled(forMs: number): Promise<void> {
    const endMs = performance.now() + forMs;
    while (this.#count > 0 && performance.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, checkEveryMs));
  }
}

/** @param port 0: a free one @throws OutriderError `port-in-use`, `bad-argument` */
export async function listenHttp(
  app: Hono,
  host: string,
  port: number,
  limits: AnswerLimits = {},
): Promise<HttpListener> {
  const { requestMs = wholeMs } = limits;
  const open = new OpenRequests();
  const server = createServer({
    requestTimeout: requestMs,
    headersTimeout: Math.ceil(requestMs / 3),
    keepAliveTimeout: 5000,
    connectionsCheckingInterval: 1000,
  });
  // Whoever only connects must not keep out those that ask.
  const requests = limitRequests(server, defaultPortLimits, () => {}, open.counting(requestListenerOf(app, limits)));
  await bindServer(server, host, port);
  const close = async (): Promise<void> => {
    requests.stop();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  const { port: bound } = server.address() as AddressInfo;
  return { port: bound, settle: (forMs) => open.settled(forMs), close, [Symbol.asyncDispose]: close };
}
