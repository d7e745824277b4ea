// The HTTP app on a port of its own.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { bindServer } from '../transport-node/websocket-server.ts';

/** A listening port; closing it ends its connections. */
export interface HttpListener extends AsyncDisposable {
  readonly port: number;
  close(): Promise<void>;
}

/** A request has to be whole within this time, ms; an answer may take as long as it takes. */
const requestMs = 30_000;
const maxConnections = 1024;

/** What answers plain requests of a server that is there already, such as the port of an edge. */
export function requestListenerOf(app: Hono): RequestListener {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (request, response) => void listener(request, response);
}

/** @param port 0: a free one @throws OutriderError `port-in-use`, `bad-argument` */
export async function listenHttp(app: Hono, host: string, port: number): Promise<HttpListener> {
  const server = createServer(
    {
      requestTimeout: requestMs,
      headersTimeout: requestMs / 3,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 1000,
    },
    requestListenerOf(app),
  );
  server.maxConnections = maxConnections;
  await bindServer(server, host, port);
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close };
}
