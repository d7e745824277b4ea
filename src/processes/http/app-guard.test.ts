// What the app lets in: keys and their scopes, hosts and origins.

import { describe, expect, it } from 'vitest';
import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import { appOf, tabFiles, twoRounds } from './app.fixture.ts';
import { type KeyRefusal, routesOf } from './app.ts';
import { RequestIntake } from './request-intake.ts';
import { routeRules } from './route-rules.ts';

/** Method and path. */
function askedOf(route: string): readonly string[] {
  return route.replace(/:\w+/, 'm').split(' ');
}

describe('the guard', () => {
  it('lets nobody without a key use a route whose rule is not public', async () => {
    const { app } = appOf(twoRounds, { mayUse: (key) => key === 'right' });
    for (const [route, rule] of Object.entries(routeRules)) {
      const [method = '', path = ''] = askedOf(route);
      const status = async (headers: Readonly<Record<string, string>> = {}) =>
        (await app.request(path, { method, headers })).status;
      expect((await status()) === 401, route).toBe(rule !== 'public');
      expect(await status({ 'x-api-key': 'right' }), route).not.toBe(401);
    }
  });

  it.each([403, 401] as const)('gives status %i where the key is known, in the shape of the route', async (refused) => {
    const lacks: KeyRefusal = { status: refused, cause: 'the key "wiki" does not have that scope' };
    const spent: Sender[] = [];
    const intake = new RequestIntake({ spend: (sender) => spent.push(sender) && 0 });
    const { app, records } = appOf(twoRounds, {
      intake,
      mayUse: (shown, scope) => shown === scope || (shown === undefined ? false : lacks),
      keyName: () => 'wiki',
    });
    const ask = (route: string, key: string) => {
      const [method = '', path = ''] = askedOf(route);
      return app.request(path, { method, headers: { authorization: `Bearer ${key}` } });
    };
    for (const [route, rule] of Object.entries(routeRules)) {
      if (rule === 'public') continue;
      const other = rule === 'metrics' ? 'chat' : 'metrics';
      expect([401, 403], route).not.toContain((await ask(route, rule)).status);
      const answer = await ask(route, other);
      expect(answer.status, route).toBe(refused);
      const code = refused === 403 ? 'missing_scope' : 'invalid_api_key';
      const type = refused === 403 ? 'permission_error' : 'authentication_error';
      const error = { type, message: lacks.cause };
      expect(await answer.json(), route).toMatchObject(
        route.includes('/messages') ? { type: 'error', error } : { error: { ...error, code, param: null } },
      );
      expect(records.at(-1), route).toMatchObject({ key: 'wiki', status: refused, code, outcome: 'refused' });
    }
    expect((await ask('GET /nowhere', 'metrics')).status).toBe(refused);
    // A refused key pays with its address.
    expect(spent.every(({ keyId }) => keyId === null)).toBe(true);
    expect(spent.length).toBeGreaterThan(2 * (Object.keys(routeRules).length - 1));
  });

  it('lets no cache keep an answer, or that of its user alone where a digest names it', async () => {
    const metrics = async () => '';
    const { app, ask } = appOf(twoRounds, { mayUse: (key) => key === 'right', tabFiles, metrics });
    const headers = { 'x-api-key': 'right' };
    const kept = ({ headers: of }: Response) => of.get('cache-control');
    for (const [route, rule] of Object.entries(routeRules)) {
      if (rule === 'public') continue;
      const [method = '', path = ''] = askedOf(route);
      const weights = route === 'GET /weights/:digest' ? expect.stringMatching(/^private, /) : 'no-store';
      expect(kept(await app.request(path, { method, headers })), route).toEqual(weights);
      expect(kept(await app.request(path, { method })), route).toBe('no-store');
    }
    for (const stream of [true, false]) expect(kept(await ask({ stream }, { headers }))).toBe('no-store');
  });

  it('has a rule for each route of the app, and for no other', () => {
    const { app } = appOf(twoRounds, { pages: new Map(), tabFiles });
    expect([...routesOf(app)].sort()).toEqual(Object.keys(routeRules).sort());
  });

  it('lets pages of other origins use no route without a word of their origin, and takes nothing for it', async () => {
    let spent = 0;
    const intake = new RequestIntake({
      spend() {
        spent += 1;
        return 0;
      },
    });
    const { app } = appOf(twoRounds, { intake, tabFiles, pages: new Map() });
    const statusOf = async (route: string, headers: Readonly<Record<string, string>>) => {
      const [method = '', path = ''] = askedOf(route);
      return (await app.request(path, { method, headers })).status;
    };
    for (const [route, rule] of Object.entries(routeRules)) {
      const before = spent;
      for (const site of ['cross-site', 'same-site'])
        expect((await statusOf(route, { 'sec-fetch-site': site })) === 403, route).toBe(rule !== 'public');
      expect(spent, route).toBe(before);
      for (const site of ['same-origin', 'none'])
        expect(await statusOf(route, { 'sec-fetch-site': site }), route).not.toBe(403);
      // What names its origin has been judged by that.
      expect(await statusOf(route, { 'sec-fetch-site': 'cross-site', origin: 'https://page.example' })).not.toBe(403);
    }
    expect(spent).toBeGreaterThan(Object.keys(routeRules).length);
  });

  it('asks for host and origin before anything else', async () => {
    const { app } = appOf(twoRounds, { refuses: (headers) => headers.get('origin') });
    const answer = await app.request('/health', { headers: { origin: 'https://evil.example' } });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { type: 'permission_error' } });
  });
});
