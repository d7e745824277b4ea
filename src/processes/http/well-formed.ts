// Texts of a request that are no Unicode: JSON can escape half of a surrogate pair, and a model would read U+FFFD in its place.

import { invalid } from './api-error.ts';

/** An escape that may be half of a pair. Most bodies have none, and are not walked through. */
const half = /\\u[dD][89a-fA-F]/;
/** Names of fields are the client's words, of any length. */
const longestPath = 200;

/** @param text the JSON of `body` @throws ApiError 400 */
export function demandWellFormed(text: string, body: unknown): void {
  const path = half.test(text) ? malformedIn(body, '') : null;
  if (path === null) return;
  const cause = 'has half of a surrogate pair, as "\\ud83d" without its second half; send whole characters';
  throw invalid(path.slice(0, longestPath), cause);
}

/** Place of the first text, or of the object with the first name, that has half of a pair; null: there is none. */
function malformedIn(value: unknown, path: string): string | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, one] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${path}[${name}]` : `${path === '' ? '' : `${path}.`}${name}`;
    const found = name.isWellFormed() ? malformedIn(one, place) : path;
    if (found !== null) return found;
  }
  return null;
}
