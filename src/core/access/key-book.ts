// The keys of an edge as data: which there are, what each may do, and how the list changes. A secret is never in it, only its digest.

import { badArgument } from '../basics/errors.ts';

/**
 * What a key may be used for: completions over HTTP, verification of drafts (the stream protocol), metrics, watching the fleet of a
 * controller, and the edge's own affairs.
 */
export const keyScopes = ['chat', 'verify', 'metrics', 'watch', 'admin'] as const;

/** One of {@link keyScopes}. */
export type KeyScope = (typeof keyScopes)[number];

/** What the owner decides about a key. */
export interface KeyTerms {
  /** For people; logs and lists show it. */
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** ISO 8601 in UTC; null: never. */
  readonly expires: string | null;
  /** Share of the edge's computing, relative to other keys. */
  readonly share: number;
  /** Most sessions at once; null: the limit of the edge. */
  readonly maxSessions: number | null;
  /** Most openings that may wait for a place; null: the limit of the edge. */
  readonly maxWaiting: number | null;
  /** Rows that the engine may evaluate for it in a minute; null or left out: any number. */
  readonly rowsPerMinute?: number | null;
  /** The tightest time per token that its sessions may have as a target, and have by default, ms; null or left out: that of the edge. */
  readonly targetMsPerToken?: number | null;
}

/** A key in the file. Times are ISO 8601 in UTC. */
export interface KeyEntry extends KeyTerms {
  readonly id: string;
  /** SHA-256 of the whole key, hex. */
  readonly sha256: string;
  readonly created: string;
  /** When it was revoked; null: it was not. The entry stays, so that logs can be read. */
  readonly revoked: string | null;
  /** The secret before the last rotation, while it is still taken. */
  readonly former: { readonly sha256: string; readonly until: string } | null;
}

export type KeyBook = readonly KeyEntry[];

/** Whether a key with these scopes may be used for this: `admin` includes what only reads, `metrics` and `watch`. */
export function hasScope({ scopes }: Pick<KeyTerms, 'scopes'>, scope: KeyScope): boolean {
  return scopes.includes(scope) || ((scope === 'metrics' || scope === 'watch') && scopes.includes('admin'));
}

export type KeyState = 'valid' | 'expired' | 'revoked';

/** @param nowMs ms since 1970 */
export function keyState({ revoked, expires }: KeyEntry, nowMs: number): KeyState {
  if (revoked !== null) return 'revoked';
  return expires !== null && Date.parse(expires) <= nowMs ? 'expired' : 'valid';
}

/** Whether this is a digest that the key is taken with. */
export function takesDigest(entry: KeyEntry, sha256: string, nowMs: number): boolean {
  if (keyState(entry, nowMs) !== 'valid') return false;
  return entry.sha256 === sha256 || (hasGrace(entry, nowMs) && entry.former?.sha256 === sha256);
}

/** Whether the secret before the last rotation is still taken. */
export function hasGrace({ former }: KeyEntry, nowMs: number): boolean {
  return former !== null && nowMs < Date.parse(former.until);
}

/** @throws OutriderError `bad-argument` for a name that is taken or can't be one, or for an expiry that is over */
export function addKey(book: KeyBook, entry: KeyEntry): KeyBook {
  const { name, id, expires, created } = entry;
  if (!isName(name)) throw badArgument(`"${shown(name)}" can't be the name of a key`, nameRule);
  if (book.some((one) => one.revoked === null && one.name === name)) {
    throw badArgument(`there is a key called "${name}"`, 'choose another name, or revoke that key first');
  }
  if (book.some((one) => one.id === id)) throw badArgument(`there is a key with the id ${id}`, 'run the command again');
  if (expires !== null && Date.parse(expires) <= Date.parse(created)) {
    throw badArgument('the key would have expired already', 'give a later --expires');
  }
  return [...book, entry];
}

/** @throws OutriderError `bad-argument` if there is no such key */
export function revokeKey(book: KeyBook, idOrName: string, now: string): KeyBook {
  const entry = findKey(book, idOrName);
  if (entry.revoked !== null)
    throw badArgument(`the key ${entry.id} was revoked on ${entry.revoked}`, 'nothing is to do');
  return replaced(book, { ...entry, revoked: now, former: null });
}

/** A new secret for the key. @param graceMs how long the present one is still taken @throws OutriderError `bad-argument` */
export function rotateKey(book: KeyBook, idOrName: string, sha256: string, nowMs: number, graceMs: number): KeyBook {
  const entry = findKey(book, idOrName);
  const state = keyState(entry, nowMs);
  if (state !== 'valid') throw badArgument(`the key ${entry.id} is ${state}`, 'make another with "outrider keys add"');
  const former = graceMs === 0 ? null : { sha256: entry.sha256, until: new Date(nowMs + graceMs).toISOString() };
  return replaced(book, { ...entry, sha256, former });
}

/** By its id, or by its name among those that are not revoked. @throws OutriderError `bad-argument` if there is none */
export function findKey(book: KeyBook, idOrName: string): KeyEntry {
  const byName = book.find(({ name, revoked }) => revoked === null && name === idOrName);
  const entry = book.find(({ id }) => id === idOrName) ?? byName ?? book.find(({ name }) => name === idOrName);
  if (entry !== undefined) return entry;
  throw badArgument(`there is no key "${shown(idOrName)}"`, 'outrider keys list shows ids and names');
}

function replaced(book: KeyBook, entry: KeyEntry): KeyBook {
  return book.map((one) => (one.id === entry.id ? entry : one));
}

const nameRule = "take 1 to 64 letters, digits, spaces and . _ @ + ' -, with a letter or digit first";

/** Whether a text can be a name: nothing in it can disturb a log, a table or a terminal. */
export function isName(text: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._@+'-]{0,63}$/u.test(text) && text.trim() === text;
}

/** A whole key may have been typed in place of an id or a name. */
function shown(text: string): string {
  return /^ok_/.test(text) ? 'ok_...' : text.slice(0, 80);
}
