// Metrics over HTTP, on a port of this machine only: GET /metrics.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';
import type { Listener } from '../../network/transport/transport.ts';

const host = '127.0.0.1';
/** A name that a page's owner lets point here is none of these. */
const ownNames = /^(127\.0\.0\.1|localhost)(:\d+)?$/i;
const mostConnections = 64;
const requestMs = 5000;

/** @param port 0: a free one @throws OutriderError `port-in-use`, `bad-argument` */
export async function listenMetrics(text: () => string | Promise<string>, port: number): Promise<Listener> {
  const server = createServer(
    { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval: requestMs },
    (request, response) => {
      const isAsked = request.method === 'GET' && request.url?.split('?')[0] === '/metrics';
      const status = ownNames.test(request.headers.host ?? '') ? (isAsked ? 200 : 404) : 403;
      const answer = (code: number, type: string, body: string): void => {
        response.writeHead(code, { 'Content-Type': type, 'Cache-Control': 'no-store' });
        response.end(body);
      };
      if (status !== 200) answer(status, 'text/plain', 'GET /metrics, from this machine\n');
      else {
        Promise.resolve()
          .then(text)
          .then(
            (body) => answer(200, 'text/plain; version=0.0.4; charset=utf-8', body),
            () => answer(500, 'text/plain', 'the metrics can not be read\n'),
          );
      }
    },
  );
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const remedy = 'choose another port for metrics, or 0 for a free one';
      if (error.code === 'EADDRINUSE')
        reject(new OutriderError('port-in-use', `port ${port} on ${host} is taken`, remedy, { cause: error }));
      else reject(badArgument(`can't listen on ${host}, port ${port}: ${error.code ?? error.message}`, remedy));
    });
    server.listen(port, host, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
