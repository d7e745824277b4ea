// Metrics over HTTP, for a port of this machine only: GET /metrics, without a key.

import { Hono } from 'hono';
import { metricsType } from './app.ts';
import { type HttpListener, listenHttp } from './listen-http.ts';

const host = '127.0.0.1';
/** A name that a page's owner lets point here (DNS rebinding) is none of these. */
const ownNames = /^(127\.0\.0\.1|localhost)(:\d+)?$/i;
/** Time for a request to be whole, ms. */
const requestMs = 5000;

/** @param port 0: a free one @throws OutriderError `port-in-use`, `bad-argument` */
export function listenMetrics(text: () => Promise<string>, port: number): Promise<HttpListener> {
  const app = new Hono();
  const refusal = 'GET /metrics, from this machine\n';
  app.use(async (context, next) => {
    context.header('cache-control', 'no-store');
    return ownNames.test(context.req.header('host') ?? '') ? next() : context.text(refusal, 403);
  });
  app.get('/metrics', async (context) => context.body(await text(), 200, { 'content-type': metricsType }));
  app.notFound((context) => context.text(refusal, 404));
  app.onError((_error, context) => context.text('the metrics can not be read\n', 500));
  return listenHttp(app, host, port, { requestMs });
}
