import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { ApiError } from './api-error.ts';
import { addPage, addPageFiles, type PageFile } from './pages.ts';

const page: PageFile = {
  bytes: new TextEncoder().encode('<p>page</p>'),
  gzipped: Uint8Array.of(31, 139, 8),
  type: 'text/html; charset=utf-8',
  etag: '"one"',
};

function appOf(files: ReadonlyMap<string, PageFile>): Hono {
  const app = new Hono();
  addPage(app, files, '/', 'chat');
  addPageFiles(app, files);
  app.onError((error) => new Response((error as ApiError).code, { status: (error as ApiError).status }));
  return app;
}

it('sends a file whole, packed, or only that it has not changed', async () => {
  const app = appOf(new Map([['chat.html', page]]));
  const whole = await app.request('/');
  expect([whole.status, await whole.text()]).toEqual([200, '<p>page</p>']);
  const packed = await app.request('/pages/chat.html', { headers: { 'accept-encoding': 'br, gzip' } });
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(new Uint8Array(await packed.arrayBuffer())).toEqual(page.gzipped);
  const same = await app.request('/', { headers: { 'if-none-match': '"one"' } });
  expect([same.status, await same.text()]).toEqual([304, '']);
  expect((await app.request('/', { headers: { 'if-none-match': '"two"' } })).status).toBe(200);
});

it('lets a page load from its own origin only, and no site frame it', async () => {
  const { headers } = await appOf(new Map([['chat.html', page]])).request('/');
  const policy = headers.get('content-security-policy') ?? '';
  for (const rule of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "frame-ancestors 'none'"])
    expect(policy.split('; ')).toContain(rule);
  expect(policy).not.toContain('unsafe-inline');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

it('refuses a page that is not built, and a file that is none', async () => {
  const app = appOf(new Map());
  for (const path of ['/', '/pages/chat.js', '/pages/..%2fpackage.json']) {
    const answer = await app.request(path);
    expect([path, answer.status, await answer.text()]).toEqual([path, 404, 'unknown_url']);
  }
});
