// What a page of another origin may send and read, where it may ask at all.

import { outriderHeaders } from './outrider-headers.ts';

export function allowOrigin(headers: Headers, origin: string): void {
  headers.set('access-control-allow-origin', origin);
  headers.set('vary', 'origin');
  headers.set('access-control-allow-methods', 'GET, POST, DELETE, OPTIONS');
  headers.set('access-control-allow-headers', allowedHeaders);
  headers.set('access-control-expose-headers', shownHeaders);
}

/**
 * Whether a page of another origin makes its browser ask without naming that origin, as for a picture or by a link. Browsers mark such
 * requests to https and to this machine (Fetch Metadata, W3C).
 */
export function isForForeignPage(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  return headers.get('origin') === null && (site === 'cross-site' || site === 'same-site');
}

const shownHeaders = 'x-request-id, x-ignored-params, x-outrider-verified, retry-after, content-range';

/** What the official clients send, and the id of a stream. */
const allowedHeaders = [
  ...[
    'authorization',
    'x-conversation-id',
    'content-type',
    'range',
    'x-api-key',
    'anthropic-version',
    'anthropic-beta',
    'anthropic-dangerous-direct-browser-access',
    'user-agent',
    'openai-beta',
    'openai-organization',
    'openai-project',
    ...outriderHeaders,
  ],
  ...['arch', 'async', 'helper', 'helper-method', 'lang', 'os', 'package-version', 'poll-helper', 'retry-count'].map(
    (name) => `x-stainless-${name}`,
  ),
  ...['x-stainless-runtime', 'x-stainless-runtime-version', 'x-stainless-timeout'],
].join(', ');
