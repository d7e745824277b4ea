// Serves the pages: their HTML, scripts, styles and kernels, to everybody. A page holds nothing of this endpoint; what it shows it asks for
// with a key, as any client.

import type { Hono } from 'hono';
import { ApiError } from './api-error.ts';

/** One file of a page. */
export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

/** Files by name, as "chat.html". */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** A page loads from its own origin only, runs no script of a text, and no site frames it. */
const policy = [
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:",
  "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  // Names stay from one version to the next: the browser asks whether a file has changed.
  'cache-control': 'no-cache',
  vary: 'accept-encoding',
};

/** @param name of the page at `path`, as "chat" */
export function addPage(app: Hono, files: PageFiles, path: string, name: string): void {
  app.get(path, ({ req: { raw } }) => answer(raw, files.get(`${name}.html`)));
}

/** GET /pages/NAME, for every file. */
export function addPageFiles(app: Hono, files: PageFiles): void {
  app.get('/pages/:file', ({ req }) => answer(req.raw, files.get(req.param('file'))));
}

function answer({ headers: asked }: Request, file: PageFile | undefined): Response {
  if (file === undefined)
    throw new ApiError(404, 'unknown_url', 'there is no such page; in a clone, run: npm run pages');
  const { type, etag } = file;
  if (asked.get('if-none-match') === etag) return new Response(null, { status: 304, headers: { ...headers, etag } });
  const isGzipped = asked.get('accept-encoding')?.includes('gzip') === true;
  const encoding = isGzipped ? { 'content-encoding': 'gzip' } : {};
  return new Response(isGzipped ? file.gzipped : file.bytes, {
    headers: { ...headers, ...encoding, 'content-type': type, etag },
  });
}
