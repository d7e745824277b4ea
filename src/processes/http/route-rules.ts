// The routes of the HTTP app, and what each asks of a key.

import { weightsPath } from './tab-weights.ts';

/** What a route asks of a key: a scope of `outrider keys`. */
export type RouteScope = 'chat' | 'metrics' | 'verify';

/** `public`: anybody; else whoever shows a key that the settings' `mayUse` takes for that scope. */
export type RouteRule = 'public' | RouteScope;

/** Every route of the app and its rule; what is not here is refused. */
export const routeRules: Readonly<Record<string, RouteRule>> = {
  'GET /': 'public',
  'GET /pages/:file': 'public',
  'GET /health': 'public',
  'GET /version': 'chat',
  'GET /metrics': 'metrics',
  // Only a key that opens sessions needs drafts.
  'GET /weights': 'verify',
  'GET /weights/:digest': 'verify',
  'GET /v1/models': 'chat',
  'GET /v1/models/:model': 'chat',
  'POST /v1/chat/completions': 'chat',
  'POST /v1/completions': 'chat',
  'POST /v1/responses': 'chat',
  'GET /v1/responses/:id': 'chat',
  'DELETE /v1/responses/:id': 'chat',
  'POST /v1/responses/:id/cancel': 'chat',
  'GET /v1/stream': 'chat',
  'DELETE /v1/stream': 'chat',
  'POST /v1/streams/lookup': 'chat',
  'POST /v1/messages': 'chat',
  'POST /v1/messages/count_tokens': 'chat',
};

/** The route that answers, as {@link routeRules} has it; `other`: none does, and only a client that may use the others learns so. */
export function routeOf(method: string, path: string): string {
  const verb = method === 'HEAD' ? 'GET' : method;
  const route = `${verb} ${path}`;
  if (Object.hasOwn(routeRules, route)) return route;
  const [, under, cancel = ''] = /^(GET|DELETE|POST) \/v1\/responses\/[^/]+(\/cancel)?$/.exec(route) ?? [];
  if (under !== undefined && (under === 'POST') === (cancel !== '')) return `${under} /v1/responses/:id${cancel}`;
  if (route.startsWith('GET /pages/')) return 'GET /pages/:file';
  if (route.startsWith(`GET ${weightsPath}/`)) return 'GET /weights/:digest';
  return route.startsWith('GET /v1/models/') ? 'GET /v1/models/:model' : 'other';
}
