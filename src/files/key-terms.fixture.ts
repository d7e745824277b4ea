import type { KeyTerms } from '../core/access/key-book.ts';

/** Terms of a key to verify drafts, without an end and without limits. */
export const keyTerms = (name: string, given: Partial<KeyTerms> = {}): KeyTerms => ({
  name,
  scopes: ['verify'],
  expires: null,
  share: 1,
  maxSessions: null,
  maxWaiting: null,
  ...given,
});
