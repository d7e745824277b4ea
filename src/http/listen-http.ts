// The HTTP app on a port of its own.

import { createServer } from 'node:http';
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

/** @param port 0: a free one @throws OutriderError `port-in-use`, `bad-argument` */
export async function listenHttp(app: Hono, host: string, port: number): Promise<HttpListener> {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    {
      requestTimeout: requestMs,
      headersTimeout: requestMs / 3,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => void listener(request, response),
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
