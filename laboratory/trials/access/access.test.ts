// The trial over an app of this process: what it says of one that is right, of one with a route that has no rule, and of one that lets everybody in.

import { afterEach, describe, expect, it } from 'vitest';
import { createAddressGuard } from '../../../src/network/transport-node/upgrade-guard.ts';
import { createHttpApp, type HttpAppSettings, routesOf } from '../../../src/processes/http/app.ts';
import { type HttpListener, listenHttp } from '../../../src/processes/http/listen-http.ts';
import { type AccessRow, askRoute, conclude, routesToAsk } from './access.ts';
import { allowedOrigin } from './http-visits.ts';
import { type Keys, keyNames } from './rules.ts';

const keys = Object.fromEntries(
  keyNames.map((name) => [name, name === 'no key' ? undefined : name.replace(/\W/g, '-')]),
) as Keys;

let listener: HttpListener | null = null;
afterEach(() => listener?.close());

/** @param routes further ones, which no rule knows */
async function rowsOf(more: Partial<HttpAppSettings>, routes: readonly string[] = []): Promise<readonly AccessRow[]> {
  const guard = createAddressGuard({ host: '127.0.0.1', allowOrigins: [allowedOrigin] });
  const app = createHttpApp({
    completer: {
      model: 'm',
      createdSeconds: 0,
      state: 'ready',
      contextTokens: 2048,
      count: () => 0,
      start: () => Promise.reject(new Error()),
    },
    version: '0.0.0',
    nowMs: () => 0,
    randomBits: () => 1n,
    metrics: async () => '',
    refuses: (headers) => guard({ headers: Object.fromEntries(headers) })?.cause ?? null,
    mayUse: (key) => key === keys["the endpoint's key"],
    ...more,
  });
  for (const path of routes) app.get(path, (context) => context.json({}));
  listener = await listenHttp(app, '127.0.0.1', 0);
  const asked = [];
  for (const route of routesToAsk({ place: 'device', port: listener.port, routes: routesOf(app), model: 'm' }))
    asked.push(await askRoute(route, keys));
  return conclude(asked).rows;
}

const wrongOf = (rows: readonly AccessRow[]): readonly AccessRow[] => rows.filter(({ wrong }) => wrong > 0);

describe('trial access', () => {
  it('finds nothing wrong with the app', async () => {
    const rows = await rowsOf({});
    expect(wrongOf(rows)).toEqual([]);
    expect(rows.length).toBeGreaterThan(10);
  });

  it('fails for a route without a rule', async () => {
    const rows = await rowsOf({}, ['/v1/forgotten']);
    expect(wrongOf(rows)).toMatchObject([{ route: 'GET /v1/forgotten', rule: 'none', wrong: 1 }]);
  });

  it.each([
    ['a guard that takes any key', { mayUse: (key: string | undefined) => key !== undefined }, /^wrong key \(/],
    ['a guard that takes no key for a key', { mayUse: () => true }, /^no key \(/],
    ['an app for pages of anybody', { refuses: () => null }, /^other origin/],
  ])('fails for %s', async (_name, more, visit) => {
    const rows = wrongOf(await rowsOf(more));
    expect(rows.find(({ route }) => route === 'POST /v1/chat/completions')?.firstWrong).toMatch(visit);
  });
});
