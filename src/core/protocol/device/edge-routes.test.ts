import { expect, it } from 'vitest';
import { EdgeRoutes } from './edge-routes.ts';

const [a, b, c] = ['a', 'b', 'c'] as const;

it('begins with the first of the list, and tries a lost connection once more', () => {
  const routes = new EdgeRoutes([a, b, c]);
  expect(routes.first(0)).toBe(a);
  expect(routes.next(a, 'lost', 0)).toEqual({ edge: a, isFresh: false });
  expect(routes.next(a, 'unreachable', 10)).toEqual({ edge: b, isFresh: true });
  expect(routes.next(b, 'unreachable', 20)).toEqual({ edge: c, isFresh: true });
  // All have failed: the one with the fewest failures, and a pause before it.
  expect(routes.next(c, 'unreachable', 30)).toEqual({ edge: b, isFresh: false });
  expect(routes.next(b, 'unreachable', 40)).toEqual({ edge: c, isFresh: false });
});

it('leaves an edge at once that is silent, going down, or refuses', () => {
  for (const how of ['silent', 'leaving', 'refused', 'unreachable'] as const) {
    expect(new EdgeRoutes([a, b]).next(a, how, 0)).toEqual({ edge: b, isFresh: true });
  }
});

it('forgets failures after text, and after a while', () => {
  const routes = new EdgeRoutes([a, b]);
  routes.failed(a, 0);
  expect(routes.first(0)).toBe(b);
  expect(routes.first(30_000)).toBe(a);
  // Counted from the last one.
  routes.failed(a, 29_999);
  expect([routes.first(59_998), routes.first(59_999)]).toEqual([b, a]);
  routes.failed(a, 0);
  routes.answered(a);
  expect(routes.first(0)).toBe(a);
});

it('does not offer edges that a turn can’t use, unless that are all', () => {
  const routes = new EdgeRoutes([a, b]);
  expect(routes.first(0, new Set([a]))).toBe(b);
  expect(routes.next(b, 'lost', 0, new Set([b]))).toEqual({ edge: a, isFresh: true });
  expect(routes.first(0, new Set([a, b]))).toBe(a);
  expect(routes.alternativeTo(a, 0)).toBeUndefined();
  expect(routes.alternativeTo(a, 30_000)).toBe(b);
  expect(routes.alternativeTo(a, 30_000, new Set([b]))).toBeUndefined();
});

it('forgets the failures of edges that leave the list, and of no others', () => {
  const routes = new EdgeRoutes([a, b, c]);
  for (const edge of [a, b]) routes.failed(edge, 0);
  routes.replace([b, c]);
  routes.replace([a, b, c]);
  expect([a, b, c].map((edge) => routes.hasFailed(edge, 0))).toEqual([false, true, false]);
});

it('knows one edge as well', () => {
  const routes = new EdgeRoutes([a]);
  for (const how of ['lost', 'unreachable', 'refused'] as const) {
    expect(routes.next(a, how, 0)).toEqual({ edge: a, isFresh: false });
  }
  expect(routes.hasSeveral).toBe(false);
});
